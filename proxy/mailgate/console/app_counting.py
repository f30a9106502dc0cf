"""Counts the people and devices that have each listed app, in the background, and keeps the counts of each day for the
trend."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from mailgate.store import Store, StoreError
from mailgate.views.app_trends import count_apps

POLL_SECONDS = 2.0
"""The seconds between two checks whether devices have changed."""
RECOUNT_AFTER = timedelta(minutes=1)
"""After this time it counts again in any case, since rows also change with time."""
PAUSE_FACTOR = 20
"""The pause between counts, as a multiple of the time that the last one took."""


class AppCounting:
    """Counts in the background. Run ``run`` as a task. ``apps`` returns the keys of the listed apps."""

    def __init__(
        self, store: Store, apps: Callable[[], Iterable[str]], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._apps, self._clock = store, apps, clock
        self._counted: tuple[int, tuple[str, ...]] | None = None
        self._at: datetime | None = None
        self._began: datetime | None = None

    async def run(self) -> None:
        """Check regularly, until cancelled."""
        while True:
            began = asyncio.get_running_loop().time()
            with suppress(StoreError):  # /readyz reports it, and the counts stay as they were
                await self.count_if_due()
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(POLL_SECONDS, PAUSE_FACTOR * took))

    async def count_if_due(self) -> None:
        """Count if devices or the listed apps have changed, or if it is time."""
        now = self._clock()
        if self._at is None and await self._waits(now):
            return
        wanted = (await self._store.rows.seen(), tuple(self._apps()))
        if wanted == self._counted and self._at is not None and now - self._at < RECOUNT_AFTER:
            return
        await count_apps(self._store, wanted[1], now)
        self._counted, self._at = wanted, now

    async def _waits(self, now: datetime) -> bool:
        """Whether the rows of devices are still being made, as at a first start. A count would then be incomplete."""
        self._began = self._began or now
        behind = await self._store.rows.seen() < await self._store.devices.last_change()
        return behind and now - self._began < RECOUNT_AFTER
