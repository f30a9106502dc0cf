"""Texts that exist in every language, written down in English where they are used."""

from typing import NamedTuple


class Message(NamedTuple):
    """A translatable text; ``plural`` where a number changes its wording."""

    singular: str
    plural: str = ""


def mark(text: str) -> Message:
    """Mark a text for the catalogs: the extractor looks for calls of this name."""
    return Message(text)


def mark_plural(singular: str, plural: str) -> Message:
    """Mark a text that changes with a number."""
    return Message(singular, plural)
