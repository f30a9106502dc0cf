"""The fields of one message, and what is worked out from them once (``memory.py`` says how the same ones come again)."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any, TypeAlias, TypeVar, cast

Field: TypeAlias = tuple[bytes, bytes]
Value = TypeVar("Value")

_MISSING = object()

LONGEST_LINE = 512
"""Bytes of a line that is remembered by itself."""
LINES = 1024
"""How many of those."""


class Fields(list[Field]):
    """Names and values in their order. Never changed once it is made; ``memo`` is for ``once`` and its like."""

    __slots__ = ("memo", "named", "shared")

    def __init__(self, fields: Iterable[Field] = ()) -> None:
        super().__init__(fields)
        self.memo: dict[Any, Any] = {}
        self.shared: dict[Any, Any] = self.memo
        """Like ``memo``, for what follows from none of the values that an outline leaves out; that of their outline, if any."""
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
