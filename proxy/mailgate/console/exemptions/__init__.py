"""Exemptions, and rules that are off for a time."""
