"""Which gates there are: each process has its place, and what is not heard of any more goes."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.store.examples import NOW

from mailgate.store import GateHeartbeat, Store

BEAT = GateHeartbeat(
    host="gate-1", address="https://mail.example.com", worker=0, workers=1, instance="one", version="0.1.0",
    policy="abc", number=3, serial=4, since=NOW,
)  # fmt: skip


async def beats(store: Store) -> list[GateHeartbeat]:
    return [each.heartbeat for each in await store.gates.last_heartbeats()]


async def test_the_last_word_of_each_place_counts(store: Store, url: str) -> None:
    other = replace(BEAT, worker=1, instance="two")
    later = replace(BEAT, instance="three", policy="def", number=5, serial=6, since=NOW + timedelta(hours=1))
    for each in (BEAT, other, later):
        told = await store.gates.note(each)
        assert (told is None) is url.startswith("sqlite"), "SQLite has no clock of its own"
    assert await beats(store) == [later, other]
    assert all(timedelta() <= each.ago < timedelta(minutes=5) for each in await store.gates.last_heartbeats())


async def test_a_gate_that_leaves_is_gone_and_its_successor_stays(store: Store) -> None:
    await store.gates.note(BEAT)
    await store.gates.note(replace(BEAT, instance="two"))
    await store.gates.leave("one")
    assert [each.instance for each in await beats(store)] == ["two"]
    await store.gates.leave("two")
    assert await beats(store) == []


async def test_a_silent_gate_is_forgotten(store: Store) -> None:
    await store.gates.note(BEAT)
    assert await store.gates.forget(timedelta(hours=1)) == 0
    assert await store.gates.forget(timedelta(seconds=-1)) == 1
    assert await beats(store) == []
