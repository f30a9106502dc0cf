"""Devices are counted in the background, a page at a time."""

from collections import Counter

import pytest
from tests.unit.clock import Clock
from tests.unit.console.browsing import NOW

from mailgate.console.device_count import PAGE, Count, DeviceCounts
from mailgate.devices.device import Device
from mailgate.store import StoreUnavailableError


async def test_a_round_counts_every_device_once() -> None:
    devices = [Device(f"{number:05}") for number in range(2 * PAGE + 1)]

    async def page(after: str, size: int) -> list[Device]:
        return [device for device in devices if device.id > after][:size]

    device_counts = DeviceCounts(
        page, lambda device, _now: "clean" if device.id < "00003" else "stale", Clock(NOW)
    )
    assert (device_counts.last.since, device_counts.last.devices) == (None, 0)
    await device_counts.round(pause=0)
    assert device_counts.last == Count(Counter(clean=3, stale=2 * PAGE - 2), NOW)
    assert device_counts.last.devices == len(devices)


async def test_a_round_that_breaks_leaves_the_count_as_it_was() -> None:
    async def page(after: str, _size: int) -> list[Device]:
        if after:
            raise StoreUnavailableError
        return [Device("a")]

    device_counts = DeviceCounts(page, lambda _device, _now: "clean", Clock(NOW))
    with pytest.raises(StoreUnavailableError):
        await device_counts.round(pause=0)
    assert device_counts.last == Count()
