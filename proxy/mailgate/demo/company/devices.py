"""The devices of the company: their owners, their sources, and what is wrong with each. Shares are percentages."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from random import Random
from typing import TypeVar

from mailgate.demo.company.makes import LAPTOPS, ODD, PHONES, TABLETS, Make
from mailgate.model import Kind

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
class Employee:
    """A person with a mailbox."""

    login: str
    ahead: int
    """How many hours their office is ahead of UTC."""
    department: str = ""


def people(random: Random, count: int) -> list[Employee]:
    """This many people with different login names."""
    offices = random.choices(list(_OFFICES), list(_OFFICES.values()), k=count)
    departments = random.choices(list(_DEPARTMENTS), list(_DEPARTMENTS.values()), k=count)
    logins = _logins(random, count)
    return [Employee(*each) for each in zip(logins, offices, departments, strict=True)]


def members(staff: Iterable[Employee]) -> dict[str, list[str]]:
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


INTUNE, JAMF, FLEET = "intune", "jamf", "fleet"
"""Connectors to device managements."""


class DeviceProblem(Enum):
    """What is wrong with a device."""

    NOTHING = "it reports, and is clean"
    INSTALLED = "an app that is not allowed is on it"
    REMOVED = "such an app was on it until lately"
    PARTIAL = "only its managed apps can be seen"
    STALE = "it was silent for days"
    MISSING = "nobody has looked at its apps"
    LOST = "it is not in its owner's hands"
    GONE = "its management has it no longer"
    OWNER = "its sources do not agree on whose it is"
    SYSTEM = "its sources do not agree on what runs on it"


_OF_LAPTOPS = {DeviceProblem.NOTHING: 940, DeviceProblem.STALE: 55, DeviceProblem.LOST: 5}
_OF_HANDHELDS = {
    DeviceProblem.NOTHING: 848, DeviceProblem.INSTALLED: 32, DeviceProblem.REMOVED: 25, DeviceProblem.PARTIAL: 30, DeviceProblem.STALE: 28,
    DeviceProblem.MISSING: 17, DeviceProblem.LOST: 4, DeviceProblem.GONE: 8, DeviceProblem.OWNER: 4, DeviceProblem.SYSTEM: 4,
}  # fmt: skip
_CONTRADICTED = (DeviceProblem.OWNER, DeviceProblem.SYSTEM)
_ALLOWED_APPS = ("capcut", "wechat", "deepseek", "camscanner")
"""Listed apps that are on no list of the rules in force."""

_HAS_ANOTHER_APP = 0.08

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class CompanyDevice:
    """One device of one person."""

    number: int
    person: Employee
    make: Make
    version: str
    source: str
    """The source that reports it: a connector, or ``enrolled`` if it enrolled itself; empty if none does."""
    proves: bool
    """Whether it asks with signed evidence."""
    problem: DeviceProblem
    joined: datetime
    """When it was first reported."""
    looked: datetime
    """When a source last looked at its apps."""
    apps: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    """The listed apps on the device until ``changed``."""
    changed: datetime | None = None
    """When ``apps`` changed, or the device was lost or removed; None if nothing changed."""

    def apps_at(self, at: datetime) -> frozenset[str]:
        return self.before if self.changed and at < self.changed else self.apps


def devices(random: Random, staff: list[Employee], now: datetime) -> list[CompanyDevice]:
    """The devices of all these people: a laptop each, a phone for most, more for some."""
    found: list[CompanyDevice] = []
    for person in staff:
        for make in _makes(random):
            found.append(_owned(random, len(found), person, make, now))
    return found


def drawn(random: Random, shares: Mapping[Thing, int]) -> Thing:
    """Draw one of these by their shares."""
    return random.choices(list(shares), list(shares.values()))[0]


def _makes(random: Random) -> Iterator[Make]:
    yield drawn(random, LAPTOPS)
    for share, kinds in ((88, PHONES), (14, TABLETS), (6, PHONES), (2, ODD)):
        if random.random() * 100 < share:
            yield drawn(random, kinds)


def _owned(random: Random, number: int, person: Employee, make: Make, now: datetime) -> CompanyDevice:
    source = drawn(random, _sources(make))
    problem = drawn(random, _OF_LAPTOPS if make.kind is Kind.LAPTOP else _OF_HANDHELDS)
    if problem in (DeviceProblem.PARTIAL, *_CONTRADICTED):  # only reports of a device management show this
        source = source or INTUNE
    if not source:
        problem = DeviceProblem.NOTHING
    proves = source == "enrolled" or problem in _CONTRADICTED or (bool(source) and random.random() < 0.25)
    silent = problem is DeviceProblem.STALE
    looked = now - (
        timedelta(days=random.uniform(1.5, 9)) if silent else timedelta(hours=random.uniform(0.1, 18))
    )
    few = frozenset({random.choice(_ALLOWED_APPS)} if random.random() < _HAS_ANOTHER_APP else ())
    before, apps = _apps(random, problem, few)
    changed = now - timedelta(days=random.uniform(1, 11)) if _changes(random, problem) else None
    versions = make.versions
    version = versions[min(int(random.expovariate(1.2)), len(versions) - 1)]
    joined = (now - timedelta(days=random.randrange(16, 60))).replace(hour=9, minute=0)
    return CompanyDevice(
        number, person, make, version, source, proves, problem, joined, looked, apps, before, changed
    )


def _sources(make: Make) -> Mapping[str, int]:
    """The sources that may know a device of this make."""
    if make.kind is Kind.LAPTOP:
        return {"enrolled": 55, FLEET: 35, "": 10}
    if make in PHONES or make in TABLETS:
        apple = make.os in ("ios", "ipados")
        return {JAMF: 60, INTUNE: 34, "": 6} if apple else {INTUNE: 92, "": 8}
    return {"": 1}


def _apps(
    random: Random, problem: DeviceProblem, few: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The listed apps before and after the change."""
    listed = few | {random.choice(("tiktok", "tiktok", "tiktok", "tiktok-lite"))}
    if problem is DeviceProblem.INSTALLED:
        return few, listed
    return (listed if problem is DeviceProblem.REMOVED else few), few


def _changes(random: Random, problem: DeviceProblem) -> bool:
    return problem in (DeviceProblem.REMOVED, DeviceProblem.LOST, DeviceProblem.GONE) or (
        problem is DeviceProblem.INSTALLED and random.random() < 0.5
    )
