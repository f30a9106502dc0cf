"""One run: when it is due, its records stored in batches, and the devices that a complete list no longer has."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar, NamedTuple, Protocol

from mailgate.config.sources.every_source import EverySource
from mailgate.connectors.protocol import Connector, SourceTally
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by, without_look
from mailgate.errors import SourceError, Trouble
from mailgate.model import SourceState
from mailgate.model.phrase import joined, phrase, plural
from mailgate.tasks import run_to_end

BATCH = 1000
_BREATH = 10


class Narrowed(NamedTuple):
    """A device that counts as seen whole, and of which its source now says that it cannot see every app."""

    id: str
    """The source's own id of the device."""
    device: str
    owner: str


class ReportStore(Protocol):
    """Stores records, and knows the devices of a source. Raises ``SourceError`` with ``Trouble.STORE``."""

    async def seen_whole(self, source: str, ids: Sequence[str]) -> list[Narrowed]:
        """Those of these devices of the source whose stored report has every app and none that is listed."""
        ...

    async def take(self, records: Sequence[Report]) -> None:
        """Store these records."""
        ...

    def devices(self, source: str) -> AsyncIterator[list[str]]:
        """The ids of the source's devices in the store, in pages."""
        ...


@dataclass(frozen=True, slots=True)
class SourceOutcome:
    NARROWS_AFTER: ClassVar[timedelta] = timedelta(hours=1)
    """How long devices of which a source suddenly sees less keep their older report, so that people can look at the list of
    them. A device that fell silent would keep it for ``posture.max_age``."""

    trouble: Trouble | None = None
    full: bool = False
    """Whether every device was listed."""
    taken: int = 0
    gone: int = 0
    held: int = 0
    """How many devices were not listed but are too many to be believed gone."""
    told: datetime | None = None
    """The newest date that the source told of a device; None if it told none."""
    narrowed: tuple[Narrowed, ...] = ()
    """The devices of which less is seen than before, and whose older report was kept for now."""
    hint: str = ""
    """More about the trouble, in Mailgate's own words."""
    status: int = 0
    """The HTTP status with which the source gave that trouble; 0 if it did not answer with one."""
    details: tuple[str, ...] = ()
    """The exact errors, for the person who asked. They may quote the source, so they are never logged."""

    def in_words(self) -> str:
        """The numbers of records and of gone devices, in words."""
        words: list[str] = [plural("%(count)s record", "%(count)s records", self.taken)]
        words += [phrase("everything was read")] if self.full else []
        words += (
            [plural("%(count)s device is gone", "%(count)s devices are gone", self.gone)] if self.gone else []
        )
        return joined(words)


@dataclass
class Run:
    """One run of one connector. ``progress`` is called with the number of records so far."""

    name: str
    connector: Connector
    keeper: ReportStore
    tally: SourceTally
    most_gone: int
    """The percentage of the devices that may be gone. At least one may, unless it is 0."""
    time: timedelta | None = None
    progress: Callable[[int], None] = lambda _: None
    holds: bool = False
    """Whether devices of which less is seen than before keep their older report for now."""
    handed: bool = False
    """Whether a person hands in the records."""
    _narrowed: list[Narrowed] = field(default_factory=list)
    _batch: list[Report] = field(default_factory=list)
    _named: set[int] = field(default_factory=set)
    """Hashes of the listed ids, since a million of them fit in memory."""
    _told: datetime | None = None
    _taken: int = 0
    _again: int = 0
    """How many records are of devices that were listed before in this run."""

    async def go(self, since: datetime | None) -> SourceOutcome:
        """Read everything, or what changed since. Records are stored as they are read, even if the run fails later."""
        return replace(await self._go(since), narrowed=tuple(self._narrowed), told=self._told)

    async def _go(self, since: datetime | None) -> SourceOutcome:
        try:
            async with _in_time(self.time):
                await self._read(since)
        except SourceError as error:
            await self._flush()
            return SourceOutcome(
                error.trouble, taken=self._taken, hint=error.hint, status=error.status, details=error.details
            )
        except asyncio.CancelledError:
            await self._flush()
            raise
        if since is not None or not self.connector.lists_all or self.tally.unreadable:
            return SourceOutcome(taken=self._taken)
        return await self._let_go()

    async def _read(self, since: datetime | None) -> None:
        async with aclosing(self.connector.devices(since)) as records:
            async for record in records:
                self._batch.append(record)
                if not record.gone:
                    self._again += hash(record.id) in self._named
                    self._named.add(hash(record.id))
                    dates = (self._told, record.reported_at, record.compliance_at)
                    self._told = max(filter(None, dates), default=None)
                if len(self._batch) >= BATCH:
                    await self._flush()
                elif not len(self._batch) % _BREATH:
                    await asyncio.sleep(0)  # a page of hundreds of devices must not keep requests waiting
        await self._flush()

    async def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            if self.holds:
                batch = await self._without_narrowing(batch)
            if self.handed:
                batch = [replace(each, handed=True) for each in batch]
            await run_to_end(self.keeper.take(batch))
            self._taken += len(batch)
            self.progress(self._taken)

    async def _without_narrowing(self, batch: list[Report]) -> list[Report]:
        """The batch without looks that only make a device less known. A listed app or a bad verdict always counts."""
        less = [
            each.id for each in batch
            if each.apps_complete is False and not each.apps and not each.gone and each.status != "contraindicated"
        ]  # fmt: skip
        narrowed = await self.keeper.seen_whole(self.name, less) if less else []
        self._narrowed += narrowed
        held = {each.id for each in narrowed}
        return [without_look(each) if each.id in held else each for each in batch]

    async def _let_go(self) -> SourceOutcome:
        """Find the devices that are gone. If a source suddenly lists far fewer, they are held until a person looks."""
        known, missing = 0, list[str]()
        async for page in self.keeper.devices(self.name):
            known += len(page)
            missing += [each for each in page if hash(each) not in self._named]
        if len(missing) > ceil(known * self.most_gone / 100):
            return SourceOutcome(Trouble.GONE, full=True, taken=self._taken - self._again, held=len(missing))
        for start in range(0, len(missing), BATCH):
            ids = missing[start : start + BATCH]
            await run_to_end(self.keeper.take([report_by(self.name, each, gone=True) for each in ids]))
        return SourceOutcome(full=True, taken=self._taken - self._again, gone=len(missing))


@asynccontextmanager
async def _in_time(most: timedelta | None) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(most.total_seconds() if most else None):
            yield
    except TimeoutError:
        raise SourceError(Trouble.TIMEOUT, "the run took longer than `run_timeout`") from None


OVERLAP = timedelta(minutes=10)
"""How far back changes are requested again, from the newest date that the source has told, since its clock may lag: a change shows a moment
after it was made."""
HARMLESS = frozenset({None, Trouble.CUT, Trouble.GONE})
"""Troubles in which the source answered and its records count."""


def is_due(state: SourceState, settings: EverySource, now: datetime, chance: float) -> bool:
    """Whether it is time for a run: ``every`` after the last one ended, and at random up to a tenth more."""
    if state.last_attempt is None:
        return True
    return not state.last_attempt <= now < state.last_attempt + settings.every * (1 + chance / 10)


def changes_since(state: SourceState, settings: EverySource, now: datetime, listed: str) -> datetime | None:
    """The time from which changes are requested; None if everything has to be read, which it is every ``full_every``,
    after ``listed`` has changed, after a clock that was ahead, and while devices keep an older report for now."""
    full, cursor = state.last_full, state.cursor
    fresh = full is not None and full <= now < full + settings.full_every and state.listed == listed
    return cursor if fresh and cursor is not None and cursor <= now and not state.narrowed else None


def may_hold(state: SourceState, now: datetime) -> bool:
    """Whether devices of which less is seen than before may keep their older report in a run that begins ``now``."""
    return state.narrows_at is None or now < state.narrows_at


def state_after(
    state: SourceState, outcome: SourceOutcome, started: datetime, now: datetime, listed: str
) -> SourceState:
    """The state of a connector after a run that looked for these apps."""
    new = _after(state, outcome, started, now, listed)
    since = state.trouble_since if new.trouble == state.trouble else now
    return replace(new, trouble_since=since if new.trouble else None)


def _after(
    state: SourceState, outcome: SourceOutcome, started: datetime, now: datetime, listed: str
) -> SourceState:
    counts = replace(
        state,
        last_attempt=now,
        trouble=str(outcome.trouble or ""),
        status=outcome.status,
        taken=outcome.taken,
        gone=outcome.gone,
        running_since=None,
        retrying="",
        retry_at=None,
    )
    if outcome.trouble not in HARMLESS:
        cursor = None if outcome.trouble is Trouble.CURSOR else state.cursor
        return replace(counts, failing_since=state.failing_since or now, cursor=cursor)
    narrows_at = (state.narrows_at or started + outcome.NARROWS_AFTER) if outcome.narrowed else None
    good = replace(
        counts, last_success=now, failing_since=None, narrowed=len(outcome.narrowed), narrows_at=narrows_at
    )
    if outcome.trouble is Trouble.CUT:
        return good
    good = replace(good, cursor=min(started, outcome.told or started) - OVERLAP)
    if not outcome.full:
        return replace(good, held=state.held, trouble=str(Trouble.GONE) if state.held else "")
    return replace(good, last_full=now, devices=outcome.taken, held=outcome.held, listed=listed)
