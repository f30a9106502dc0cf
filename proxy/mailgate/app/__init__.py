"""The only wiring: it makes a running gate from the files."""
