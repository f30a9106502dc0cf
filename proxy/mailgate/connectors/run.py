"""One run: what the source says goes to the store in batches; what a whole list no longer names is gone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Protocol

from mailgate.connectors.errors import SourceError, Trouble
from mailgate.connectors.protocol import Connector
from mailgate.connectors.runtime import Tally
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by

BATCH = 1000
_BREATH = 10


class Keeper(Protocol):
    """Where records go, and what is there already. Raises ``SourceError`` with ``Trouble.STORE``."""

    async def take(self, records: Sequence[Report]) -> None:
        """Store what the source says."""
        ...

    def devices(self, source: str) -> AsyncIterator[list[str]]:
        """Ids of the devices that the source has, as far as the store knows, in pages."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    trouble: Trouble | None = None
    full: bool = False
    """Whether every device was named."""
    taken: int = 0
    gone: int = 0
    held: int = 0
    """Devices that were not named but are not believed to be gone: they are too many."""
    hint: str = ""
    """More about the trouble, in our own words."""
    details: tuple[str, ...] = ()
    """What exactly is wrong, for who asked: it may quote the source, so it is never logged."""


@dataclass
class Run:
    """One run of one connector. ``progress`` is called with the number of records so far."""

    name: str
    connector: Connector
    keeper: Keeper
    tally: Tally
    most_gone: int
    """Percent of the devices that may be gone; at least one may, unless it is 0."""
    time: timedelta | None = None
    progress: Callable[[int], None] = lambda _: None
    _batch: list[Report] = field(default_factory=list)
    _named: set[int] = field(default_factory=set)
    """Hashes of the ids that were named: a million of them fit in memory."""
    _taken: int = 0

    async def go(self, since: datetime | None) -> Outcome:
        """Read everything, or what changed since. What was read is stored, whatever comes after it."""
        try:
            async with _in_time(self.time):
                await self._read(since)
        except SourceError as error:
            await self._flush()
            return Outcome(error.trouble, taken=self._taken, hint=error.hint, details=error.details)
        except asyncio.CancelledError:
            await self._flush()
            raise
        if since is not None or not self.connector.lists_all or self.tally.unreadable:
            return Outcome(taken=self._taken)
        return await self._let_go()

    async def _read(self, since: datetime | None) -> None:
        async with reading(self.connector, since) as records:
            async for record in records:
                self._batch.append(record)
                if not record.gone:
                    self._named.add(hash(record.id))
                if len(self._batch) >= BATCH:
                    await self._flush()
                elif not len(self._batch) % _BREATH:
                    await asyncio.sleep(0)  # a page of hundreds of devices must not keep requests waiting
        await self._flush()

    async def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            await finished(self.keeper.take(batch))
            self._taken += len(batch)
            self.progress(self._taken)

    async def _let_go(self) -> Outcome:
        """A source that suddenly names far fewer devices is not believed: a person has to look."""
        known, missing = 0, list[str]()
        async for page in self.keeper.devices(self.name):
            known += len(page)
            missing += [each for each in page if hash(each) not in self._named]
        if len(missing) > ceil(known * self.most_gone / 100):
            return Outcome(Trouble.GONE, full=True, taken=self._taken, held=len(missing))
        await self._take_leave(missing)
        return Outcome(full=True, taken=self._taken, gone=len(missing))

    async def _take_leave(self, missing: Sequence[str]) -> None:
        for start in range(0, len(missing), BATCH):
            ids = missing[start : start + BATCH]
            await finished(self.keeper.take([report_by(self.name, each, gone=True) for each in ids]))


@asynccontextmanager
async def reading(connector: Connector, since: datetime | None) -> AsyncIterator[AsyncIterator[Report]]:
    """The records of a connector; what it has open for them is closed at the end, wherever the reading stopped."""
    records = connector.devices(since)
    try:
        yield records
    finally:
        if isinstance(records, AsyncGenerator):
            await records.aclose()


async def finished(work: Coroutine[Any, Any, None]) -> None:
    """Do it to its end even where we are told to stop meanwhile: half a batch is none."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


@asynccontextmanager
async def _in_time(most: timedelta | None) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(most.total_seconds() if most else None):
            yield
    except TimeoutError:
        raise SourceError(Trouble.TIMEOUT, "the run took longer than `run_timeout`") from None
