"""Rows of sightings."""

from datetime import date, timedelta

import pytest
from tests.unit.store.examples import ALLOW, BLOCK, NOW, access, minutes
from tests.unit.store.steps import goes_by, scanned, steps_of

from mailgate.store import Recorded, RowPosition, Store, Tally
from mailgate.store.sightings import SightingPage


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


async def test_the_latest_sightings_are_those_of_a_device_or_person(store: Store) -> None:
    for minute, (device, user) in enumerate([("a", "x"), ("b", "x"), ("b", "y")]):
        store.ledger.record(access(device=device, user=user, now=NOW + minutes(minute)), BLOCK)
    await store.ledger.flush()

    def named(rows: list[Recorded]) -> list[tuple[str, str]]:
        return [(row.sighting.device, row.sighting.user) for row in rows]

    assert named(await store.sightings.latest()) == [("b", "y"), ("b", "x"), ("a", "x")]
    assert named(await store.sightings.latest(device="b", user="x")) == [("b", "x")]
    assert named(await store.sightings.latest(user="x", size=1)) == [("b", "x")]


HOURS = timedelta(hours=2)


async def seen(store: Store, *users: str) -> None:
    """Somebody a minute, the last at ``NOW``; those in capitals are kept out."""
    for back, user in enumerate(reversed(users)):
        decision = BLOCK if user.isupper() else ALLOW
        store.ledger.record(access(user=user, now=NOW - minutes(back)), decision, f"ref-{user}")
    await store.ledger.flush()


def users(looked: SightingPage) -> list[str]:
    return [each.sighting.user for each in looked.found]


async def test_a_list_goes_on_behind_the_last_that_was_shown(store: Store) -> None:
    await seen(store, "a", "b", "c", "d", "e")
    first = await store.sightings.search(NOW - HOURS, 2)
    second = await store.sightings.search(NOW - HOURS, 2, first.behind)
    third = await store.sightings.search(NOW - HOURS, 2, second.behind)
    assert [users(each) for each in (first, second, third)] == [["e", "d"], ["c", "b"], ["a"]]
    assert third.behind is None
    assert users(await store.sightings.search(NOW - minutes(1), 9)) == ["e", "d"]


async def test_rare_sightings_are_searched_a_window_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.store.sightings.WINDOW", 2)
    await seen(store, "A", "b", "c", "d", "e")
    found, behind = [], None
    for _ in range(3):
        looked = await store.sightings.search(NOW - HOURS, 9, behind, effect="block")
        found.append(users(looked))
        behind = looked.behind
    assert (found, behind) == ([[], [], ["A"]], None)
    by_rule = await store.sightings.search(NOW - HOURS, 9, rule=BLOCK.rule)
    assert (users(by_rule), by_rule.behind) == (["A"], None)  # an index leads there


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "ix_sightings_last_at"),
        ({"rule": "r"}, "ix_sightings_rule_last_at"),
        ({"rule": "r", "reason": "x"}, "ix_sightings_rule_last_at"),
        ({"effect": "block"}, "ix_sightings_last_at"),
        ({"user": "ada", "rule": "r"}, "ix_sightings_user"),
    ],
)
async def test_every_look_at_sightings_goes_by_an_index(
    store: Store, wanted: dict[str, str], index: str
) -> None:
    place = RowPosition(NOW, "x")
    steps = await steps_of(store, lambda store: store.sightings.search(NOW - HOURS, 9, place, **wanted))
    assert goes_by(index, steps)
    assert scanned(steps) == []


async def test_a_sighting_is_found_by_an_index(store: Store) -> None:
    steps = await steps_of(store, lambda store: store.sightings.find("REF2345"))
    assert "ix_sightings_reference" in steps
    assert scanned(steps) == []
