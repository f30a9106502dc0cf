"""Updates the cached devices of a running gate: changes by other processes are seen within a moment."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from mailgate.gateway.metrics import Metrics
from mailgate.model import DEVICE_FINDINGS
from mailgate.store import Postures, Store, StoreUnavailableError

log = structlog.get_logger()

POLL_SECONDS = 0.25
"""The seconds between two looks. A hanging request is judged again every half second, so a change reaches it within one
second."""
COUNT_AFTER = 240
"""The number of looks between two counts of findings: a minute."""


class DeviceChanges:
    """Keeps the cached devices up to date. Run ``run`` as a task."""

    def __init__(
        self, postures: Postures, store: Store, metrics: Metrics, clock: Callable[[], datetime]
    ) -> None:
        self._postures = postures
        self._store = store
        self._metrics = metrics
        self._clock = clock

    async def run(self) -> None:
        """Poll regularly, until cancelled, even if a poll raises an error."""
        looks = 0
        while True:
            try:
                await self.poll()
                if looks % COUNT_AFTER == 0:
                    await self.count_findings()
            except Exception as error:  # noqa: BLE001 - the loop goes on after any error
                log.error("follow-failed", error=type(error).__name__)
            looks += 1
            await asyncio.sleep(POLL_SECONDS)

    async def poll(self) -> None:
        """Learn what has changed. One cheap query shows whether anything has."""
        now = self._clock()  # read before the query, so that no change is missed
        try:
            numbers = await self._store.change_numbers()
        except StoreUnavailableError:
            numbers = None
        if numbers is None or not self._postures.knows(numbers.devices, now):
            await self._postures.catch_up(now)

    async def count_findings(self) -> None:
        """Show the number of findings. While the store cannot be reached the last count stays."""
        try:
            counted = await self._store.devices.counted_findings()
        except StoreUnavailableError:
            return
        for reason in DEVICE_FINDINGS:
            self._metrics.device_findings.labels(reason).set(counted.get(reason, 0))
