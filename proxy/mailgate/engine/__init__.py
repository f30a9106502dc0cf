"""The policy engine: the answer, and the key that says for which other requests it stands."""
