"""Reads a source on request, and keeps the progress. What only one device is asked about is asked in the background."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import with_config

from mailgate.model.fact import DESCRIBED, Words
from mailgate.model.phrase import phrase
from mailgate.tasks import end_all

Progress = Callable[[int, int | None], None]
Sync = Callable[[str, bool, Progress], Awaitable[str]]
"""Reads the connector of this name, in full or only changes, and returns the result in words."""


@with_config(DESCRIBED)
@dataclass(slots=True)
class SourceReading:
    """A requested reading of a source."""

    who: str
    """The admin who requested it."""
    began: datetime
    """When it began."""
    done: int = 0
    """The number of records so far."""
    total: int | None = None
    """The number of all records; null if the source does not say."""
    outcome: Words = ""
    """The result in words; empty while it runs."""

    def show(self, done: int, total: int | None) -> None:
        self.done, self.total = done, total


class Readings:
    """The last reading of each connector."""

    def __init__(self, sync: Sync) -> None:
        self._sync = sync
        self._tasks: set[asyncio.Task[None]] = set()
        self.last: dict[str, SourceReading] = {}

    def start(self, name: str, who: str, now: datetime, *, full: bool) -> bool:
        """Begin to read. Returns False if a requested reading is running already."""
        running = self.last.get(name)
        if running and not running.outcome:
            return False
        self.last[name] = reading = SourceReading(who, now)
        task = asyncio.get_running_loop().create_task(self._read(name, reading, full))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def stop(self) -> None:
        await end_all(self._tasks)

    async def _read(self, name: str, reading: SourceReading, full: bool) -> None:
        try:
            reading.outcome = await self._sync(name, full, reading.show)
        except Exception as error:  # noqa: BLE001 - its text may quote the source
            reading.outcome = phrase("it failed (%(name)s); the log says where", name=type(error).__name__)
        finally:
            reading.outcome = reading.outcome or phrase("it was ended")


MAX_RUNNING = 1_000
"""The most questions that wait at once. Further ones are dropped."""


class BackgroundQuestions:
    """Asks in the background. Call ``stop`` before the store is closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, questions: Iterable[Coroutine[Any, Any, Any]]) -> int:
        """Begin to ask. Returns how many questions are asked; there is no room for the others."""
        begun = 0
        for question in questions:
            if len(self._tasks) >= MAX_RUNNING:
                question.close()
                continue
            begun += 1
            task = asyncio.get_running_loop().create_task(question)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return begun

    async def stop(self) -> None:
        await end_all(self._tasks)
