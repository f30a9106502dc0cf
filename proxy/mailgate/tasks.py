"""Ends background tasks, and runs computations beside the loop that serves mail."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

P = ParamSpec("P")
T = TypeVar("T")

ON_BEHALF_OF: ContextVar[str] = ContextVar("on_behalf_of", default="")
"""The admin or the person whose request is served; empty for what the gate does by itself."""
_turns: WeakValueDictionary[tuple[asyncio.AbstractEventLoop, str, str], asyncio.Lock] = WeakValueDictionary()


async def compute(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a thread, one at a time for each person.

    Whatever takes longer the more somebody sends or stores is run by this, since the loop serves mail. Two requests of
    one person wait for each other, so nobody has more than one thread.
    """
    async with turn(ON_BEHALF_OF.get()):
        return await asyncio.to_thread(function, *args, **kwargs)


def turn(person: str, of: str = "") -> asyncio.Lock:
    """What all requests of one person wait for that do the same: a computation, or what ``of`` names."""
    return _turns.setdefault((asyncio.get_running_loop(), person, of), asyncio.Lock())


async def run_to_end(work: Coroutine[Any, Any, None]) -> None:
    """Run this to its end even if the task is cancelled, since half of it must not be stored or sent."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not log it
        raise


async def end_all(tasks: Iterable[asyncio.Future[Any] | None]) -> None:
    """Cancel these tasks and wait until each of them has ended, even if it raises."""
    started = [task for task in tasks if task is not None]
    for task in started:
        task.cancel()
    await asyncio.gather(*started, return_exceptions=True)


async def end(task: asyncio.Future[Any] | None) -> None:
    """End one task; None is ignored."""
    await end_all([task])


@asynccontextmanager
async def running(*works: Callable[[], Coroutine[Any, Any, object]]) -> AsyncIterator[None]:
    """Run these works as tasks until the body ends."""
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(work()) for work in works]
    try:
        yield
    finally:
        await end_all(tasks)
