"""How the rules of a running gate follow the store."""

import asyncio
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from tests.unit.store.examples import NOW

from mailgate.app import changes
from mailgate.app.changes import DeviceChanges, RuleChanges
from mailgate.gateway.metrics import Metrics
from mailgate.store import StoreUnavailableError
from mailgate.store.changes import ChangeNumbers

SAME = ChangeNumbers(activation=3, reliefs=5, devices=9)


class Gate:
    """A gate that decides by activation 3 and the reliefs 5. It notes what it is told to do, until the store says no more."""

    def __init__(self, *numbers):
        self.told, self._numbers = [], iter(numbers)
        self.store = SimpleNamespace(change_signal=self, change_numbers=self._next)
        self.keeper = SimpleNamespace(is_behind=lambda serial: serial != 3, refresh=self._note("version"))
        self.reliefs = SimpleNamespace(current=SimpleNamespace(serial=5), refresh=self._note("reliefs"))
        self.halting = SimpleNamespace(halt_rules=self._note("halts"))

    def _note(self, what):
        async def done():
            self.told.append(what)
            return True

        return done

    async def _next(self):
        found = next(self._numbers, asyncio.CancelledError())
        if isinstance(found, BaseException):
            raise found
        return found

    async def wait(self, _patience, heard):
        return heard + 1

    def take_rules(self):
        self.told.append("take rules")

    def take_reliefs(self):
        self.told.append("take reliefs")


async def followed(*numbers):
    gate = Gate(*numbers)
    with pytest.raises(asyncio.CancelledError):
        await RuleChanges(gate).run()
    return gate.told


@pytest.mark.parametrize(
    ("numbers", "done"),
    [
        (SAME, ["take rules", "halts"]),
        (SAME._replace(activation=4), ["version", "take rules", "halts"]),
        (SAME._replace(reliefs=6), ["take rules", "halts", "reliefs", "take reliefs"]),
        (StoreUnavailableError(), ["version", "take rules", "halts", "reliefs", "take reliefs"]),
    ],
    ids=["nothing changed", "other rules", "other reliefs", "the store is away, each part goes on in its own way"],
)  # fmt: skip
async def test_only_what_has_changed_is_read(numbers, done):
    assert await followed(numbers) == done


async def test_an_error_of_a_look_does_not_end_the_looks():
    with capture_logs() as logs:
        assert await followed(KeyError("a version that nobody foresaw"), SAME) == ["take rules", "halts"]
    assert logs == [{"event": "policy-look-failed", "error": "KeyError", "log_level": "error"}]


def test_looks_come_often_enough_for_a_second_in_all():
    assert changes.POLL_SECONDS <= 0.25


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


async def test_devices_are_looked_at_again_whatever_broke_a_look(monkeypatch):
    monkeypatch.setattr(changes, "POLL_SECONDS", 0)
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
    assert logs == [{"event": "device-changes-unread", "error": "ZeroDivisionError", "log_level": "error"}]
