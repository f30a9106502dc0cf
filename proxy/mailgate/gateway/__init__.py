"""The policy enforcement point: takes a request, asks for a decision, forwards or refuses."""
