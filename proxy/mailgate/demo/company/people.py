"""The people of the company: login names made of plain words, and the office in which each works."""

from collections.abc import Iterable, Iterator
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
_DEPARTMENTS = {"sales": 30, "engineering": 25, "support": 20, "finance": 12, "people": 8, "legal": 5}
"""The percentage of people in each department. The shares below are percentages too."""
_OFFICES = {0: 30, 1: 40, -5: 20, 8: 10}
"""Hours that a working day is ahead of UTC."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a mailbox."""

    login: str
    ahead: int
    """How many hours their office is ahead of UTC."""
    department: str = ""


def people(random: Random, count: int) -> list[Person]:
    """This many people with different login names."""
    offices = random.choices(list(_OFFICES), list(_OFFICES.values()), k=count)
    departments = random.choices(list(_DEPARTMENTS), list(_DEPARTMENTS.values()), k=count)
    logins = _logins(random, count)
    return [Person(*each) for each in zip(logins, offices, departments, strict=True)]


def members(staff: Iterable[Person]) -> dict[str, list[str]]:
    """The login names in each department."""
    found: dict[str, list[str]] = {}
    for person in staff:
        found.setdefault(person.department, []).append(person.login)
    return found


def _logins(random: Random, count: int) -> Iterator[str]:
    """Each pair of words once, then the same with numbers."""
    pairs = [f"{colour}.{thing}" for colour in _COLOURS for thing in _THINGS]
    random.shuffle(pairs)
    for number in range(count):
        turn, place = divmod(number, len(pairs))
        yield f"{pairs[place]}{turn + 1 if turn else ''}@example.com"
