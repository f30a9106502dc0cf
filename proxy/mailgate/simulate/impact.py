"""The blast radius: whom a candidate moves from one effect to another, counted as people and as devices."""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field

from mailgate.model import Access
from mailgate.policy.rules import Policy
from mailgate.simulate.crowd import Crowd
from mailgate.simulate.judge import UNKNOWN, Judge, Outcome

Move = tuple[str, str]
"""Effects before and after."""

DIMENSIONS = ("rule", "kind", "system", "group")


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


@dataclass
class Impact:
    """Adds up what changes. A device or person counts once in each cell, however often it came.

    Cells: a ``Move``; the label of a move, alone and with each dimension and value. The label is the effect that
    is new, or ``UNKNOWN`` where it cannot be told whether anything changes.
    """

    active: Policy
    candidate: Policy
    samples_each: int = 5
    """Samples that are kept for each label and rule, of different people."""
    devices: int = 0
    """Known devices."""
    clients: int = 0
    """Clients of which no device is known."""
    occasions: int = 0
    people: Crowd = field(default_factory=Crowd)
    subjects: Counter[Hashable] = field(default_factory=Counter)
    """Devices and clients in each cell."""
    matched: Counter[str] = field(default_factory=Counter)
    """Occasions on which each rule of the candidate matches, or may match."""
    untold: Counter[str] = field(default_factory=Counter)
    """Occasions on which an answer hangs on each variable that was not recorded."""
    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    """By label and rule."""

    def __post_init__(self) -> None:
        self._before, self._after = Judge(self.active), Judge(self.candidate)

    def add(self, subject: Subject) -> None:
        """Count one device, or client; each is to come once, with all of its occasions."""
        self.devices += subject.known
        self.clients += not subject.known
        cells: set[Hashable] = set()
        for occasion in subject.occasions:
            cells |= self._judge(subject, occasion)
        self.subjects.update(cells)

    def _judge(self, subject: Subject, occasion: Occasion) -> set[Hashable]:
        before = self._before.outcome(occasion.before, occasion.untold)
        after = self._after.outcome(occasion.after, occasion.untold)
        self.occasions += 1
        self.matched.update(after.matched)
        self.untold.update({*before.untold, *after.untold})
        cells: set[Hashable] = {(before.effect, after.effect)}
        label = UNKNOWN if UNKNOWN in (before.effect, after.effect) else after.effect
        if label == UNKNOWN or before.effect != after.effect:
            cells |= _cells(label, after, occasion)
            self._keep(label, Sample(subject, occasion, before, after))
        if occasion.person:
            self.people.add(occasion.person, cells)
        return cells

    def _keep(self, label: str, sample: Sample) -> None:
        kept = self.samples.setdefault((label, sample.after.rule), [])
        if len(kept) < self.samples_each and all(
            each.subject is not sample.subject and each.occasion.person != (sample.occasion.person or None)
            for each in kept
        ):
            kept.append(sample)

    def merge(self, other: "Impact") -> None:
        """Take over what was counted elsewhere, of other devices and clients by the same policies."""
        self.devices += other.devices
        self.clients += other.clients
        self.occasions += other.occasions
        self.people.merge(other.people)
        self.subjects.update(other.subjects)
        self.matched.update(other.matched)
        self.untold.update(other.untold)
        for key, samples in other.samples.items():
            kept = self.samples.setdefault(key, [])
            kept += samples[: self.samples_each - len(kept)]


def _cells(label: str, after: Outcome, occasion: Occasion) -> set[Hashable]:
    access = occasion.after
    system = access.client.os or access.posture.os or UNKNOWN
    named = [("rule", after.rule), ("kind", access.client.kind.value), ("system", system)]
    named += [("group", group) for group in access.user.groups]
    return {(label,), *((label, *each) for each in named)}
