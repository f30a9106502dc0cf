"""The blast radius: the people and devices that a candidate moves from one effect to another."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import or_
from typing import NamedTuple

from mailgate.policy.rules import Policy
from mailgate.policy.simulate.judge import (
    UNKNOWN,
    Cache,
    Comparison,
    ComparisonResult,
    Keys,
    Occasion,
    OccasionOutcome,
)
from mailgate.policy.simulate.later import InFull, LaterComparison, TimedResult, WorstMoment, runs_out

Cell = tuple[str, ...]


class PeopleCount:
    """Counts distinct names in any number of cells, with one bit for each name and cell."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._cells: dict[Cell, bytearray] = {}

    def add(self, name: str, cells: Iterable[Cell]) -> None:
        place = self._places.setdefault(name, len(self._places))
        for cell in cells:
            bits = self._cells.setdefault(cell, bytearray())
            if place >> 3 >= len(bits):
                bits.extend(bytes((place >> 3) + 1 - len(bits)))
            bits[place >> 3] |= 1 << (place & 7)

    def __len__(self) -> int:
        return len(self._places)

    def count(self, *cells: Cell) -> int:
        """How many names are in one of the cells or more."""
        found = (int.from_bytes(self._cells.get(cell, b""), "little") for cell in cells)
        return reduce(or_, found, 0).bit_count()

    def count_once(self, cell: Cell, name_of: Callable[[str], str]) -> int:
        """How many names are in a cell, if those of the same ``name_of`` are one."""
        own, others = 0, set[str]()
        for name in self._places:
            if self._has(name, cell):
                one = name_of(name)
                own += one == name
                others |= {one} - {name}
        return own + sum(not self._has(one, cell) for one in others)

    def _has(self, name: str, cell: Cell) -> bool:
        place, bits = self._places.get(name), self._cells.get(cell, b"")
        return place is not None and place >> 3 < len(bits) and bool(bits[place >> 3] >> (place & 7) & 1)

    def merge(self, other: "PeopleCount") -> None:
        places = [self._places.setdefault(name, len(self._places)) for name in other._places]
        for cell, bits in other._cells.items():
            mine = self._cells.setdefault(cell, bytearray())
            mine.extend(bytes(max(0, (len(self._places) >> 3) + 1 - len(mine))))
            for place in _set_in(bits):
                mine[places[place] >> 3] |= 1 << (places[place] & 7)


def _set_in(bits: bytearray) -> Iterator[int]:
    for number, byte in enumerate(bits):
        if byte:
            yield from ((number << 3) + bit for bit in range(8) if byte >> bit & 1)


class Mover(NamedTuple):
    """One way in which a device, or a client without one, moves. Moments are numbers: 0 is now, the next ones are those at
    which the rules change, then one that cannot be predicted, and last none: a share or a stage holds the move back."""

    person: str
    """The login name in one spelling; empty if unknown."""
    device: str
    kind: str
    system: str
    groups: tuple[str, ...]
    state: str
    apps: tuple[str, ...]
    label: str
    """The new effect, or unknown."""
    before: str
    before_rule: str
    effect: str
    rule: str
    reason: str
    since: int
    """The first moment of this move."""
    until: int
    """The last moment of this move."""


Moved = tuple[int, str, ComparisonResult]
"""A moment, the label, and the outcomes of both policies."""


def movers(device: str, occasion: Occasion, moved: Iterable[Moved]) -> Iterator[Mover]:
    """The moves of one occasion, in the order of their moments. Equal moves at moments in a row are one."""
    access = occasion.after
    who = (
        occasion.person,
        device,
        access.client.kind.value,
        access.client.os or access.posture.os,
        access.user.groups,
        access.posture.state.value,
        access.posture.apps,
    )
    for sides, same in groupby(_numbered_by_run(moved), key=lambda each: each[1:]):
        at = [moment for moment, *_ in same]
        _, *told = sides
        yield Mover._make((*who, *told, at[0], at[-1]))


def _numbered_by_run(moved: Iterable[Moved]) -> Iterator[tuple[int, int, str, str, str, str, str, str]]:
    """Each move as its moment, a number that equal moves at consecutive moments share, and what it is."""
    for place, (moment, label, compared) in enumerate(moved):
        old, new = compared.before, compared.after
        yield moment, moment - place, label, old.effect, old.rule, new.effect, new.rule, new.reason.value


TOUCHED = "touched"
"""The cell of everybody whose effect changes, or may change."""

LATER = "later"
"""The first part of the cells of those who move at a later moment."""

AT_ONCE = "at once"
"""Stands for the moment at which the candidate begins."""

UNDATED = "undated"
"""The cell of those who may newly be kept out at a moment that cannot be predicted."""

HELD_BACK = "held back"
"""Stands for the moment of those who would move if no share and no stage held a rule back, and not otherwise."""

OUT = "out"
"""The cell of all who are, or may be, newly kept out, now or at any later moment."""

NOBODYS = "out, of nobody"
"""The same for known devices that nobody known has used: no person stands for them."""

KNOWN = "known"
"""The cell of the people and devices that are known by more than their own word."""

_NO_CELLS, _VOUCHED = frozenset[Cell](), frozenset[Cell]({(KNOWN,)})
WHOLE = "whole"
"""The first part of the cells of everybody of one kind or group, whether they move or not."""

DIMENSIONS = ("rule", "kind", "system", "group")
"""What movers are counted by: the rule, the kind, the system and the groups."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One device, or one client without a known device, with all its occasions."""

    id: str
    known: bool
    occasions: tuple[Occasion, ...]
    vouched: bool = False
    """Whether more than the device's own word says that it exists."""


@dataclass
class ImpactTally:
    """The sum of all changes. A device or person counts once in each cell, however often it came.

    Cells are: a ``Move``; ``TOUCHED``; the label of a move, alone and with each dimension and value; ``LATER`` with a
    moment or ``HELD_BACK``, and the label of a move then, alone and with each dimension and value; ``LATER`` with a moment, ``AT_ONCE`` or
    ``HELD_BACK``, and ``OUT`` or ``NOBODYS``; ``UNDATED``; ``OUT``; ``NOBODYS``; ``KNOWN``. A label is the new effect, or ``UNKNOWN`` if it is unknown whether anything changes. The cells of ``WHOLE`` count everybody by kind
    and group.
    """

    devices: int = 0
    """Known devices."""
    clients: int = 0
    """Clients without a known device."""
    occasions: int = 0
    people: PeopleCount = field(default_factory=PeopleCount)
    subjects: Counter[Cell] = field(default_factory=Counter)
    """Devices and clients in each cell."""
    matched: Counter[str] = field(default_factory=Counter)
    """The number of occasions on which each rule of the candidate matches, or may match."""
    unrecorded: Counter[str] = field(default_factory=Counter)
    """The number of occasions on which a change depends on each variable that was not recorded."""
    movers: list[Mover] = field(default_factory=list)
    """The movers of the part that was counted last: they are not merged."""

    def merge(self, other: "ImpactTally") -> None:
        """Add the counts of other devices and clients."""
        self.devices += other.devices
        self.clients += other.clients
        self.occasions += other.occasions
        self.people.merge(other.people)
        self.subjects.update(other.subjects)
        self.matched.update(other.matched)
        self.unrecorded.update(other.unrecorded)


@dataclass(frozen=True, slots=True)
class _Judged:
    """What comes of every occasion that nothing tells apart from another."""

    cells: frozenset[Cell]
    known: frozenset[Cell]
    """The cells of a person who is known by more than their own word."""
    nobodys: frozenset[Cell]
    """The cells of a known device, if nobody known has used it so."""
    matched: tuple[str, ...]
    unrecorded: tuple[str, ...]
    moved: tuple[Sequence[Moved], ...]


class Impact:
    """Decides everybody by the active policy and by the candidate, now and at ``moments``, and counts in ``tally``."""

    def __init__(
        self,
        active: Policy,
        candidate: Policy,
        moments: Sequence[datetime] = (),
        whole: InFull | None = None,
        *,
        by_name: bool = False,
    ) -> None:
        """``whole``: both policies with every rule in full. ``by_name``: whether all movers are listed too."""
        self._tally = ImpactTally()
        self._alike, self._judged = Counter[frozenset[Cell]](), Cache[Hashable, _Judged]()
        self._by_name = by_name
        self._places = {moment: place for place, moment in enumerate(moments, 1)}
        self._comparison = Comparison(active, candidate)
        self._ahead = LaterComparison(active, candidate, moments)
        self._worst = WorstMoment(active, candidate)
        self._whole = Comparison(whole.active, whole.candidate) if whole else None
        self._held = frozenset(whole.rules if whole else ())

    def add(self, subject: Subject) -> None:
        """Count one device or client. Each must come once, with all its occasions."""
        tally = self._tally
        tally.devices += subject.known
        tally.clients += not subject.known
        cells, listed = _VOUCHED if subject.vouched else _NO_CELLS, list[Mover]()
        for occasion in subject.occasions:
            judged = self._judge(occasion)
            cells |= judged.cells if occasion.person or not subject.known else judged.nobodys
            tally.occasions += 1
            tally.matched.update(judged.matched)
            if judged.unrecorded:
                tally.unrecorded.update(judged.unrecorded)
            for moved in judged.moved:
                listed += movers(subject.id, occasion, moved)
            if occasion.person:
                tally.people.add(occasion.person, judged.known if occasion.known else judged.cells)
        self._alike[cells] += 1
        if listed:
            tally.movers += dict.fromkeys(listed)  # several clients of one device may move in the same way

    @property
    def tally(self) -> ImpactTally:
        for cells, count in self._alike.items():
            self._tally.subjects.update(dict.fromkeys(cells, count))
        self._alike.clear()
        return self._tally

    def taken(self) -> ImpactTally:
        """What was counted since the last time. What was decided is kept for those who come next."""
        found, self._tally = self.tally, ImpactTally()
        return found

    def _judge(self, occasion: Occasion) -> "_Judged":
        keys = self._comparison.keys(occasion)
        one = keys[:1] if keys[0] is keys[1] else keys
        key = (one, runs_out(occasion), self._worst.rest(occasion), _who(occasion))
        return self._judged.get(key) or self._judged.keep(key, self._judged_anew(occasion, keys))

    def _judged_anew(self, occasion: Occasion, keys: Keys) -> "_Judged":
        compared = self._comparison.of(occasion, keys)
        before, after, move = compared.before, compared.after, compared.move
        cells = set[Cell]({move or (before.effect, after.effect), *_whole(occasion)})
        if compared.label:
            cells |= _cells(compared, occasion)
        unrecorded = {*before.unrecorded, *after.unrecorded} if move is None else ()
        turns = self._ahead.moved(occasion, keys)
        for moment, then in turns:
            cells |= _cells_later(moment, then, occasion)
        out = compared.keeps_out or any(each.keeps_out for _, each in turns)
        undated = not out and self._worst.keeps_out(occasion, keys)
        if undated:
            cells.add((UNDATED,))
        if out or undated:
            cells.add((OUT,))
        moved = [[*self._moved(compared, turns, undated=undated)]]
        whole = self._whole.of(occasion, self._whole.keys(occasion)) if self._whole else None
        if whole and whole.label and whole.label not in {compared.label, *(each.label for _, each in turns)}:
            cells |= _cells_later(HELD_BACK, whole, occasion)
            moved.append([(len(self._places) + 2, whole.label, whole)])
        held = self._held.intersection(whole.after.matched) if whole else ()
        listed = tuple(each for each in moved if each) if self._by_name else ()
        matched, found = (*after.matched, *held), frozenset(cells)
        nobodys = found.union((*cell[:-1], NOBODYS) for cell in found if cell == (OUT,) or _is_out_then(cell))
        return _Judged(found, found | _VOUCHED, nobodys, matched, tuple(unrecorded), listed)

    def _moved(
        self, now: ComparisonResult, turns: Sequence[TimedResult], *, undated: bool
    ) -> Iterator[Moved]:
        if now.label:
            yield 0, now.label, now
        for moment, compared in turns:
            yield self._places[moment], compared.label, compared
        if undated:
            yield len(self._places) + 1, UNKNOWN, now


def later_cell(moment: datetime | str, label: str) -> Cell:
    """The cell of those who move at a later moment, or at what stands for one."""
    return (LATER, moment.isoformat() if isinstance(moment, datetime) else moment, label)


def _who(occasion: Occasion) -> Hashable:
    """What cells name of an occasion."""
    access = occasion.after
    return access.client.kind, access.client.os or access.posture.os, access.user.groups


def _cells_later(moment: datetime | str, compared: ComparisonResult, occasion: Occasion) -> set[Cell]:
    cell, named = later_cell(moment, compared.label), _named(compared.after, occasion)
    return {cell, *((*cell, *each) for each in named), *_out(moment, compared)}


def _cells(compared: ComparisonResult, occasion: Occasion) -> set[Cell]:
    cell, named = (compared.label,), _named(compared.after, occasion)
    return {(TOUCHED,), cell, *((*cell, *each) for each in named), *_out(AT_ONCE, compared)}


def _out(moment: datetime | str, compared: ComparisonResult) -> list[Cell]:
    return [later_cell(moment, OUT)] if compared.keeps_out else []


def _is_out_then(cell: Cell) -> bool:
    return len(cell) == 3 and cell[0] == LATER and cell[-1] == OUT


def _named(after: OccasionOutcome, occasion: Occasion) -> list[Cell]:
    access = occasion.after
    system = access.client.os or access.posture.os or UNKNOWN
    found = [("rule", after.rule), ("kind", access.client.kind.value), ("system", system)]
    return [*found, *(("group", group) for group in access.user.groups)]


def _whole(occasion: Occasion) -> list[Cell]:
    access = occasion.after
    return [
        (WHOLE, "kind", access.client.kind.value),
        *((WHOLE, "group", group) for group in access.user.groups),
    ]
