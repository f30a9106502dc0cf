"""Keys: those of the trusted issuers, how they are fetched, and the gate's own keys."""
