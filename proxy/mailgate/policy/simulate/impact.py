"""The blast radius: the people and devices that a candidate moves from one effect to another."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.policy.rules import Policy
from mailgate.policy.simulate.compare import Comparison, ComparisonResult, Keys, Occasion
from mailgate.policy.simulate.judge import UNKNOWN, Cache, Outcome
from mailgate.policy.simulate.later import InFull, LaterComparison, TimedResult, WorstMoment
from mailgate.policy.simulate.movers import Cell, Moved, Mover, PeopleCount, distinct_movers, movers

TOUCHED = "touched"
"""The cell of everybody whose effect changes, or may change."""

LATER = "later"
"""The first part of the cells of those who move at a later moment."""

UNDATED = "undated"
"""The cell of those who may newly be kept out at a moment that cannot be predicted."""

HELD_BACK = "held back"
"""Stands for the moment in the cells of those who would move if no share and no stage held a rule back, and do not move
otherwise, now or at a later moment."""

OUT = "out"
"""The cell of all who are, or may be, newly kept out, now or at any later moment."""

KNOWN = "known"
"""The cell of the people and devices that are known by more than their own word."""

WHOLE = "whole"
"""The first part of the cells of everybody of one kind or group, whether they move or not."""

SAMPLES = 5
"""How many samples are kept for each label and rule, all of different people."""

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


@dataclass(frozen=True, slots=True)
class MoverExample:
    """A mover, with the outcomes that move it."""

    subject: Subject
    occasion: Occasion
    before: Outcome
    after: Outcome

    def is_like(self, other: "MoverExample") -> bool:
        """Whether both are of the same person; if no person is known, of the same device."""
        person = self.occasion.person
        return person == other.occasion.person and (person != "" or self.subject.id == other.subject.id)


@dataclass
class ImpactTally:
    """The sum of all changes. A device or person counts once in each cell, however often it came.

    Cells are: a ``Move``; ``TOUCHED``; the label of a move, alone and with each dimension and value; ``LATER`` with a
    moment or ``HELD_BACK``, and the label of a move then, alone and with each dimension and value; ``UNDATED``; ``OUT``; ``KNOWN``. A
    label is the new effect, or ``UNKNOWN`` if it is unknown whether anything changes. The cells of ``WHOLE`` count everybody by kind
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
    samples: dict[tuple[str, str], list[MoverExample]] = field(default_factory=dict)
    """The samples by label and rule."""
    movers: list[Mover] = field(default_factory=list)
    """The movers of the part that was counted last: they are not merged."""

    def keep(self, label: str, sample: MoverExample) -> None:
        """Keep a sample, unless there are enough, or one of the same device or person."""
        kept = self.samples.setdefault((label, sample.after.rule), [])
        if len(kept) < SAMPLES and not any(sample.is_like(each) for each in kept):
            kept.append(sample)

    def merge(self, other: "ImpactTally") -> None:
        """Add the counts of other devices and clients."""
        self.devices += other.devices
        self.clients += other.clients
        self.occasions += other.occasions
        self.people.merge(other.people)
        self.subjects.update(other.subjects)
        self.matched.update(other.matched)
        self.unrecorded.update(other.unrecorded)
        for (label, _), samples in other.samples.items():
            for sample in samples:
                self.keep(label, sample)


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
        self.tally = ImpactTally()
        self._by_name = by_name
        self._places = {moment: place for place, moment in enumerate(moments, 1)}
        self._comparison = Comparison(active, candidate)
        self._ahead = LaterComparison(active, candidate, moments)
        self._worst = WorstMoment(active, candidate)
        self._whole = Comparison(whole.active, whole.candidate) if whole else None
        self._in_full = Cache[Keys, ComparisonResult]()
        self._held = frozenset(whole.rules if whole else ())

    def add(self, subject: Subject) -> None:
        """Count one device or client. Each must come once, with all its occasions."""
        self.tally.devices += subject.known
        self.tally.clients += not subject.known
        cells: set[Cell] = {(KNOWN,)} if subject.vouched else set()
        listed: list[Mover] = []
        for occasion in subject.occasions:
            cells |= self._judge(subject, occasion, listed)
        self.tally.subjects.update(cells)
        self.tally.movers += distinct_movers(listed)

    def _judge(self, subject: Subject, occasion: Occasion, listed: list[Mover]) -> set[Cell]:
        keys = self._comparison.keys(occasion)
        compared = self._comparison.of(occasion, keys)
        before, after, move = compared.before, compared.after, compared.move
        tally, cells = self.tally, set[Cell]({move or (before.effect, after.effect), *_whole(occasion)})
        tally.occasions += 1
        tally.matched.update(after.matched)
        if compared.label:
            cells |= _cells(compared.label, after, occasion)
            tally.keep(compared.label, MoverExample(subject, occasion, before, after))
        if move is None:
            tally.unrecorded.update({*before.unrecorded, *after.unrecorded})
        turns = self._ahead.moved(occasion, keys)
        cells.update(self._later(subject, occasion, turns))
        out = compared.keeps_out or any(each.keeps_out for _, each in turns)
        undated = not out and self._worst.keeps_out(occasion, keys)
        if undated:
            self._keep((UNDATED,), subject, occasion, compared)
            cells.add((UNDATED,))
        if out or undated:
            cells.add((OUT,))
        if self._by_name and (moved := list(self._moved(compared, turns, undated=undated))):
            listed += movers(subject.id, occasion, moved)
        if held := self._held_back(occasion, keys, {compared.label, *(each.label for _, each in turns)}):
            cell = later_cell(HELD_BACK, held.label)
            self._keep(cell, subject, occasion, held)
            cells |= {cell, *((*cell, *each) for each in _named(held.after, occasion))}
            if self._by_name:
                listed += movers(subject.id, occasion, [(len(self._places) + 2, held.label, held)])
        if occasion.person:
            tally.people.add(occasion.person, cells | {(KNOWN,)} if occasion.known else cells)
        return cells

    def _held_back(self, occasion: Occasion, keys: Keys, labels: Collection[str]) -> ComparisonResult | None:
        """The outcomes if no share and no stage held a rule back; None if the occasion does not move then, or moves in
        the same way, by one of ``labels``, all the same. Without shares and stages nothing is read that ``keys`` lack."""
        if self._whole is None:
            return None
        found = self._in_full.get(keys)
        if found is None:
            found = self._in_full.keep(keys, self._whole.of(occasion, self._whole.keys(occasion)))
        self.tally.matched.update(self._held.intersection(found.after.matched))
        return found if found.label and found.label not in labels else None

    def _later(self, subject: Subject, occasion: Occasion, turns: Sequence[TimedResult]) -> Iterator[Cell]:
        for moment, compared in turns:
            cell = later_cell(moment, compared.label)
            self._keep(cell, subject, occasion, compared)
            yield cell
            yield from ((*cell, *each) for each in _named(compared.after, occasion))

    def _moved(
        self, now: ComparisonResult, turns: Sequence[TimedResult], *, undated: bool
    ) -> Iterator[Moved]:
        """The moments at which an occasion moves, in their order."""
        if now.label:
            yield 0, now.label, now
        for moment, compared in turns:
            yield self._places[moment], compared.label, compared
        if undated:
            yield len(self._places) + 1, UNKNOWN, now

    def _keep(self, cell: Cell, subject: Subject, occasion: Occasion, compared: ComparisonResult) -> None:
        self.tally.keep(" ".join(cell), MoverExample(subject, occasion, compared.before, compared.after))


def later_cell(moment: datetime | str, label: str) -> Cell:
    """The cell of those who move at a later moment, or at what stands for one. Its words, joined, are the label of their
    samples."""
    return (LATER, moment.isoformat() if isinstance(moment, datetime) else moment, label)


def _cells(label: str, after: Outcome, occasion: Occasion) -> set[Cell]:
    return {(TOUCHED,), (label,), *((label, *each) for each in _named(after, occasion))}


def _named(after: Outcome, occasion: Occasion) -> list[Cell]:
    """Each dimension with its value."""
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
