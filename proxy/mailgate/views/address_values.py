"""How the values of an address are read: what cannot be meant is a mistake that says what is expected, and is never passed over."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from mailgate.model import Effect, Reason
from mailgate.policy.spelling import nearest

Reader = Callable[[str], str]
"""Reads one value, without white space around it. Raises MisreadError."""
EFFECTS = tuple(each.value for each in Effect)
REASONS = tuple(each.value for each in Reason)
LONGEST = 255
"""Characters of a value."""
_SHOWN = 12
"""Of how many words an answer says which can be meant."""


class MisreadError(ValueError):
    """A value that cannot be meant. Its text says what is expected."""


class Mistake(NamedTuple):
    """What cannot be meant in an address."""

    name: str
    value: str
    words: str


def read_address(
    values: Iterable[tuple[str, str]], readers: Mapping[str, Reader]
) -> tuple[dict[str, str], list[Mistake]]:
    """What an address says, and what of it cannot be meant. An empty value says nothing, as an untouched field of a form sends it."""
    said, mistakes = dict[str, str](), list[Mistake]()
    for name, value in ((name, text.strip()) for name, text in values):
        try:
            if name not in readers:
                raise MisreadError(_unknown(name, tuple(readers)))
            if name in said:
                raise MisreadError("it stands there more than once; expected it once")
            if value:
                said[name] = readers[name](value)
        except MisreadError as error:
            mistakes.append(Mistake(name[:LONGEST], value[:LONGEST], str(error)))
    return said, mistakes


def line(most: int = LONGEST) -> Reader:
    """Any words, up to so many characters."""

    def read(text: str) -> str:
        if len(text) > most:
            raise MisreadError(f"it is too long; expected at most {most} characters")
        return text

    return read


def one_of(words: tuple[str, ...]) -> Reader:
    """One of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise MisreadError(f"it is not known here; {expected(text, words)}")
        return text

    return read


def whole(most: int) -> Reader:
    """A whole number, up to this."""

    def read(text: str) -> str:
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
            raise MisreadError(f"expected a whole number of at most {most}")
        return text

    return read


def expected(text: str, words: tuple[str, ...]) -> str:
    """What can be meant in the place of this."""
    near = nearest(text, words)
    more = f", … ({len(words):,} in all)" if len(words) > _SHOWN else ""
    options = (
        f"expected one of {', '.join(words[:_SHOWN])}{more}"
        if words
        else "nothing is defined that could stand here"
    )
    return f"did you mean {near}? {options[0].upper()}{options[1:]}" if near else options


def _unknown(name: str, names: tuple[str, ...]) -> str:
    return f"there is no such parameter; {expected(name, names) if names else 'this address takes none'}"
