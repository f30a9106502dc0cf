"""Tokens and codes by which devices enrol."""
