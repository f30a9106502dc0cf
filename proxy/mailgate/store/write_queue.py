"""Keeps items until they are stored: in memory, or on disk while the store does not answer. No request waits for them."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.database import Database
from mailgate.store.errors import StoreUnavailableError
from mailgate.store.spool import Spool

_log = structlog.get_logger(__name__)
_BATCH = 500
_RETRY = 1.0
FULL = "it is full"

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")


@dataclass(slots=True)
class WriteCounts:
    """The outcomes of the items of one queue since the start."""

    written: int = 0
    spooled: int = 0
    dropped: int = 0
    """Items that were lost because the queue or the spool was full, or because the database will never accept them."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """The items of a queue that are not stored yet."""

    in_memory: int = 0
    """The number of items in the memory of this process. Until the next write there are always some."""
    on_disk: int = 0
    """The number of lines in the spool now. Processes that share its folder share them, so add them up only once."""
    refused_since: float | None = None
    """Since when the store has accepted none of them, on the clock ``time.monotonic``; None if it accepts them."""
    error: str = ""
    """The error of the last attempt."""

    @property
    def waiting(self) -> int:
        """Everything that waits as far as this process can see."""
        return self.in_memory + self.on_disk


@dataclass(slots=True)
class _Outage:
    since: float
    written: int
    """The number of items that were written before."""
    why: str
    lasted: float | None = None
    """For how many seconds it lasted; None if it still does."""


class WriteQueue(ABC, Generic[Key, Item]):
    """Items by key, merged while they wait. ``run`` writes them every ``interval`` seconds, and ``close`` the last ones."""

    noun: str
    interval: float

    def __init__(self, database: Database, spool: Spool, limit: int = 10_000) -> None:
        self._database = database
        self._clock = time.monotonic
        self._spool = spool
        self._limit = limit
        self._items: dict[Key, Item] = {}
        self._writing: dict[Key, Item] = {}
        self._filled = asyncio.Event()
        self._closing = asyncio.Event()
        self._turn = asyncio.Lock()
        self._spooling = spool.waiting
        self.counts = WriteCounts()
        self._outage: _Outage | None = None
        """The outage that lasts, or whose items are not all written yet."""
        self._spool_trouble = ""

    def backlog(self) -> Backlog:
        """The items that wait, as they are in memory and on disk now, and whether the store refuses them."""
        in_memory, on_disk = self._beside() + len(self._items) + len(self._writing), self._spool.count()
        outage = self._outage
        if outage is None or outage.lasted is not None:
            return Backlog(in_memory, on_disk, None, self._spool_trouble)
        return Backlog(in_memory, on_disk, outage.since, outage.why)

    @abstractmethod
    def _merge(self, old: Item, new: Item) -> Item:
        """Merge two items of one key into one."""

    @abstractmethod
    async def _write(self, connection: AsyncConnection, items: Mapping[Key, Item]) -> None:
        """Write items in the caller's transaction."""

    @abstractmethod
    def _to_line(self, key: Key, item: Item) -> str:
        """Write an item as one line of JSON."""

    @abstractmethod
    def _from_line(self, line: str) -> tuple[Key, Item]:
        """Read a line of ``_to_line``. Raises ``ValueError``, ``TypeError`` or ``LookupError`` for any other line."""

    def _beside(self) -> int:
        """The number of counts that a subclass keeps outside the items."""
        return 0

    def _gather(self) -> None:
        """Add all counts that are kept outside the items to them. It is called before the items are read."""

    async def _gather_due(self) -> None:
        """Add the counts that have waited long enough to the items. Other tasks get their turn in between."""

    def _begun(self) -> None:
        """Called when no item waits any more, because all are being written or are on disk."""

    def put(self, key: Key, item: Item) -> bool:
        """Queue an item at once. If the queue is full, the item is dropped and False is returned."""
        old = self._items.get(key)
        if old is None and len(self._items) >= self._limit:
            self.counts.dropped += 1
            return False
        self._items[key] = item if old is None else self._merge(old, item)
        self._filled.set()
        return True

    def holds(self, key: Key) -> bool:
        """Whether an item of ``key`` may wait to be written."""
        return key in self._items or key in self._writing or self._spooling

    def holding(self) -> Callable[[Key], bool]:
        """Like ``holds``, but also of items that wait now, which a caller who is about to read the store may not find there."""
        before, spooling = self._items.keys() | self._writing.keys(), self._spooling
        return lambda key: spooling or key in before or self.holds(key)

    def waiting(self) -> Iterator[Item]:
        """The items in memory that are not yet written."""
        self._gather()
        yield from self._writing.values()
        yield from self._items.values()

    async def run(self) -> None:
        """Write until ``close`` is called, as a task. If it is cancelled, it puts the waiting items on disk."""
        try:
            while not self._closing.is_set():
                if not self._spooling:
                    await self._filled.wait()
                if not await self._closes_within(_RETRY if self._spooling else self.interval):
                    await self.flush(whole=False)
        finally:
            self._rescue()

    async def flush(self, *, whole: bool = True) -> None:
        """Write the waiting items, with ``whole`` also counts that may wait longer, or put them on disk if the store cannot be reached."""
        async with self._turn:
            self._filled.clear()
            if whole:
                self._gather()
            else:
                await self._gather_due()
            if self._beside():
                self._filled.set()
            self._writing, self._items = self._items, {}
            self._begun()
            try:
                await self._deliver(self._writing)
                if self._spooling:
                    await self._replay()
                if not self._spooling:
                    self._all_written()
            except StoreUnavailableError as error:
                self._refused(str(error))
                await self._to_disk()
            except OSError as error:  # the spool cannot be read
                self._note_spool(str(error))
            finally:
                self._take_back()

    async def close(self, timeout_seconds: float) -> None:
        """Stop ``run`` and write the waiting items. After ``timeout_seconds`` seconds the rest goes to disk."""
        self._closing.set()
        self._filled.set()
        try:
            async with asyncio.timeout(timeout_seconds):
                await self.flush()
        except TimeoutError:
            _log.warning("store-slow-at-close", noun=self.noun)
        self._rescue()

    async def _closes_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
        return self._closing.is_set()

    async def _deliver(self, items: dict[Key, Item]) -> None:
        """Write items in batches. Each is removed from ``items`` when the store has it."""
        for batch in list(_batches(items)):
            await self._write_batch(batch)
            for key in batch:
                del items[key]

    async def _write_batch(self, batch: Mapping[Key, Item]) -> None:
        try:
            async with self._database.writing() as connection:
                await self._write(connection, batch)
            self.counts.written += len(batch)
            self._accepted()
        except (
            SQLAlchemyError,
            ValueError,
        ) as error:  # the database refuses the data, so find the item that it refuses
            if len(batch) > 1:
                for key, item in batch.items():
                    await self._write_batch({key: item})
            else:
                self.counts.dropped += 1
                _log.error("store-refused-item", noun=self.noun, error=type(error).__name__)

    def _refused(self, why: str) -> None:
        """Note that the store accepts nothing now. It is logged once."""
        if self._outage is not None and self._outage.lasted is not None:
            self._all_written()  # as much as there was time for
        if self._outage is None:
            self._outage = _Outage(self._clock(), self.counts.written, why)
            _log.warning("store-down", noun=self.noun, error=why)
        self._outage.why = why

    def _accepted(self) -> None:
        """Note that the store has accepted items. Nothing else shows that it does."""
        if self._outage is not None and self._outage.lasted is None:
            self._outage.lasted = self._clock() - self._outage.since

    def _all_written(self) -> None:
        """Log the end of an outage, with what this process wrote after it."""
        outage, self._outage = self._outage, None
        if outage is not None:
            seconds = outage.lasted if outage.lasted is not None else self._clock() - outage.since
            rows = self.counts.written - outage.written
            _log.info("store-back", noun=self.noun, seconds=round(seconds, 1), rows=rows)

    def _note_spool(self, trouble: str) -> None:
        """Log a change of the spool's state once."""
        if trouble != self._spool_trouble:
            self._spool_trouble = trouble
            if trouble:
                _log.error("spool-failed", noun=self.noun, error=trouble)
            else:
                _log.info("spool-works-again", noun=self.noun)

    async def _to_disk(self) -> None:
        """Move the items that are being written to the spool. If that fails too, they stay in memory."""
        self._spooling = True
        if self._writing:
            spooled: bool = await asyncio.to_thread(self._append, self._writing)
            self._writing = {} if spooled else self._writing

    def _append(self, items: Mapping[Key, Item]) -> bool:
        try:
            kept = self._spool.append(self._to_line(key, item) for key, item in items.items())
        except OSError as error:
            self._note_spool(str(error))
            return False
        if kept < len(items):
            self._note_spool(FULL)
        elif self._spool_trouble != FULL:  # a short line may still fit where a long one does not
            self._note_spool("")
        self._spooling = True
        self.counts.spooled += kept
        self.counts.dropped += len(items) - kept
        return True

    async def _replay(self) -> None:
        """Write the lines of the spool. Lines that the store does not accept stay there."""
        with ExitStack() as stack:
            items = self._read(await asyncio.to_thread(stack.enter_context, self._spool.take()))
            found = len(items)
            try:
                await self._deliver(items)
            except StoreUnavailableError:
                # A part may be written by now, so only the rest must stay.
                if len(items) == found or not self._append(items):
                    raise
        self._spooling = self._spool.waiting
        self._note_spool("")

    def _read(self, lines: Iterable[str]) -> dict[Key, Item]:
        items: dict[Key, Item] = {}
        for line in lines:
            try:
                key, item = self._from_line(line)
            except (ValueError, TypeError, LookupError):
                self.counts.dropped += 1
                continue
            items[key] = self._merge(items[key], item) if key in items else item
        return items

    def _take_back(self) -> None:
        for key, item in self._writing.items():
            newer = self._items.get(key)
            self._items[key] = item if newer is None else self._merge(item, newer)
        self._writing = {}

    def _rescue(self) -> None:
        self._gather()
        if self._items and self._append(self._items):
            self._items = {}


def _batches(items: Mapping[Key, Item]) -> Iterator[dict[Key, Item]]:
    pairs = iter(items.items())
    while batch := dict(islice(pairs, _BATCH)):
        yield batch
