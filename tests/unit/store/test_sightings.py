"""Rows of sightings."""

from datetime import date, timedelta

from tests.unit.store.examples import ALLOW, BLOCK, NOW, access, minutes

from mailgate.store import Recorded, Store, Tally


async def stored(store: Store) -> list[Recorded]:
    await store.ledger.flush()
    return await store.sightings.latest()


async def test_one_row_counts_one_client_and_answer_a_day(store: Store) -> None:
    for now in (NOW, NOW + minutes(1), NOW + timedelta(days=1)):
        store.ledger.record(access(now=now), BLOCK, f"ref-{now.minute}")
    store.ledger.record(access(), ALLOW)
    rows = {(row.sighting.day, row.sighting.effect): row.tally for row in await stored(store)}
    assert rows == {
        (date(2026, 12, 1), "block"): Tally(2, NOW, NOW + minutes(1), "ref-1", 2),
        (date(2026, 12, 2), "block"): Tally(1, NOW + timedelta(days=1), NOW + timedelta(days=1), "ref-0", 1),
        (date(2026, 12, 1), "allow"): Tally(1, NOW, NOW, ""),
    }


async def test_counts_go_on_over_batches(store: Store) -> None:
    for now in (NOW, NOW - minutes(2), NOW + minutes(2), NOW):
        store.ledger.record(access(now=now), BLOCK, f"at-{now.minute}")
        await store.ledger.flush()
    (row,) = await stored(store)
    assert row.tally == Tally(4, NOW - minutes(2), NOW + minutes(2), "at-2", 4)


async def test_latest_of_one_device_or_person(store: Store) -> None:
    for minute, (device, user) in enumerate([("a", "x"), ("b", "x"), ("b", "y")]):
        store.ledger.record(access(device=device, user=user, now=NOW + minutes(minute)), BLOCK)
    await store.ledger.flush()

    def named(rows: list[Recorded]) -> list[tuple[str, str]]:
        return [(row.sighting.device, row.sighting.user) for row in rows]

    assert named(await store.sightings.latest()) == [("b", "y"), ("b", "x"), ("a", "x")]
    assert named(await store.sightings.latest(device="b", user="x")) == [("b", "x")]
    assert named(await store.sightings.latest(user="x", size=1)) == [("b", "x")]
