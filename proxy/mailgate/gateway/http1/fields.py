"""The fields of one message, and what is worked out from them once.

Clients and webmails send the same lines again and again. A block of lines that came before is not read anew: equal bytes
are the same ``Fields``, with everything that follows from them alone. Of a new block, such as that of a client never
seen before, most single lines came before, and what follows from one line is not worked out anew either.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeAlias, TypeVar, cast

Field: TypeAlias = tuple[bytes, bytes]
Value = TypeVar("Value")

_MISSING = object()

LONGEST_BLOCK = 4096
"""Bytes of a block that is worth keeping."""
BLOCKS = 256
"""How many blocks are surely remembered; at most twice as many are in memory."""
LONGEST_LINE = 512
"""Bytes of a line that is remembered by itself."""
LINES = 1024
"""How many of those."""


class Fields(list[Field]):
    """Names and values in their order. Never changed once it is made; ``memo`` is for ``once`` and its like."""

    __slots__ = ("memo", "named")

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        super().__init__(fields)
        self.memo: dict[Any, Any] = {}
        self.named: dict[bytes, list[bytes]] = {}
        named = self.named
        for name, value in self:
            key = name.lower()
            if key in named:
                named[key].append(value)
            else:
                named[key] = [value]


def once(read: Callable[[Sequence[Field]], Value]) -> Callable[[Sequence[Field]], Value]:
    """Let ``read`` be called a single time for the same Fields. For what depends on nothing else, and is not changed."""

    @wraps(read)
    def remembered(fields: Sequence[Field]) -> Value:
        if not isinstance(fields, Fields):
            return read(fields)
        value = fields.memo.get(
            read, _MISSING
        )  # an exception for what is missing would cost more than reading it
        if value is _MISSING:
            value = fields.memo[read] = read(fields)
        return cast(Value, value)

    return remembered


class FieldMemory:
    """The blocks of field lines that came last, and their Fields. Only whole, valid blocks are put here."""

    def __init__(self, blocks: int = BLOCKS) -> None:
        self._blocks = blocks
        self._young: dict[bytes, Fields] = {}
        self._old: dict[bytes, Fields] = {}

    def get(self, block: bytes) -> Fields | None:
        fields = self._young.get(block)
        if fields is None and (fields := self._old.get(block)) is not None:
            self.put(block, fields)
        return fields

    def put(self, block: bytes, fields: Fields) -> None:
        """Keep a block for a while: when the young ones are many, the old ones go."""
        if len(block) > LONGEST_BLOCK:
            return
        if len(self._young) >= self._blocks:
            self._old, self._young = self._young, {}
        self._young[block] = fields
