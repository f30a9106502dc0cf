"""Mailgate: a reverse proxy in front of corporate webmail that decides by device."""

__version__ = "0.1.0"
