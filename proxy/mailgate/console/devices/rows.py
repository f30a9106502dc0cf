"""The rows of the list of devices. Rows of changed devices are updated at once, and those of all devices in rounds."""

import asyncio
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from mailgate.config import Bundle
from mailgate.console.devices.mail_status import HEADLINES, OUT, MailAccess, mail_of, name_of
from mailgate.console.explain.requests import posture_now
from mailgate.devices.device import Device
from mailgate.devices.names import user_text
from mailgate.devices.trust import told_state
from mailgate.model import Posture
from mailgate.model.times import LONG_AGO
from mailgate.policy.decide import decide
from mailgate.rollout.replay import asking
from mailgate.store import Store, StoreError
from mailgate.store.device_rows import DeviceFilter, DeviceRow

LOOKS = 2
"""How often a page is read on if too few of its devices still match."""
AT_ONCE = 500
"""How many changed devices are updated at once."""
TURN = 50
"""How many of them are loaded and judged before others have their turn: the loop of a gate serves mail meanwhile."""
PAGE = 100
"""How many devices of a round are read without a pause. This takes a few milliseconds."""
PAGE_PAUSE_SECONDS = 0.1
"""The seconds between two pages, so that a round takes less than a tenth of one processor."""
ROUND_PAUSE_SECONDS = 60.0
"""The seconds between two rounds."""


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device with its current posture and row."""

    device: Device
    posture: Posture
    row: DeviceRow
    name: str

    @property
    def person(self) -> str:
        return self.row.person

    @property
    def headline(self) -> str:
        return HEADLINES[MailAccess(self.row.mail)]


@dataclass(frozen=True, slots=True)
class DevicePage:
    """Some devices, and the key after which the next page begins; None at the end."""

    found: tuple[ListedDevice, ...]
    after: int | None


async def find_devices(
    store: Store, bundle: Bundle, wanted: DeviceFilter, now: datetime, after: int = 0, size: int = 50
) -> DevicePage:
    """The next devices that match. A page may be short or even empty without being the last. Raises StoreUnavailableError."""
    with suppress(StoreError):  # if the store accepts no writes, the rows are read as they are
        await catch_up(store, bundle, now)
    found, behind = list[ListedDevice](), after
    for _ in range(LOOKS):
        looked = await store.rows.search(wanted, behind, size - len(found))
        found += [each for device in looked.rows if wanted.fits((each := listed(device, bundle, now)).row)]
        if looked.after is None or len(found) >= size:
            return DevicePage(tuple(found), looked.after)
        behind = looked.after
    return DevicePage(tuple(found), behind)


async def catch_up(store: Store, bundle: Bundle, now: datetime) -> bool:
    """Update the rows of devices that have changed, but not too many at once. Returns whether there are more."""
    seen = await store.rows.seen()
    changes = await store.devices.changes(seen, AT_ONCE)
    if changes.number == seen:
        return False
    rows, numbers = list[DeviceRow](), [number for number, _ in changes.changed]
    for start in range(0, len(numbers), TURN):
        devices = await store.devices.load(numbers[start : start + TURN])
        rows += [row_of(each, bundle, now) for each in devices]
    await store.rows.keep(rows, changes.number)
    return changes.more


async def refresh(store: Store, bundle: Bundle, devices: Sequence[Device], now: datetime) -> None:
    """Update the rows of these devices, since time or new rules may have changed them."""
    differing = await store.rows.differing([row_of(each, bundle, now) for each in devices])
    if differing:
        await store.rows.keep(differing)


class RowUpdates:
    """Updates the rows of all devices as long as the gate runs (``run``), and of those that have changed (``follow``)."""

    def __init__(self, store: Store, bundle: Callable[[], Bundle], clock: Callable[[], datetime]) -> None:
        self._store, self._bundle, self._clock = store, bundle, clock
        self._turn = asyncio.Lock()
        self.turns = 0
        """How often it has caught up with changed devices."""

    async def run(self) -> None:
        """Update again and again, until cancelled."""
        while True:
            with suppress(StoreError):  # /readyz reports it
                await self.round()
            await asyncio.sleep(ROUND_PAUSE_SECONDS)

    async def follow(self, pause: float = PAGE_PAUSE_SECONDS) -> None:
        """Catch up with changed devices. Raises StoreError."""
        more = True
        async with self._turn:
            while more:
                more = await catch_up(self._store, self._bundle(), self._clock())
                await asyncio.sleep(pause if more else 0)
        self.turns += 1

    async def round(self, pause: float = PAGE_PAUSE_SECONDS) -> None:
        """Update the row of every device once."""
        after = ""
        while page := await self._store.devices.summaries(after, PAGE):
            now = self._clock()
            await self.follow(pause)
            await refresh(self._store, self._bundle(), page, now)
            after = page[-1].id
            await asyncio.sleep(pause)


def listed(device: Device, bundle: Bundle, now: datetime) -> ListedDevice:
    """A device with its current posture and row."""
    posture = posture_now(device, bundle, now)
    return ListedDevice(device, posture, _row(device, posture, bundle, now), name_of(posture))


def row_of(device: Device, bundle: Bundle, now: datetime) -> DeviceRow:
    """The current row of a device, with the verdict for a request with its proof."""
    return _row(device, posture_now(device, bundle, now), bundle, now)


def _row(device: Device, posture: Posture, bundle: Bundle, now: datetime) -> DeviceRow:
    access = asking(device, posture, bundle.groups, now)
    decision = decide(access, bundle.policy)
    mail = mail_of(access, decision, bundle.policy)
    apps = posture.apps if mail in OUT else ()
    # the decision has the names of the apps that caused a refusal, not their keys
    blocked_by = [key for key in apps if bundle.policy.catalog.name_of(key) in decision.apps]
    return DeviceRow(
        device=device.number,
        person=user_text(posture.owner),
        kind=posture.kind.value if posture.kind else "unknown",
        os=posture.os,
        os_version=posture.os_version,
        source=posture.source or next(iter(posture.sources), ""),
        state=told_state(posture),
        mail=mail.value,
        apps=json.dumps(posture.apps) if posture.apps else "",
        blocked_by=json.dumps(blocked_by) if blocked_by else "",
        findings=json.dumps([each.reason for each in posture.findings]) if posture.findings else "",
        groups=json.dumps(access.user.groups) if access.user.groups else "",
        reported_at=posture.looked_from or LONG_AGO,
    )
