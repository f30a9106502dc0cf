"""How many devices are in which state: counted in the background, a little at a time, so that no request waits for it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.devices.device import Device
from mailgate.store import StoreError

PAGE = 100
"""Devices that are looked at without a pause: a few milliseconds."""
PAUSE = 0.1
"""Seconds between two pages: less than a tenth of one processor goes into it."""
REST = 60.0
"""Seconds between two rounds."""

Page = Callable[[str, int], Awaitable[Sequence[Device]]]
"""The next devices behind an id (``Devices.sketches``)."""
State = Callable[[Device, datetime], str]


@dataclass(frozen=True, slots=True)
class Count:
    """The outcome of one round."""

    states: Counter[str] = field(default_factory=Counter)
    since: datetime | None = None
    """When the round began; None before the first has ended."""

    @property
    def devices(self) -> int:
        return self.states.total()


class DeviceCounts:
    """Counts for as long as the gate runs. ``last`` is the newest whole round."""

    def __init__(self, page: Page, state: State, clock: Callable[[], datetime]) -> None:
        self._page, self._state, self._clock = page, state, clock
        self.last = Count()

    async def run(self) -> None:
        while True:
            with suppress(StoreError):  # /readyz says so; the count stays as it was
                await self.round()
            await asyncio.sleep(REST)

    async def round(self, pause: float = PAUSE) -> None:
        """Look at every device once."""
        began, states, after = self._clock(), Counter[str](), ""
        while page := await self._page(after, PAGE):
            now = self._clock()
            states.update(self._state(device, now) for device in page)
            after = page[-1].id
            await asyncio.sleep(pause)
        self.last = Count(states, began)
