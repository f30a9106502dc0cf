"""Finds out the person and the device of a request, and asks the policy for a decision."""
