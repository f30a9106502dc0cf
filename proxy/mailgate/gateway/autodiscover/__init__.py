"""Autodiscover: how an answer of it is recognised, and how refused clients are still told the way to the mail."""
