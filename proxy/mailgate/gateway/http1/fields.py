"""The fields of one message, and what is worked out from them once.

Clients and webmails send the same lines again and again. A block of lines that came before is not read anew: equal bytes
are the same ``Fields``, with everything that follows from them alone.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeAlias, TypeVar

Field: TypeAlias = tuple[bytes, bytes]
Value = TypeVar("Value")

LONGEST_BLOCK = 4096
"""Bytes of a block that is worth keeping."""
BLOCKS = 256
"""How many blocks are surely remembered; at most twice as many are in memory."""


class Fields(list[Field]):
    """Names and values in their order. Never changed once it is made; ``memo`` is for ``once`` and its like."""

    __slots__ = ("memo", "named")

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        super().__init__(fields)
        self.memo: dict[Any, Any] = {}
        self.named: dict[bytes, list[bytes]] = {}
        for name, value in self:
            self.named.setdefault(name.lower(), []).append(value)


def once(read: Callable[[Sequence[Field]], Value]) -> Callable[[Sequence[Field]], Value]:
    """Let ``read`` be called a single time for the same Fields. For what depends on nothing else, and is not changed."""

    @wraps(read)
    def remembered(fields: Sequence[Field]) -> Value:
        if not isinstance(fields, Fields):
            return read(fields)
        memo = fields.memo
        try:
            value: Value = memo[read]
        except KeyError:
            value = memo[read] = read(fields)
        return value

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
