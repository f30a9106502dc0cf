"""The people of the company: login names made of plain words, and the office whose working day is theirs."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_COLOURS = (
    "amber azure beige black blue bronze brown coral cream cyan golden green grey indigo ivory lilac lime "
    "mint ochre olive orange pearl pink plum purple red rust sand silver teal violet white yellow"
).split()
_THINGS = (
    "anchor apple arrow basket bell bench book bottle bridge brush button candle carpet chair clock cloud "
    "coat cup desk door drum feather field flag flower fork garden glove guitar hammer harbour hill kettle "
    "key lake lamp leaf letter map mirror moon mountain needle paper pencil piano pillow plate river road "
    "roof rope shelf ship shoe spoon stone table tower tree umbrella valley wheel window"
).split()
_OFFICES = ((0, 30), (1, 40), (-5, 20), (8, 10))
"""Hours that a working day is ahead of UTC, and how many of a hundred people work there."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a mailbox."""

    login: str
    ahead: int
    """Hours by which their office is ahead of UTC."""


def people(random: Random, count: int) -> list[Person]:
    """So many people with different login names."""
    hours, shares = zip(*_OFFICES, strict=True)
    offices = random.choices(hours, shares, k=count)
    return [Person(name, ahead) for name, ahead in zip(_logins(random, count), offices, strict=True)]


def _logins(random: Random, count: int) -> Iterator[str]:
    """Each pair of words once; then the same with numbers behind."""
    pairs = [f"{colour}.{thing}" for colour in _COLOURS for thing in _THINGS]
    random.shuffle(pairs)
    for number in range(count):
        turn, place = divmod(number, len(pairs))
        yield f"{pairs[place]}{turn + 1 if turn else ''}@example.com"
