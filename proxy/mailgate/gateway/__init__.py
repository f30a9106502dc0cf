"""The policy enforcement point: it takes a request, asks for a decision, and forwards or refuses the request."""
