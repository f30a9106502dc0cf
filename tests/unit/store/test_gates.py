"""What gates share: their clock, leases and keys, and who of them runs."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from tests.unit.store.examples import NOW

from mailgate.store import GateHeartbeat, Store
from mailgate.store.gates import earliest_now, latest_now, seconds_now, time_now

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


LONG_PAST, FAR = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


async def test_the_time_is_that_of_the_database(store: Store) -> None:
    async with store._database.reading() as connection:
        seconds = (await connection.execute(select(seconds_now(connection)))).scalar_one()
        told = await time_now(connection)
    assert told.tzinfo is UTC
    assert int(told.timestamp()) >= int(seconds)


async def test_the_later_of_both_clocks_tells_whether_a_time_is_ahead(store: Store) -> None:
    async with store._database.reading() as connection:
        assert await latest_now(connection, FAR) == FAR
        assert await latest_now(connection, LONG_PAST) > LONG_PAST


async def test_a_moment_is_past_only_by_both_clocks(store: Store) -> None:
    """SQLite has no other clock than that of the computer, which the gate has too."""
    async with store._database.reading() as connection:
        is_alone = connection.dialect.name == "sqlite"
        assert (await earliest_now(connection, FAR) == FAR) is is_alone
        assert await earliest_now(connection, LONG_PAST) == LONG_PAST


LONG, OVER = timedelta(hours=1), timedelta(seconds=-1)


async def test_a_lease_is_given_to_one_of_two(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", LONG)
    assert not await store.leases.claim("mdm", "b", LONG)
    assert await store.leases.claim("other", "b", LONG)


async def test_the_holder_of_a_lease_renews_it(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", LONG)
    assert await store.leases.claim("mdm", "a", LONG)


async def test_one_that_ran_out_is_taken_over_and_does_not_come_back(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", OVER)
    assert await store.leases.claim("mdm", "b", LONG)
    assert not await store.leases.claim("mdm", "a", LONG)


async def test_one_that_is_given_back_is_free(store: Store) -> None:
    assert await store.leases.claim("mdm", "a", LONG)
    await store.leases.release("mdm", "b")
    assert not await store.leases.claim("mdm", "b", LONG)
    await store.leases.release("mdm", "a")
    assert await store.leases.claim("mdm", "b", LONG)


async def test_a_lease_is_given_to_one_of_several_gates_at_once(
    store: Store, other_gates: list[Store]
) -> None:
    stores = [store, *other_gates]
    answers = await asyncio.gather(
        *(each.leases.claim("mdm", str(number), LONG) for number, each in enumerate(stores))
    )
    assert sorted(answers) == [False, False, False, True]


MONTH = timedelta(days=30)


async def test_the_first_start_makes_one_that_later_starts_find(
    store: Store, other_gates: list[Store]
) -> None:
    (key,) = await store.keys.current("probe", NOW, MONTH)
    assert (key.number, len(key.secret), key.made_at) == (1, 32, NOW)
    assert await other_gates[0].keys.current("probe", NOW + MONTH - timedelta(seconds=1), MONTH) == (key,)


async def test_a_key_is_renewed_and_the_last_two_are_kept(store: Store) -> None:
    (first,) = await store.keys.current("probe", NOW, MONTH)
    second, kept = await store.keys.current("probe", NOW + MONTH, MONTH)
    assert (second.number, kept) == (2, first)
    third, kept = await store.keys.current("probe", NOW + 2 * MONTH, MONTH)
    assert (third.number, kept) == (3, second)
    assert len({first.secret, second.secret, third.secret}) == 3


async def test_who_only_looks_makes_and_renews_none(store: Store) -> None:
    assert await store.keys.known("probe") == ()
    (key,) = await store.keys.current("probe", NOW, MONTH)
    assert await store.keys.known("probe") == (key,)


async def test_each_purpose_has_its_own(store: Store) -> None:
    (one,), (other,) = [await store.keys.current(purpose, NOW, MONTH) for purpose in ("a", "b")]
    assert one.secret != other.secret


async def test_gates_that_start_at_once_agree(store: Store, other_gates: list[Store]) -> None:
    found = await asyncio.gather(*(each.keys.current("probe", NOW, MONTH) for each in [store, *other_gates]))
    assert len(set(found)) == 1


async def test_a_key_does_not_show_its_secret(store: Store) -> None:
    (key,) = await store.keys.current("probe", NOW, MONTH)
    assert repr(key) == "Key(number=1)"


async def test_after_all_were_dropped_new_ones_are_made(store: Store) -> None:
    (old,) = await store.keys.current("probe", NOW, MONTH)
    await store.keys.current("nonce", NOW, MONTH)
    assert (await store.keys.drop(), await store.keys.drop()) == (2, 0)
    (new,) = await store.keys.current("probe", NOW, MONTH)
    assert new.secret != old.secret
