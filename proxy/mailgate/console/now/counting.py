"""Counts in the background, so that no request waits: the devices in each state, who has each listed app, who has no mail and why,
and how many were refused."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailgate.console.apps.facts import count_apps
from mailgate.console.devices.mail_status import OUT, MailAccess
from mailgate.console.extension.facts import FleetFacts
from mailgate.devices.device import Device
from mailgate.store import Store, StoreError
from mailgate.store.device_rows import OutageCause
from mailgate.store.fleet import WEEK

PAGE = 100
"""How many devices are read without a pause. This takes a few milliseconds."""
PAGE_PAUSE_SECONDS = 0.1
"""The seconds between two pages, so that counting takes less than a tenth of one processor."""
ROUND_PAUSE_SECONDS = 60.0
"""The seconds between two rounds."""

Page = Callable[[str, int], Awaitable[Sequence[Device]]]
"""Returns the next devices after an id (``Devices.summaries``)."""
State = Callable[[Device, datetime], str]
SeeDevices = Callable[[Sequence[Device], datetime], Awaitable[None]]
CatchUp = Callable[[datetime], Awaitable[bool]]


async def ignore_devices(_devices: Sequence[Device], _now: datetime) -> None:
    """Used if only the count is wanted."""


async def has_no_changes(_now: datetime) -> bool:
    """Used if there are no changed devices to catch up with."""
    return False


@dataclass(frozen=True, slots=True)
class Count:
    """The result of one round."""

    states: Counter[str] = field(default_factory=Counter)
    since: datetime | None = None
    """When the round began; None before the first has ended."""

    @property
    def devices(self) -> int:
        return self.states.total()


class DeviceCounts:
    """Counts as long as the gate runs (``run``), and catches up whenever devices have changed (``follow``). ``last`` is the newest
    complete round."""

    def __init__(
        self,
        page: Page,
        state: State,
        clock: Callable[[], datetime],
        on_page: SeeDevices = ignore_devices,
        catch_up: CatchUp = has_no_changes,
    ) -> None:
        """``on_page`` is called with the devices of each page. ``catch_up`` handles changed devices and returns whether
        there are more."""
        self._page, self._state, self._clock = page, state, clock
        self._on_page, self._catch_up = on_page, catch_up
        self._turn = asyncio.Lock()
        self.last = Count()
        self.turns = 0
        """How often it has caught up with changed devices."""

    async def run(self) -> None:
        """Count again and again, until cancelled."""
        while True:
            with suppress(StoreError):  # /readyz reports it, and the count stays as it was
                await self.round()
            await asyncio.sleep(ROUND_PAUSE_SECONDS)

    async def follow(self, pause: float = PAGE_PAUSE_SECONDS) -> None:
        """Catch up with changed devices. Raises StoreError."""
        more = True
        async with self._turn:
            while more:
                more = await self._catch_up(self._clock())
                await asyncio.sleep(pause if more else 0)
        self.turns += 1

    async def round(self, pause: float = PAGE_PAUSE_SECONDS) -> None:
        """Read every device once."""
        began, states, after = self._clock(), Counter[str](), ""
        while page := await self._page(after, PAGE):
            now = self._clock()
            await self.follow(pause)
            await self._on_page(page, now)
            states.update(self._state(device, now) for device in page)
            after = page[-1].id
            await asyncio.sleep(pause)
        self.last = Count(states, began)


RECOUNT_AFTER = timedelta(minutes=1)
"""After this time it counts again in any case, since rows also change with time."""
PAUSE_FACTOR = 20
"""The pause between counts, as a multiple of the time that the last one took."""


TREND_DAYS = 14
"""How many days of refusals are counted and shown."""
_WITHOUT = (*OUT, MailAccess.LOST)


@dataclass(frozen=True, slots=True)
class Outage:
    """The people who have a device without mail, by cause."""

    causes: tuple[OutageCause, ...]
    nobodys: int
    """Devices without mail whose person is not known."""
    having: int
    """How many people have a device."""
    at: datetime


class AppCounting:
    """Counts in the background. ``apps`` returns the keys of the listed apps, and ``fleet`` counts the browsers. ``outage`` is the last
    count of people without mail, ``browsers`` that of browsers; None before the first."""

    def __init__(
        self,
        store: Store,
        apps: Callable[[], Iterable[str]],
        clock: Callable[[], datetime],
        fleet: Callable[[datetime], Awaitable[FleetFacts]] | None = None,
    ) -> None:
        self._store, self._apps, self._clock, self._fleet = store, apps, clock, fleet
        self._counted: tuple[int, tuple[str, ...]] | None = None
        self._at: datetime | None = None
        self._began: datetime | None = None
        self.outage: Outage | None = None
        self.browsers: FleetFacts | None = None

    async def follow(self) -> None:
        """Count if it is due, and then pause."""
        began = asyncio.get_running_loop().time()
        with suppress(StoreError):  # /readyz reports it, and the counts stay as they were
            await self.count_if_due()
        await asyncio.sleep(PAUSE_FACTOR * (asyncio.get_running_loop().time() - began))

    async def count_if_due(self) -> None:
        """Count if devices or the listed apps have changed, or if it is time."""
        now = self._clock()
        if self._at is None and await self._waits(now):
            return
        wanted = (await self._store.rows.seen(), tuple(self._apps()))
        if wanted == self._counted and self._at is not None and now - self._at < RECOUNT_AFTER:
            return
        await count_apps(self._store, wanted[1], now)
        causes, nobodys = await self._store.rows.causes([each.value for each in _WITHOUT], now - WEEK)
        self.outage = Outage(tuple(causes), nobodys, await self._store.rows.people(), now)
        self.browsers = await self._fleet(now) if self._fleet else None
        await self._store.refused_days.count(now, TREND_DAYS)
        self._counted, self._at = wanted, now

    async def _waits(self, now: datetime) -> bool:
        """Whether the rows of devices are still being made, as at a first start. A count would then be incomplete."""
        self._began = self._began or now
        behind = await self._store.rows.seen() < await self._store.devices.last_change()
        return behind and now - self._began < RECOUNT_AFTER
