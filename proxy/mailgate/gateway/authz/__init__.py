"""Forward auth: another proxy carries the mail and asks this gate about each request (docs/forward-auth.md)."""
