"""Reads the values in the query of an address. A value that is not understood is never ignored: it is a mistake that
says what was expected."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date
from typing import NamedTuple

from mailgate.model import Effect, Reason
from mailgate.model.phrase import capital, joined, nearest, phrase

Reader = Callable[[str], str]
"""Reads one value, without white space around it. Raises MisreadError."""
EFFECTS = tuple(each.value for each in Effect)
REASONS = tuple(each.value for each in Reason)
LONGEST = 255
"""The longest value, in characters."""
MAX_MISTAKES = 32
"""The most mistakes that are told. The rest of such an address is not read."""
_SHOWN = 12
"""How many of the possible words an answer names."""


class MisreadError(ValueError):
    """A value that is not understood. ``words`` say what was expected."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class AddressMistake(NamedTuple):
    """A name or value in an address that is not understood."""

    name: str
    value: str
    words: str


def read_address(
    values: Iterable[tuple[str, str]], readers: Mapping[str, Reader]
) -> tuple[dict[str, str], list[AddressMistake]]:
    """Read the query of an address: its values by name, and its mistakes. Empty values are ignored, since a form sends
    them for untouched fields."""
    said, mistakes = dict[str, str](), list[AddressMistake]()
    for name, value in ((name, text.strip()) for name, text in values):
        try:
            if name not in readers:
                raise MisreadError(_unknown(name, tuple(readers)))
            if "\0" in value:
                raise MisreadError(phrase("it has a character that no text has; leave it out"))
            if name in said:
                raise MisreadError(phrase("it is given more than once; keep one"))
            if value:
                said[name] = readers[name](value)
        except MisreadError as error:
            mistakes.append(AddressMistake(name[:LONGEST], value[:LONGEST], error.words))
            if len(mistakes) == MAX_MISTAKES:
                break
    return said, mistakes


def line(most: int = LONGEST) -> Reader:
    """Read any text of at most ``most`` characters."""

    def read(text: str) -> str:
        if len(text) > most:
            raise MisreadError(phrase("it is too long; use at most %(most)s characters", most=most))
        return text

    return read


def one_of(words: tuple[str, ...]) -> Reader:
    """Read one of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise MisreadError(phrase("it is not known here; %(expected)s", expected=expected(text, words)))
        return text

    return read


def whole(most: int) -> Reader:
    """Read a whole number from 0 to ``most``."""

    def read(text: str) -> str:
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
            raise MisreadError(phrase("use a whole number of at most %(most)s", most=str(most)))
        return text

    return read


def day(text: str) -> str:
    """Read a day."""
    with suppress(ValueError):
        if date.fromisoformat(text).isoformat() == text:
            return text
    raise MisreadError(phrase("it is not a day; use one like 2026-11-30"))


def expected(text: str, words: tuple[str, ...]) -> str:
    """What was expected in place of ``text``, in words."""
    near, options = nearest(text, words), _options(words)
    return (
        phrase("did you mean %(near)s? %(options)s", near=near, options=capital(options)) if near else options
    )


def _options(words: tuple[str, ...]) -> str:
    if not words:
        return phrase("nothing is defined that could be used here")
    shown = joined(words[:_SHOWN])
    if len(words) > _SHOWN:
        return phrase("use one of %(words)s, … (%(number)s in all)", words=shown, number=len(words))
    return phrase("use one of %(words)s", words=shown)


def _unknown(name: str, names: tuple[str, ...]) -> str:
    options = expected(name, names) if names else phrase("this address takes none")
    return phrase("there is no such parameter; %(expected)s", expected=options)
