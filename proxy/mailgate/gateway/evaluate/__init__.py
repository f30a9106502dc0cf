"""Finds out who asks and from which device, and asks the policy for a decision."""
