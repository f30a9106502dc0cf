"""Keys: whose signatures are believed, where they come from, and the gate's own."""
