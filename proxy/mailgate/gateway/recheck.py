"""Asking the sources of one device at once, for somebody who has just fixed what was wrong.

A source is somebody else's server: it is asked about one device at most every half minute, a few questions at a time,
and nobody waits longer than some seconds for it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog
from cachetools import TTLCache

from mailgate.errors import MailgateError
from mailgate.gateway.pages.employee import Asked, Came
from mailgate.model import DeviceRecord

log = structlog.get_logger()

REST = 30
"""Seconds before a device is asked about again."""
PATIENCE = 10.0
"""Seconds that all sources of a device have together."""
AT_ONCE = 8
"""Questions at the same time, of everybody together."""
_MANY = 10_000

Ask = Callable[[str], Awaitable[DeviceRecord | None]]
"""What a source says of the device that it calls so; None where it has none. Raises MailgateError or OSError."""
Learn = Callable[[Sequence[DeviceRecord]], Awaitable[object]]
"""Stores what sources said. Raises MailgateError."""
NameOf = Callable[[str], str]
"""The display name of a listed app."""


class Slotted(Protocol):
    """What one source says of a device, as far as it takes to ask it (``store/device.py``)."""

    @property
    def source(self) -> str: ...

    @property
    def id(self) -> str: ...

    @property
    def gone(self) -> bool: ...


class Recheck:
    """Asks, learns what is said, and tells what came of it. ``asks`` has the sources that can be asked, by name."""

    def __init__(self, asks: Mapping[str, Ask], learn: Learn, clock: Callable[[], datetime]) -> None:
        self.asks = asks
        self._learn = learn
        self._lately: TTLCache[str, None] = TTLCache(_MANY, REST, lambda: clock().timestamp())
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(self, device_id: str, reports: Sequence[Slotted], name_of: NameOf) -> tuple[Asked, ...]:
        """One answer for each source of the device that can be asked; never raises for what a source does."""
        open_to = [report for report in reports if report.source in self.asks and not report.gone]
        if not open_to:
            return (Asked(Came.NOBODY),)
        if device_id in self._lately:
            return (Asked(Came.TOO_SOON),)
        self._lately[device_id] = None
        return tuple(await asyncio.gather(*(self._ask(each, name_of) for each in open_to)))

    async def _ask(self, report: Slotted, name_of: NameOf) -> Asked:
        try:
            async with asyncio.timeout(PATIENCE), self._turns:
                record = await self.asks[report.source](report.id)
                if record is not None:
                    await self._learn([record])
        except (MailgateError, OSError) as error:  # TimeoutError is an OSError
            log.warning("recheck-source-failed", source=report.source, error=type(error).__name__)
            return Asked(Came.SILENT, report.source)
        return came_of(report.source, record, name_of)


def came_of(source: str, record: DeviceRecord | None, name_of: NameOf) -> Asked:
    """What a source's record means to the person whose device it is."""
    if record is None or record.gone:
        return Asked(Came.UNKNOWN, source)
    apps = record.apps
    if apps is None:
        return Asked(Came.UNSEEN, source)
    if apps.present:
        return Asked(Came.FOUND, source, tuple(map(name_of, sorted(apps.present))), apps.at)
    return Asked(Came.CLEAR if apps.complete else Came.PARTLY, source, looked_at=apps.at)
