"""The policy enforcement point: everything between a caller's request and its answer."""
