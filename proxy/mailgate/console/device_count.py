"""Counts the devices in each state, in the background and a little at a time, so that no request waits for it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from mailgate.devices.device import Device
from mailgate.store import StoreError

PAGE = 100
"""How many devices are read without a pause. This takes a few milliseconds."""
PAGE_PAUSE_SECONDS = 0.1
"""The seconds between two pages, so that counting takes less than a tenth of one processor."""
ROUND_PAUSE_SECONDS = 60.0
"""The seconds between two rounds."""
CHANGES_POLL_SECONDS = 2.0
"""The seconds between two looks at changed devices."""

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
    """Counts as long as the gate runs. ``last`` is the newest complete round."""

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
        self.last = Count()

    async def run(self) -> None:
        while True:
            with suppress(StoreError):  # /readyz reports it, and the count stays as it was
                await self.round()
            with suppress(StoreError):
                for _ in range(int(ROUND_PAUSE_SECONDS / CHANGES_POLL_SECONDS)):
                    await asyncio.sleep(CHANGES_POLL_SECONDS)
                    await self._follow(PAGE_PAUSE_SECONDS)

    async def _follow(self, pause: float) -> None:
        more = True
        while more:
            more = await self._catch_up(self._clock())
            if more:
                await asyncio.sleep(pause)

    async def round(self, pause: float = PAGE_PAUSE_SECONDS) -> None:
        """Read every device once."""
        began, states, after = self._clock(), Counter[str](), ""
        while page := await self._page(after, PAGE):
            now = self._clock()
            await self._follow(pause)
            await self._on_page(page, now)
            states.update(self._state(device, now) for device in page)
            after = page[-1].id
            await asyncio.sleep(pause)
        self.last = Count(states, began)
