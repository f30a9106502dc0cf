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
PAUSE = 0.1
"""The seconds between two pages, so that counting takes less than a tenth of one processor."""
REST = 60.0
"""The seconds between two rounds."""
CHANGES = 2.0
"""The seconds between two looks at changed devices."""

Page = Callable[[str, int], Awaitable[Sequence[Device]]]
"""Returns the next devices after an id (``Devices.summaries``)."""
State = Callable[[Device, datetime], str]
Look = Callable[[Sequence[Device], datetime], Awaitable[None]]
CatchUp = Callable[[datetime], Awaitable[bool]]


async def look_at_nothing(_devices: Sequence[Device], _now: datetime) -> None:
    """Used if only the count is wanted."""


async def has_no_more(_now: datetime) -> bool:
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
        look: Look = look_at_nothing,
        catch_up: CatchUp = has_no_more,
    ) -> None:
        """``look`` is called with the devices of each page. ``catch_up`` handles changed devices and returns whether
        there are more."""
        self._page, self._state, self._clock = page, state, clock
        self._look, self._catch_up = look, catch_up
        self.last = Count()

    async def run(self) -> None:
        while True:
            with suppress(StoreError):  # /readyz reports it, and the count stays as it was
                await self.round()
            with suppress(StoreError):
                for _ in range(int(REST / CHANGES)):
                    await asyncio.sleep(CHANGES)
                    await self._follow(PAUSE)

    async def _follow(self, pause: float) -> None:
        more = True
        while more:
            more = await self._catch_up(self._clock())
            if more:
                await asyncio.sleep(pause)

    async def round(self, pause: float = PAUSE) -> None:
        """Read every device once."""
        began, states, after = self._clock(), Counter[str](), ""
        while page := await self._page(after, PAGE):
            now = self._clock()
            await self._follow(pause)
            await self._look(page, now)
            states.update(self._state(device, now) for device in page)
            after = page[-1].id
            await asyncio.sleep(pause)
        self.last = Count(states, began)
