"""To the webmail and back: connections, heads, bodies, and what is rewritten in them."""
