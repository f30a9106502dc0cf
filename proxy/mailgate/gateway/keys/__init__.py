"""Keys: the keys of the issuers that are believed, how they are fetched, and the gate's own keys."""
