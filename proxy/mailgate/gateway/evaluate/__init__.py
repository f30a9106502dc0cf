"""Who asks, by which device, and what the policy says to that."""
