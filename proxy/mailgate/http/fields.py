"""The fields of one message, as the lines that came and as values by name."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

Field: TypeAlias = tuple[bytes, bytes]

MAX_ROWS, MAX_ROW = 512, 1024
"""How many rows of names are remembered, and the most bytes in one of these."""


class Row(dict[Callable[["Row"], Any], Any]):
    """The names of the lines of a message. Messages whose lines have the same names in the same order share one, since what is
    to be done with a line mostly depends on its name: ``row[make]`` is what ``make`` makes of these names. It is made once."""

    __slots__ = ("came", "names", "places")

    def __init__(self, names: Iterable[bytes]) -> None:
        self.came = 0
        """How often it came, as far as it was counted."""
        self.names = tuple([name.lower() for name in names])
        """The names in lower case."""
        self.places: dict[bytes, tuple[int, ...]] = {}
        """The places of each name among the lines."""
        for place, key in enumerate(self.names):
            self.places[key] = (*self.places.get(key, ()), place)

    def __missing__(self, make: Callable[["Row"], Any]) -> Any:
        plan = self[make] = make(self)
        return plan


class _Rows(dict[tuple[bytes, ...], Row]):
    """The rows that came lately. They are few and short, since clients make names up."""

    def __missing__(self, names: tuple[bytes, ...]) -> Row:
        row = Row(names)
        if sum(map(len, names)) <= MAX_ROW:
            if len(self) >= MAX_ROWS:
                self.clear()
            self[names] = row
        return row


ROWS = _Rows()
"""The row of these names, as they are spelled."""


class Fields(Sequence[Field]):
    """Names and values in their order. The object never changes after it is made.

    ``lines`` are whole field lines, each exactly ``name: value``, without their ends.
    """

    __slots__ = ("lines", "row")

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        pairs = list(fields)
        self.lines = tuple([b"%b: %b" % pair for pair in pairs])
        self.row = ROWS[tuple([name for name, _ in pairs])]

    def values(self, key: bytes) -> list[bytes]:
        """Every value of one field, by its lower-case name."""
        begin = len(key) + 2
        return [self.lines[place][begin:] for place in self.row.places.get(key, ())]

    def get(self, key: bytes, default: bytes = b"") -> bytes:
        """The first value of one field, by its lower-case name."""
        places = self.row.places.get(key)
        return default if places is None else self.lines[places[0]][len(key) + 2 :]

    def has(self, key: bytes) -> bool:
        return key in self.row.places

    def repeats(self, key: bytes) -> bool:
        return len(self.row.places.get(key, ())) > 1

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, index: Any) -> Any:
        found = self.lines[index]
        return list(map(_field, found)) if isinstance(found, tuple) else _field(found)

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (Fields, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def __repr__(self) -> str:
        return f"Fields({list(self)!r})"


_blank = object.__new__


def fields_of(lines: tuple[bytes, ...], row: Row) -> Fields:
    """Make fields of lines and of the row of their names."""
    fields = _blank(Fields)
    fields.lines, fields.row = lines, row
    return fields


def _field(line: bytes) -> Field:
    name, _, value = line.partition(b": ")
    return name, value
