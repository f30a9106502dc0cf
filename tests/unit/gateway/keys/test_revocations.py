"""Which keys were revoked, as a gate knows it."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.gates import NOW

from mailgate.gateway.keys import revocations as module
from mailgate.gateway.keys.revocations import Revocations
from mailgate.store import StoreUnavailableError


class Enrolments:
    def __init__(self):
        self.gone = []
        self.breaks = None
        self.asked = []

    async def revoked(self, since=None):
        self.asked.append(since)
        if self.breaks:
            raise self.breaks
        return self.gone


@pytest.fixture
def store():
    return Enrolments()


async def test_all_revocations_are_read_each_minute_and_new_ones_in_between(store, clock):
    known = Revocations(store, clock)
    for seconds in (0, 1, 59, 60, 61):
        clock.now = NOW + timedelta(seconds=seconds)
        await known.poll()
    assert [since is None for since in store.asked] == [True, False, False, True, False]
    assert store.asked[1] == NOW + timedelta(seconds=1) - timedelta(minutes=10)


async def test_a_revoked_key_stays_revoked(store, clock):
    known = Revocations(store, clock)
    store.gone = ["a"]
    await known.poll()
    store.gone = ["b"]
    await known.poll()
    assert known == {"a", "b"}


async def test_known_revocations_count_while_the_store_is_away(store, clock, monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0)
    known = Revocations(store, clock)
    store.gone = ["a"]
    await known.poll()
    store.breaks = StoreUnavailableError("away")
    with capture_logs() as logs:
        running = asyncio.ensure_future(known.run())
        while len(store.asked) < 4:
            await asyncio.sleep(0)
        store.breaks, store.gone = None, ["b"]
        while "b" not in known:
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert [line["event"] for line in logs] == ["revocations-not-read"]
    assert known == {"a", "b"}
