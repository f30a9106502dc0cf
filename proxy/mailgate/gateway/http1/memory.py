"""What came before is not read anew.

Clients and webmails send the same lines again and again. Equal blocks of lines are the same ``Fields``, with everything that
follows from them alone. A block that differs from one that came before in nothing but who sends it, or which address is
asked about, has its ``Outline``, with everything that follows from the other lines. Of any other block most single lines came
before, and what follows from one line is not worked out anew either (``grammar.py``, ``facts.py``).
"""

import re
from collections.abc import Hashable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from mailgate.gateway.http1.fields import LONGEST_LINE, Fields

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

LONGEST_BLOCK = 4096
"""Bytes of a block that is worth keeping."""
BLOCKS = 256
"""How many blocks are surely remembered; at most twice as many are in memory."""

USER_AGENT = b"user-agent"
ADDRESSES = (b"x-original-uri", b"x-forwarded-uri")
"""In which other proxies tell the address that they ask about."""
_VARYING = tuple(
    b"\r\n%b: " % name
    for usual in (b"User-Agent", b"X-Original-URI", b"X-Forwarded-Uri")
    for name in (usual, usual.lower())
)
"""What an outline leaves out the values of, as nearly every client and proxy spells it: none of them says anything of how a
message is to be read. In another spelling they are lines like any other."""
_PLAIN = re.compile(rb"[!-~](?:[ -~]*[!-~])?")
"""A value that is the same before and after it was read."""


class Cut(NamedTuple):
    """A block of lines, cut around the values that an outline leaves out."""

    pieces: tuple[bytes, ...]
    values: tuple[bytes, ...]


def cut_out(head: bytes, start: int) -> Cut | None:
    """Cut the lines of ``head``, the first of which begins behind the CRLF at ``start``; None where nothing is to be left out."""
    begins = [at + len(mark) for mark in _VARYING if (at := head.find(mark, start)) >= 0]
    begins.sort()
    pieces, values, done = [], [], start
    for begin in begins:
        end = head.find(b"\r\n", begin)
        value = head[begin:end]
        if len(value) > LONGEST_LINE or not _PLAIN.fullmatch(value):
            return None
        pieces.append(head[done:begin])
        values.append(value)
        done = end
    if not values:
        return None
    pieces.append(head[done:])
    return Cut(tuple(pieces), tuple(values))


class Outline:
    """What blocks have in common that were cut to the same pieces. Holds no Fields, so that neither keeps the other alive."""

    __slots__ = ("_holes", "_lines", "_named", "memo")

    def __init__(self, example: Fields, holes: Sequence[int]) -> None:
        self._lines, self._named = tuple(example), example.named
        self._holes = holes
        self.memo: dict[Any, Any] = {}

    @classmethod
    def of(cls, fields: Fields, cut: Cut) -> "Outline | None":
        """The outline of fields that were read from this cut; None where a name is there twice."""
        names = [piece[piece.rindex(b"\n") + 1 : -2].lower() for piece in cut.pieces[:-1]]
        if any(len(fields.named[name]) > 1 for name in names):
            return None
        return cls(
            fields, [next(n for n, field in enumerate(fields) if field[0].lower() == name) for name in names]
        )

    def filled(self, values: Sequence[bytes]) -> Fields:
        """The fields of a block that was cut to these pieces and values."""
        fields = Fields()
        fields.extend(self._lines)
        fields.named.update(self._named)
        for hole, value in zip(self._holes, values, strict=True):
            name = fields[hole][0]
            fields[hole] = name, value
            fields.named[name.lower()] = [value]
        fields.shared = self.memo
        return fields


class _Last(Generic[Key, Value]):
    """What was used last: when the young ones are many, the old ones go."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Key) -> Value | None:
        value = self._young.get(key)
        if value is None and (value := self._old.get(key)) is not None:
            self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> None:
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value


class FieldMemory:
    """The blocks of field lines that came last, and their Fields. Only whole, valid blocks are put here."""

    def __init__(self, blocks: int = BLOCKS) -> None:
        self._blocks = _Last[bytes, Fields](blocks)
        self._outlines = _Last[tuple[bytes, ...], Outline](blocks)
        self.get = self._blocks.get

    def alike(self, cut: Cut) -> Fields | None:
        """The fields of a block, by the outline of one that was put here."""
        outline = self._outlines.get(cut.pieces)
        return outline.filled(cut.values) if outline is not None else None

    def put(self, block: bytes, fields: Fields, cut: Cut | None = None) -> None:
        """Keep a block for a while, and the outline of it where it was cut."""
        if len(block) > LONGEST_BLOCK:
            return
        self._blocks.put(block, fields)
        if cut is not None and (outline := Outline.of(fields, cut)) is not None:
            fields.shared = outline.memo
            self._outlines.put(cut.pieces, outline)
