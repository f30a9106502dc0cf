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
    follower = DeviceChanges(None, devices, metrics, lambda: NOW)
    await follower.count_findings()
    assert shown(metrics, "device-os-contradicted") == 3
    assert shown(metrics, "device-kind-contradicted") == 0
    devices.found = None
    await follower.count_findings()
    assert shown(metrics, "device-os-contradicted") == 3
    devices.found = {}
    await follower.count_findings()
    assert shown(metrics, "device-os-contradicted") == 0


async def test_it_looks_again_whatever_broke_a_look(monkeypatch):
    monkeypatch.setattr(device_changes, "EVERY", 0)
    looks, enough = [], asyncio.Event()

    async def catch_up(now):
        looks.append(now)
        if len(looks) == 1:
            raise ZeroDivisionError
        enough.set()

    follower = DeviceChanges(SimpleNamespace(catch_up=catch_up), Devices({}), Metrics(), lambda: NOW)
    with capture_logs() as logs:
        task = asyncio.ensure_future(follower.run())
        await enough.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert logs == [{"event": "follow-failed", "error": "ZeroDivisionError", "log_level": "error"}]
