"""Counts people who are in many cells at once: a million names take a few megabytes."""

from collections.abc import Callable, Iterable, Iterator

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
