"""Reading a source at once because somebody asked for it, and how far that has come."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import with_config

from mailgate.model.fact import DESCRIBED
from mailgate.tasks import end_all

Progress = Callable[[int, int | None], None]
Sync = Callable[[str, bool, Progress], Awaitable[str]]
"""Reads the connector of this name, all of it or what changed, and says in words what came of it."""


@with_config(DESCRIBED)
@dataclass(slots=True)
class Reading:
    """A reading of a source that somebody asked for."""

    who: str
    """Who asked for it."""
    began: datetime
    """When."""
    done: int = 0
    """How many records have come."""
    total: int | None = None
    """How many there are; null where the source does not say."""
    outcome: str = ""
    """What came of it, in words; empty while it runs."""

    def show(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total


class Readings:
    """The last reading of each connector."""

    def __init__(self, sync: Sync) -> None:
        self._sync = sync
        self._tasks: set[asyncio.Task[None]] = set()
        self.last: dict[str, Reading] = {}

    def start(self, name: str, who: str, now: datetime, *, full: bool) -> bool:
        """Begin to read; False where it is being read for somebody already."""
        running = self.last.get(name)
        if running and not running.outcome:
            return False
        self.last[name] = reading = Reading(who, now)
        task = asyncio.get_running_loop().create_task(self._read(name, reading, full))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def stop(self) -> None:
        """End what runs."""
        await end_all(self._tasks)

    async def _read(self, name: str, reading: Reading, full: bool) -> None:
        try:
            reading.outcome = await self._sync(name, full, reading.show)
        except Exception as error:  # noqa: BLE001 - its text may quote the source
            reading.outcome = f"it failed ({type(error).__name__}); the log says where"
        finally:
            reading.outcome = reading.outcome or "it was ended"
