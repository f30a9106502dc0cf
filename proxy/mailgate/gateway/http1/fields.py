"""The fields of one message, as the lines that came and as values by name."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias, overload

Field: TypeAlias = tuple[bytes, bytes]


class Fields(Sequence[Field]):
    """Names and values in their order. The object never changes after it is made.

    ``lines`` are whole field lines, ``name: value``, without their ends; ``keys`` are the names of the lines in lower case, in the
    same order. ``first`` has the first value of each of these names, and ``repeated`` has all values of the names that occur again.
    """

    __slots__ = ("first", "keys", "lines", "repeated")

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        self.lines: list[bytes] = []
        self.keys: list[bytes] = []
        self.first: dict[bytes, bytes] = {}
        self.repeated: dict[bytes, list[bytes]] = {}
        for name, value in fields:
            key = name.lower()
            self.lines.append(b"%b: %b" % (name, value))
            self.keys.append(key)
            if key in self.first:
                self.repeated.setdefault(key, [self.first[key]]).append(value)
            else:
                self.first[key] = value

    @classmethod
    def of(
        cls,
        lines: list[bytes],
        keys: list[bytes],
        first: dict[bytes, bytes],
        repeated: dict[bytes, list[bytes]],
    ) -> "Fields":
        """Make fields from four views that exist already."""
        fields = cls.__new__(cls)
        fields.lines, fields.keys, fields.first, fields.repeated = lines, keys, first, repeated
        return fields

    def values(self, key: bytes) -> list[bytes]:
        """Every value of one field, by its lower-case name."""
        if key in self.repeated:
            return self.repeated[key]
        return [self.first[key]] if key in self.first else []

    def __len__(self) -> int:
        return len(self.lines)

    @overload
    def __getitem__(self, index: int) -> Field: ...

    @overload
    def __getitem__(self, index: slice) -> list[Field]: ...

    def __getitem__(self, index: int | slice) -> Field | list[Field]:
        if isinstance(index, slice):
            return [_field(line) for line in self.lines[index]]
        return _field(self.lines[index])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (Fields, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def __repr__(self) -> str:
        return f"Fields({list(self)!r})"


def _field(line: bytes) -> Field:
    name, _, value = line.partition(b": ")
    return name, value
