"""Devices: what is known of each, whether it gets mail, and what an admin does with it."""
