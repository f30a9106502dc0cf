"""The blast radius: whom a candidate moves from one effect to another, counted as people and as devices."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field

from mailgate.model import Access
from mailgate.policy.rules import Policy
from mailgate.simulate.crowd import Cell, Crowd
from mailgate.simulate.judge import UNKNOWN, Judge, Outcome
from mailgate.simulate.worlds import moves

Move = tuple[str, str]
"""Effects before and after."""

TOUCHED = "touched"
"""The cell of everybody with a label."""

DIMENSIONS = ("rule", "kind", "system", "group")
"""By what those who move are told apart: the rule that takes them, what asks, its system, the person's groups."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One way in which somebody came, or would come, as either policy's lists make it look."""

    before: Access
    after: Access
    person: str = ""
    """Whom it is about, in one spelling; empty where nobody is named."""
    untold: frozenset[str] = frozenset()
    """Names of variables whose value was not recorded: what stands for it in the accesses is made up."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One device, or one client of which no device is known, with every occasion."""

    id: str
    known: bool
    occasions: tuple[Occasion, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody whom the change moves, and why."""

    subject: Subject
    occasion: Occasion
    before: Outcome
    after: Outcome

    def is_like(self, other: "Sample") -> bool:
        """Whether it is of the same person; where nobody is named, of the same device."""
        person = self.occasion.person
        return person == other.occasion.person and (person != "" or self.subject.id == other.subject.id)


@dataclass
class Tally:
    """What changes, added up. A device or person counts once in each cell, however often it came.

    Cells: a ``Move``; ``TOUCHED``; the label of a move, alone and with each dimension and value. The label is the effect that
    is new, or ``UNKNOWN`` where it cannot be told whether anything changes.
    """

    samples_each: int = 5
    """Samples that are kept for each label and rule, of different people."""
    devices: int = 0
    """Known devices."""
    clients: int = 0
    """Clients of which no device is known."""
    occasions: int = 0
    people: Crowd = field(default_factory=Crowd)
    subjects: Counter[Cell] = field(default_factory=Counter)
    """Devices and clients in each cell."""
    matched: Counter[str] = field(default_factory=Counter)
    """Occasions on which each rule of the candidate matches, or may match."""
    untold: Counter[str] = field(default_factory=Counter)
    """Occasions on which it hangs on each variable that was not recorded whether anything changes."""
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    """By label and rule."""

    def keep(self, label: str, sample: Sample) -> None:
        """Keep a sample, unless there are enough or one of the same device or person."""
        kept = self.samples.setdefault((label, sample.after.rule), [])
        if len(kept) < self.samples_each and not any(sample.is_like(each) for each in kept):
            kept.append(sample)

    def merge(self, other: "Tally") -> None:
        """Take over what was counted elsewhere, of other devices and clients."""
        self.devices += other.devices
        self.clients += other.clients
        self.occasions += other.occasions
        self.people.merge(other.people)
        self.subjects.update(other.subjects)
        self.matched.update(other.matched)
        self.untold.update(other.untold)
        for (label, _), samples in other.samples.items():
            for sample in samples:
                self.keep(label, sample)


class Impact:
    """Decides everybody by the active policy and by the candidate. ``tally`` has what came of it."""

    def __init__(self, active: Policy, candidate: Policy, samples_each: int = 5) -> None:
        self.tally = Tally(samples_each)
        self._before, self._after = Judge(active), Judge(candidate)
        self._settled: dict[Hashable, Move | None] = {}

    def add(self, subject: Subject) -> None:
        """Count one device, or client; each is to come once, with all of its occasions."""
        self.tally.devices += subject.known
        self.tally.clients += not subject.known
        cells: set[Cell] = set()
        for occasion in subject.occasions:
            cells |= self._judge(subject, occasion)
        self.tally.subjects.update(cells)

    def _judge(self, subject: Subject, occasion: Occasion) -> set[Cell]:
        before = self._before.outcome(occasion.before, occasion.untold)
        after = self._after.outcome(occasion.after, occasion.untold)
        move: Move | None = (before.effect, after.effect)
        if UNKNOWN in (before.effect, after.effect):
            move = self._settle(occasion)
        tally, cells = self.tally, set[Cell]({move or (before.effect, after.effect)})
        tally.occasions += 1
        tally.matched.update(after.matched)
        if move is None or move[0] != move[1]:
            label = UNKNOWN if move is None else move[1]
            cells |= _cells(label, after, occasion)
            tally.keep(label, Sample(subject, occasion, before, after))
        if move is None:
            tally.untold.update({*before.untold, *after.untold})
        if occasion.person:
            tally.people.add(occasion.person, cells)
        return cells

    def _settle(self, occasion: Occasion) -> Move | None:
        """The move that is the same whatever was not recorded, or ``UNKNOWN`` twice where nothing changes then; else None."""
        old, new, untold = self._before, self._after, occasion.untold
        key = (old.key(occasion.before, untold), new.key(occasion.after, untold))
        if key not in self._settled:
            hanging = old.hanging(occasion.before, untold) | new.hanging(occasion.after, untold)
            found = moves((occasion.before, old.policy), (occasion.after, new.policy), hanging)
            same = bool(found) and all(before == after for before, after in found)
            self._settled[key] = min(found) if len(found) == 1 else (UNKNOWN, UNKNOWN) if same else None
        return self._settled[key]


def _cells(label: str, after: Outcome, occasion: Occasion) -> set[Cell]:
    access = occasion.after
    system = access.client.os or access.posture.os or UNKNOWN
    named = [("rule", after.rule), ("kind", access.client.kind.value), ("system", system)]
    named += [("group", group) for group in access.user.groups]
    return {(TOUCHED,), (label,), *((label, *each) for each in named)}
