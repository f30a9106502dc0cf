"""What a running gate hears of devices."""

import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from tests.unit.store.examples import NOW

from mailgate.app import device_changes
from mailgate.app.device_changes import DeviceChanges
from mailgate.gateway.metrics import Metrics
from mailgate.store import StoreUnavailableError
from mailgate.store.change_numbers import ChangeNumbers


class Devices:
    """A store with findings, or one that is away."""

    def __init__(self, found):
        self.found = found

    async def counted_findings(self):
        if self.found is None:
            raise StoreUnavailableError
        return self.found


def shown(metrics, reason):
    return metrics.registry.get_sample_value("mailgate_device_findings", {"reason": reason})


async def test_findings_are_counted_by_reason_and_those_that_are_over_are_none():
    metrics, devices = Metrics(), Devices({"device-os-contradicted": 3})
    follower = DeviceChanges(None, SimpleNamespace(devices=devices), metrics, lambda: NOW)
    await follower.count_findings()
    assert shown(metrics, "device-os-contradicted") == 3
    assert shown(metrics, "device-kind-contradicted") == 0
    devices.found = None
    await follower.count_findings()
    assert shown(metrics, "device-os-contradicted") == 3
    devices.found = {}
    await follower.count_findings()
    assert shown(metrics, "device-os-contradicted") == 0


class Stored:
    """A store whose last change of devices has a number; None while it is away."""

    devices = Devices({})
    last: int | None = 1

    async def change_numbers(self):
        if self.last is None:
            raise StoreUnavailableError
        return ChangeNumbers(1, 1, self.last)


class Followed:
    """Postures that have learned every change up to a number."""

    def __init__(self):
        self.learned, self.caught_up = 1, []

    def knows(self, change, _now):
        return change == self.learned

    async def catch_up(self, now):
        self.caught_up.append(now)


async def test_changes_are_learned_only_if_there_are_any_or_nobody_can_tell():
    postures, store = Followed(), Stored()
    follower = DeviceChanges(postures, store, Metrics(), lambda: NOW)
    await follower.poll()
    assert not postures.caught_up
    store.last = 2
    await follower.poll()
    store.last = None
    await follower.poll()
    assert postures.caught_up == [NOW, NOW]


async def test_it_looks_again_whatever_broke_a_look(monkeypatch):
    monkeypatch.setattr(device_changes, "POLL_SECONDS", 0)
    looks, enough = [], asyncio.Event()

    def knows(_change, now):
        looks.append(now)
        if len(looks) == 1:
            raise ZeroDivisionError
        enough.set()
        return True

    follower = DeviceChanges(SimpleNamespace(knows=knows), Stored(), Metrics(), lambda: NOW)
    with capture_logs() as logs:
        task = asyncio.ensure_future(follower.run())
        await enough.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert logs == [{"event": "follow-failed", "error": "ZeroDivisionError", "log_level": "error"}]
