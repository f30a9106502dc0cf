"""What if a rule prohibited an app: who has it, where, and whom the rule would meet, step by step."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from mailgate.config import Bundle
from mailgate.console.devices.mail_status import OUT, MailAccess
from mailgate.model import Kind
from mailgate.model.fact import Fact, Instant
from mailgate.policy.edits import ProhibitEdit
from mailgate.policy.people import Groups, in_groups
from mailgate.policy.stages import place_in_shares, reaches
from mailgate.policy.written import share_of
from mailgate.store import Store
from mailgate.store.device_rows import DeviceRow
from mailgate.tasks import compute

MOST = 3_000
"""How many devices with an app are looked at. A plan counts all."""
NAMED = 50
"""How many people are listed by name."""
SHARES = ("10%", "25%", "50%", "100%")
WITHOUT_MAIL = {*(each.value for each in OUT), MailAccess.LOST.value}
_MEANT = {
    "handhelds": (Kind.PHONE, Kind.TABLET, Kind.MAIL_APP),
    "phones": (Kind.PHONE, Kind.MAIL_APP),
    "tablets": (Kind.TABLET, Kind.MAIL_APP),
}

StepName = Literal["have", "where", "mail", "groups", "share"]


class FunnelStep(Fact):
    """One step from everybody who has the app to those whom the rule would meet."""

    name: StepName
    people: int
    """The people who are left."""
    others: list[str]
    """Those who were left by the step before, and are not by this one."""


class GroupChoice(Fact):
    """A group to choose."""

    name: str
    people: int
    """Its members who have the app where the rule would meet them, and get mail today."""
    members: int
    chosen: bool


class PersonMet(Fact):
    """Somebody whom the rule would meet."""

    person: str
    groups: list[str]
    kind: str
    os: str
    os_version: str
    seen_at: Instant
    """When a source last saw the apps of the device."""
    laptop_at: Instant | None
    """When they last asked for mail on a laptop; null if that is not on record."""
    sure: bool
    """Whether it is known that the rule is about them."""


class WhatIf(Fact):
    """Whom a rule about an app would meet by what is known now."""

    devices: int
    """How many devices have the app."""
    steps: list[FunnelStep]
    unknown: list[str]
    """People of whom it is not known whether the rule is about them: by a device of an unknown kind, or a name whose groups or share
    nobody can tell."""
    nameless: int
    """Devices that the rule would or might meet, and of which nobody knows whose they are."""
    groups: list[GroupChoice]
    shares: dict[str, int]
    """The people whom the rule would meet, by share."""
    affected: list[PersonMet]
    """The first of them by name, and of those who are not known."""
    on_laptop: int
    """How many of those whom it would meet have asked for mail on a laptop."""
    whole: bool
    """Whether every device with the app was looked at."""

    @property
    def people(self) -> int:
        """How many people would surely be met."""
        return self.steps[-1].people


async def what_if(store: Store, bundle: Bundle, edit: ProhibitEdit) -> WhatIf:
    """Whom this rule would meet. Raises StoreUnavailableError."""
    rows = await store.rows.with_app(edit.app, MOST + 1)
    found = await compute(_Asked, rows[:MOST], bundle.groups, edit)
    laptops = await store.fleet.last_seen(sorted(found.surely | found.maybe))
    return found.met(laptops, whole=len(rows) <= MOST)


class _Asked:
    """The people who have the app, by what is known of their devices and of them."""

    def __init__(self, rows: Sequence[DeviceRow], groups: Groups, edit: ProhibitEdit) -> None:
        self._rows, self._groups, self._edit = rows, groups, edit
        kinds = {kind.value for kind in _MEANT[edit.where]}
        fits = [row for row in rows if row.kind in kinds or row.kind == Kind.UNKNOWN.value]
        opened = [row for row in fits if row.mail not in WITHOUT_MAIL]
        self._everybody = _people(rows)
        self._where = _people(row for row in fits if row.kind in kinds)
        self._open = _people(row for row in opened if row.kind in kinds)
        odd = (_people(opened) - self._open) if fits else set[str]()
        self._users = {person: groups.user(person) for person in self._open | odd}
        told = {person: in_groups(edit.groups, user) for person, user in self._users.items()}
        self._in_groups = {person for person in self._open if told[person]}
        self._unsure = {person for person in self._open if told[person] is None} | {
            person for person in odd if told[person] is not False
        }
        self._places = {each: place_in_shares(edit.rule, each) for each in self._in_groups | self._unsure}
        self.surely, self.maybe = self._in(edit.share, self._in_groups)
        self.maybe |= set[str]().union(*self._in(edit.share, self._unsure))
        self._device_of = {row.person: row for row in opened}
        self._nameless = sum(not row.person for row in opened)

    def _in(self, share: str, people: Iterable[str]) -> tuple[set[str], set[str]]:
        """Those of these people who are in a share, and those of whom it cannot be told."""
        part = share_of(share)
        found = {person: reaches(part, self._places[person]) for person in people}
        return {each for each in found if found[each]}, {each for each in found if found[each] is None}

    def met(self, laptops: Mapping[str, datetime], *, whole: bool) -> WhatIf:
        shown = [*sorted(self.surely), *sorted(self.maybe)][:NAMED]
        return WhatIf(
            devices=len(self._rows),
            steps=list(self._steps()),
            unknown=sorted(self.maybe),
            nameless=self._nameless,
            groups=self._choices(),
            shares={each: len(self._in(each, self._in_groups)[0]) for each in SHARES},
            affected=[self._person(each, laptops) for each in shown],
            on_laptop=len(self.surely & laptops.keys()),
            whole=whole,
        )

    def _steps(self) -> Iterable[FunnelStep]:
        before = self._everybody
        by_name: dict[StepName, set[str]] = {
            "have": self._everybody,
            "where": self._where,
            "mail": self._open,
            "groups": self._in_groups,
            "share": self.surely,
        }
        for name, people in by_name.items():
            others = before - people - self.maybe
            if others or name not in ("mail", "groups") or (name == "groups" and self._edit.groups):
                yield FunnelStep(name=name, people=len(people), others=sorted(others))
            before = people

    def _choices(self) -> list[GroupChoice]:
        counted, sizes = defaultdict[str, int](int), self._groups.sizes
        for person in self._open:
            for group in self._users[person].groups:
                counted[group] += 1
        chosen = set(self._edit.groups)
        named = sorted(sizes, key=lambda name: (-counted[name], name.casefold()))
        return [
            GroupChoice(name=name, people=counted[name], members=sizes[name], chosen=name in chosen)
            for name in named
        ]

    def _person(self, person: str, laptops: Mapping[str, datetime]) -> PersonMet:
        row = self._device_of[person]
        return PersonMet.taken_from(
            row,
            groups=list(self._users[person].groups),
            seen_at=row.reported_at,
            laptop_at=laptops.get(person),
            sure=person in self.surely,
        )


def _people(rows: Iterable[DeviceRow]) -> set[str]:
    return {row.person for row in rows if row.person}
