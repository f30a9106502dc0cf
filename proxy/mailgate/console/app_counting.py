"""Counts who has which listed app in the background, so that no page waits for it, and keeps the counts of each day for the trend."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from mailgate.store import Store, StoreError
from mailgate.views.app_trends import count_apps

LOOK = 2.0
"""Seconds between two looks whether devices have changed."""
AGAIN = timedelta(minutes=1)
"""After this it is counted again in any case: time changes rows too."""
SHARE = 20
"""How many times as long as it has counted it rests at least."""


class AppCounting:
    """Run ``run`` as a task. ``apps`` are the keys of the listed apps of now."""

    def __init__(
        self, store: Store, apps: Callable[[], Iterable[str]], clock: Callable[[], datetime]
    ) -> None:
        self._store, self._apps, self._clock = store, apps, clock
        self._counted: tuple[int, tuple[str, ...]] | None = None
        self._at: datetime | None = None
        self._began: datetime | None = None

    async def run(self) -> None:
        """Look regularly, until cancelled."""
        while True:
            began = asyncio.get_running_loop().time()
            with suppress(StoreError):  # /readyz says so; the counts stay as they were
                await self.look()
            took = asyncio.get_running_loop().time() - began
            await asyncio.sleep(max(LOOK, SHARE * took))

    async def look(self) -> None:
        """Count if devices or the listed apps have changed, or it is time."""
        now = self._clock()
        if self._at is None and await self._waits(now):
            return
        wanted = (await self._store.rows.seen(), tuple(self._apps()))
        if wanted == self._counted and self._at is not None and now - self._at < AGAIN:
            return
        await count_apps(self._store, wanted[1], now)
        self._counted, self._at = wanted, now

    async def _waits(self, now: datetime) -> bool:
        """Whether the rows of devices are still being made, as at a first start: a count of some of them would be wrong."""
        self._began = self._began or now
        behind = await self._store.rows.seen() < await self._store.devices.last_change()
        return behind and now - self._began < AGAIN
