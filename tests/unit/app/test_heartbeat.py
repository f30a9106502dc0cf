"""A gate says that it runs, says so at once where its rules change, and leaves."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry
from tests.servers import PATIENCE
from tests.unit.clock import Clock
from tests.unit.rollout.examples import SHUT, rules
from tests.unit.rollout.versions import put_in_force
from tests.unit.store.examples import NOW
from tests.unit.store.outage import away

from mailgate.app.heartbeat import FoundGates, Heartbeat
from mailgate.app.workers.listeners import ALONE, WorkerPlace
from mailgate.console.now.gates import GateState
from mailgate.store import Store
from mailgate.tasks import end, running

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def store(store: Store) -> Store:
    await put_in_force(store, rules())
    return store


@pytest.fixture
async def gate(store: Store) -> Heartbeat:
    keeper = SimpleNamespace(current=SimpleNamespace(activation=await store.policies.active()))
    found, clock = FoundGates(CollectorRegistry()), Clock(NOW)
    return Heartbeat(store, keeper, ALONE, lambda: "http://gate", clock, found, asyncio.Event())  # type: ignore[arg-type]


async def hear_of(store: Store, serial: int) -> None:
    """Ask the store until the gate says in it that it decides by this version."""
    async with asyncio.timeout(PATIENCE):
        while [each.heartbeat.serial for each in await store.gates.last_heartbeats()] != [serial]:
            pass


async def test_a_heartbeat_tells_the_rules_and_since_when(gate: Heartbeat, store: Store) -> None:
    await gate.beat()
    gate.clock.now += MINUTE  # type: ignore[attr-defined]
    await gate.beat()
    (heard,) = await store.gates.last_heartbeats()
    beat = heard.heartbeat
    assert (beat.address, beat.number, beat.serial, beat.since) == ("http://gate", 1, 1, NOW)
    assert gate.found.gates.labels("ok")._value.get() == 1


async def test_new_rules_are_told_at_once_and_a_gate_without_them_is_behind(
    gate: Heartbeat, store: Store
) -> None:
    async with running(gate.run):
        await hear_of(store, 1)
        active = await put_in_force(store, rules(SHUT))
        gate.clock.now += MINUTE  # type: ignore[attr-defined]
        await gate.beat()
        assert gate.found.states == {GateState.BEHIND: 1}
        gate.keeper.current = SimpleNamespace(activation=active)  # type: ignore[misc,assignment]
        gate.rules_changed.set()
        await hear_of(store, 2)


async def test_a_gate_that_ends_leaves(gate: Heartbeat, store: Store) -> None:
    async with running(gate.run):
        await hear_of(store, 1)
    assert await store.gates.last_heartbeats() == []


async def test_a_store_that_is_away_ends_nothing(
    gate: Heartbeat, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def refuses(*_: object) -> None:
        asked.set()
        await away()

    with monkeypatch.context() as patched:
        for name in ("note", "leave", "forget"):
            patched.setattr(store.gates, name, refuses)
        beating = asyncio.ensure_future(gate.run())
        await asked.wait()
    gate.rules_changed.set()
    await hear_of(store, 1)
    await end(beating)


async def test_a_gate_is_alone_until_it_hears_of_another(gate: Heartbeat, store: Store) -> None:
    assert not gate.found.is_alone  # nobody was asked yet
    await gate.beat()
    assert gate.found.is_alone
    other = replace(
        gate, address=lambda: "http://other", found=FoundGates(CollectorRegistry()), _instance="other"
    )
    await other.beat()
    assert not other.found.is_alone
    await gate.beat()
    assert not gate.found.is_alone
    await store.gates.leave("other")
    await gate.beat()
    assert gate.found.is_alone


async def test_a_gate_unheard_of_for_long_does_not_count(gate: Heartbeat, store: Store) -> None:
    await replace(gate, address=lambda: "http://gone", _instance="gone").beat()
    async with store.gates._database.writing() as connection:
        await connection.exec_driver_sql("UPDATE gates SET heard_at = heard_at - 60")
    await gate.beat()
    assert gate.found.is_alone
    gate.place = WorkerPlace(0, 2)
    await gate.beat()
    assert not gate.found.is_alone


def offsets(gate: Heartbeat) -> list[float]:
    (family,) = gate.found.clock.collect()
    return [sample.value for sample in family.samples]


async def test_the_clock_offset_is_measured_against_the_database_or_unknown(
    gate: Heartbeat, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offsets(gate) == []
    await gate.beat()
    assert offsets(gate) == [], "the clock of SQLite is that of the gate"
    times = iter([NOW + 2 * MINUTE, NOW - MINUTE])

    async def noted(_: object) -> datetime:
        gate.clock.now += timedelta(seconds=1)  # type: ignore[attr-defined]
        return next(times)

    with monkeypatch.context() as patched:
        patched.setattr(store.gates, "note", noted)
        await gate.beat()
        assert offsets(gate) == [-119.5]
        await gate.beat()
        assert offsets(gate) == [61.5]
    asked = asyncio.Event()

    async def refuses(*_: object) -> None:
        asked.set()
        await away()

    with monkeypatch.context() as patched:
        patched.setattr(store.gates, "note", refuses)
        async with running(gate.run):
            await asked.wait()
            await asyncio.sleep(0)
        assert offsets(gate) == [], "what was measured before the outage is no longer known"
