"""Autodiscover: how its answers are recognised, and how refused clients still get the way to the mail."""
