"""Counts in the background, so that no request waits: the devices in each state, who has each listed app, who has no mail and why,
and how many were refused."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import with_config

from mailgate.console.apps.facts import count_apps
from mailgate.console.devices.mail_status import OUT, MailAccess
from mailgate.console.extension.facts import FleetFacts
from mailgate.model.fact import DESCRIBED
from mailgate.store import Store, StoreError
from mailgate.store.device_rows import OutageCause
from mailgate.store.fleet import WEEK

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
    unreported: int
    """How many other people got no mail within a week at the last try of a client that no source reports."""
    at: datetime


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class DeviceStates:
    """The number of devices in each state, counted in the background."""

    states: Counter[str] = field(default_factory=Counter)
    """The number of devices by state."""
    since: datetime | None = None
    """When they were counted; null before the first count."""

    @property
    def devices(self) -> int:
        return self.states.total()


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
        self.devices = DeviceStates()
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
        if wanted == self._counted and self._at is not None and abs(now - self._at) < RECOUNT_AFTER:
            return
        await count_apps(self._store, wanted[1], now)
        without = [each.value for each in _WITHOUT]
        causes, nobodys = await self._store.rows.causes(without, now - WEEK)
        unreported = await self._store.refused_days.unreported(without, now - WEEK)
        self.outage = Outage(tuple(causes), nobodys, await self._store.rows.people(), unreported, now)
        self.browsers = await self._fleet(now) if self._fleet else None
        await self._store.refused_days.count(now, TREND_DAYS)
        self.devices = DeviceStates(await self._store.rows.by_state(), now)
        self._counted, self._at = wanted, now

    async def _waits(self, now: datetime) -> bool:
        """Whether the rows of devices are still being made, as at a first start. A count would then be incomplete."""
        self._began = self._began or now
        behind = await self._store.rows.seen() < await self._store.devices.last_change()
        return behind and now - self._began < RECOUNT_AFTER
