"""Browsers with the companion extension: which report, sleep or are missing, and who asks for mail without it."""
