"""Movers, one by one: who moves, from which effect to which, and at which moments."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from mailgate.policy.simulate.compare import ComparisonResult, Occasion


class Mover(NamedTuple):
    """One way in which a device, or a client without a known device, moves.

    Moments are numbers: 0 is now, the next ones are the moments at which the rules change, the number after the last of
    them stands for a moment that cannot be predicted, and the one after that for no moment: a share or a stage holds
    the move back.
    """

    person: str
    """The login name in one spelling; empty if unknown."""
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
    """Each move as its moment, a number, and what it is. Equal moves at consecutive moments have the same number, so
    that they can be grouped."""
    for place, (moment, label, compared) in enumerate(moved):
        old, new = compared.before, compared.after
        yield moment, moment - place, label, old.effect, old.rule, new.effect, new.rule, new.reason.value


def distinct_movers(found: Sequence[Mover]) -> list[Mover]:
    """The movers without repetitions, in order: several clients of one device may move in the same way."""
    return list(dict.fromkeys(found))
