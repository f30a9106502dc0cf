"""Autodiscover: what is an answer of it, and the way to the mail for those whom the rules refuse."""
