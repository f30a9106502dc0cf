"""Everybody who moves, one by one: who it is, from what to what, and at which moments."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from mailgate.simulate.compare import Compared, Occasion


class Mover(NamedTuple):
    """One way in which a device, or a client without a known one, moves.

    Moments are counted: 0 is now, from 1 on they are those at which the rules decide otherwise, and the number behind the last
    stands for a moment that cannot be told.
    """

    person: str
    """The login name in one spelling; empty if nobody is named."""
    device: str
    kind: str
    system: str
    groups: tuple[str, ...]
    state: str
    """The state of the posture."""
    apps: tuple[str, ...]
    label: str
    """The new effect, or unknown."""
    before: str
    before_rule: str
    effect: str
    rule: str
    reason: str
    since: int
    """The first moment at which it is so."""
    until: int
    """The last moment before it is otherwise again."""


Moved = tuple[int, str, Compared]
"""A moment, the label, and what both policies do."""


def movers(device: str, occasion: Occasion, moved: Iterable[Moved]) -> Iterator[Mover]:
    """The moves of one occasion, in the order of their moments: each for as long as it stays the same."""
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
    for sides, same in groupby(_in_runs(moved), key=lambda each: each[1:]):
        at = [moment for moment, *_ in same]
        _, *told = sides
        yield Mover._make((*who, *told, at[0], at[-1]))


def _in_runs(moved: Iterable[Moved]) -> Iterator[tuple[int, int, str, str, str, str, str, str]]:
    """What is the same at moments that follow each other has the same second number."""
    for place, (moment, label, compared) in enumerate(moved):
        old, new = compared.before, compared.after
        yield moment, moment - place, label, old.effect, old.rule, new.effect, new.rule, new.reason.value


def once(found: Sequence[Mover]) -> list[Mover]:
    """Each of them once, in their order: several clients of one device may move alike."""
    return list(dict.fromkeys(found))
