"""Drafts of other rules."""
