"""Forwards requests to the webmail, and its answers back: connections, heads, bodies, and rewriting."""
