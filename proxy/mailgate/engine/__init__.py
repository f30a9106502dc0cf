"""The policy engine: the decision, and a key of all that the decision rests on."""
