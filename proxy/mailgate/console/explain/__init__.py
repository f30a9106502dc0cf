"""Decisions with what led to them: recorded requests, and described ones."""
