"""Requests as bytes. Pure."""

from collections.abc import Mapping

HOST = "mail.example.com"
ROUND = 100_000_000
"""The range of numbers of a round: no round repeats what another has sent."""


def lines(fields: Mapping[str, str]) -> bytes:
    """Field lines, each with its end."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
