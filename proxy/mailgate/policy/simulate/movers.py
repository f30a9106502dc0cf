"""Movers, one by one: who moves, from which effect to which, and at which moments."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from mailgate.policy.simulate.compare import ComparisonResult, Occasion

Cell = tuple[str, ...]


class PeopleCount:
    """Counts distinct names in any number of cells, with one bit for each name and cell."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._cells: dict[Cell, bytearray] = {}

    def add(self, name: str, cells: Iterable[Cell]) -> None:
        """Add ``name`` to these cells."""
        place = self._places.setdefault(name, len(self._places))
        for cell in cells:
            bits = self._cells.setdefault(cell, bytearray())
            if place >> 3 >= len(bits):
                bits.extend(bytes((place >> 3) + 1 - len(bits)))
            bits[place >> 3] |= 1 << (place & 7)

    def __len__(self) -> int:
        return len(self._places)

    def count(self, cell: Cell) -> int:
        """How many names are in a cell."""
        return int.from_bytes(self._cells.get(cell, b"")).bit_count()

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
        """Add the names that another ``PeopleCount`` has counted."""
        places = [self._places.setdefault(name, len(self._places)) for name in other._places]
        for cell, bits in other._cells.items():
            mine = self._cells.setdefault(cell, bytearray())
            mine.extend(bytes(max(0, (len(self._places) >> 3) + 1 - len(mine))))
            for place in _set_in(bits):
                mine[places[place] >> 3] |= 1 << (places[place] & 7)


def _set_in(bits: bytearray) -> Iterator[int]:
    """The positions of the bits that are set."""
    for number, byte in enumerate(bits):
        if byte:
            yield from ((number << 3) + bit for bit in range(8) if byte >> bit & 1)


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
