"""Steps that are done at once if they can be, and otherwise by a coroutine: most requests never wait for anything."""

from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import Any, TypeAlias, TypeVar, overload

Found = TypeVar("Found")
Done = TypeVar("Done")
Soon: TypeAlias = Found | Coroutine[Any, Any, Found]
"""A value, or a coroutine that finds it."""


@overload
def then(found: Coroutine[Any, Any, Found], step: Callable[[Found], Done]) -> Coroutine[Any, Any, Done]: ...


@overload
def then(found: Soon[Found], step: Callable[[Found], Done]) -> Soon[Done]: ...


def then(found: Soon[Found], step: Callable[[Found], Done]) -> Soon[Done]:
    """Do ``step`` with what was found: now, or by a coroutine once it is known."""
    return _later(found, step) if isinstance(found, CoroutineType) else step(found)  # type: ignore[arg-type]


async def settled(found: Soon[Found]) -> Found:
    """Wait for it if it has to be waited for."""
    return await found if isinstance(found, CoroutineType) else found  # type: ignore[return-value]


async def _later(found: Coroutine[Any, Any, Found], step: Callable[[Found], Done]) -> Done:
    return step(await found)
