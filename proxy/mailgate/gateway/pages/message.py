"""Texts that exist in every language, written down in English where they are used."""

from typing import NamedTuple


class Message(NamedTuple):
    """A translatable text, with a ``plural`` if its wording depends on a number."""

    singular: str
    plural: str = ""


class Wording(NamedTuple):
    """The texts of one reason. ``detail`` may contain ``%(apps)s`` or ``%(rule)s``; ``bare`` is used if there is
    none."""

    title: Message
    detail: Message
    bare: Message | None = None


def mark(text: str) -> Message:
    """Mark a text for the catalogs: the extractor looks for calls of this name."""
    return Message(text)


def mark_plural(singular: str, plural: str) -> Message:
    """Mark a text that depends on a number."""
    return Message(singular, plural)
