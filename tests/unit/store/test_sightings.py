"""Rows of sightings."""

import json
from datetime import date, timedelta

import pytest
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, NOW, access, mail_app, minutes, stored
from tests.unit.store.steps import goes_by, scanned, steps_of

from mailgate.devices.device import new_id
from mailgate.devices.trust import report_by
from mailgate.model.proofs import ExtensionWord
from mailgate.store import Recorded, RowPosition, SeenClient, Store, Tally
from mailgate.store.bulk_rows import RowPage
from mailgate.store.sightings import ClientFacts, Proofs, facts_of


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


@pytest.mark.parametrize(
    ("column", "known"),
    [
        ('{"attestation": "accepted"}', Proofs(attestation="accepted")),
        ('{"extension": ["1.0"]}', Proofs(extension=ExtensionWord("1.0"))),
        ('{"attestation": "accepted", "revoked": true}', None),
        (json.dumps({"extension": [""] * 50}), None),
        (
            '{"attestation": "token-expired", "certified_kind": "tablet", "findings": ["two-devices"]}',
            Proofs(attestation="token-expired", certified_kind="tablet", findings=("two-devices",)),
        ),
        *((json.dumps({name: "of-tomorrow"}), None) for name in ("attestation", "certificate", "kind")),
        ('{"certified_kind": "watch"}', None),
        ('{"findings": ["two-devices", "of-tomorrow"]}', None),
        ('{"findings": ["no-rule-matched"]}', None),
    ],
)
def test_proofs_of_which_a_newer_gate_recorded_more_are_not_known(column: str, known: Proofs | None) -> None:
    facts = facts_of(["x"] * (len(ClientFacts._fields) - 2) + ["{}", column])
    assert facts.proofs == known


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


def users(looked: RowPage[Recorded, RowPosition]) -> list[str]:
    return [each.sighting.user for each in looked.rows]


async def test_a_list_goes_on_behind_the_last_that_was_shown(store: Store) -> None:
    await seen(store, "a", "b", "c", "d", "e")
    first = await store.sightings.search(NOW - HOURS, 2)
    second = await store.sightings.search(NOW - HOURS, 2, first.after)
    third = await store.sightings.search(NOW - HOURS, 2, second.after)
    assert [users(each) for each in (first, second, third)] == [["e", "d"], ["c", "b"], ["a"]]
    assert third.after is None
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
        behind = looked.after
    assert (found, behind) == ([[], [], ["A"]], None)
    by_rule = await store.sightings.search(NOW - HOURS, 9, rule=BLOCK.rule)
    assert (users(by_rule), by_rule.after) == (["A"], None)  # an index leads there


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


TODAY = NOW.date()
APP = mail_app("ApplX1")


def named(ways: list[SeenClient]) -> list[tuple[str, str, str]]:
    return [(way.device, way.user, way.client.eas_id) for way in ways]


async def came(store: Store, *accesses: tuple[str, str]) -> None:
    """People on devices, with one client."""
    for device, user in accesses:
        store.ledger.record(access(device=device, user=user), ALLOW)
    await store.ledger.flush()


async def test_each_way_comes_once_whatever_was_decided_and_however_often(store: Store) -> None:
    for days, decision in ((0, ALLOW), (0, BLOCK), (1, ALLOW)):
        for client in (BROWSER, APP):
            store.ledger.record(access(client=client, now=NOW + timedelta(days=days)), decision)
    await came(store, ("phone-2", "lin"))
    ways = await store.seen_clients.of(["phone-1"], TODAY)
    assert sorted(named(ways)) == [
        ("phone-1", "ada@example.com", ""),
        ("phone-1", "ada@example.com", "applx1"),
    ]
    assert len({way.client_id for way in ways}) == 2
    assert {way.client.kind for way in ways} == {BROWSER.kind, APP.kind}


async def test_every_device_of_a_person_counts_in_any_spelling_of_the_login(store: Store) -> None:
    await came(store, ("phone-1", "Ada"), ("phone-2", "ada"), ("", "ADA"), ("phone-1", "lin"))
    assert named(await store.seen_clients.by("ada", TODAY)) == [
        ("", "ADA", ""),
        ("phone-1", "Ada", ""),
        ("phone-2", "ada", ""),
    ]


async def test_clients_seen_before_the_day_do_not_count(store: Store) -> None:
    await came(store, ("phone-1", "ada"))
    tomorrow = TODAY + timedelta(days=1)
    assert await store.seen_clients.of(["phone-1"], tomorrow) == []
    assert await store.seen_clients.by("ada", tomorrow) == []
    assert await store.seen_clients.strangers(tomorrow, ("", "")) == []


async def test_strangers_come_a_page_after_the_other(store: Store) -> None:
    await came(store, *(("", user) for user in "dbca"))
    first = await store.seen_clients.strangers(TODAY, ("", ""), size=3)
    rest = await store.seen_clients.strangers(TODAY, (first[-1].client_id, first[-1].user), size=3)
    assert [[way.user for way in page] for page in (first, rest)] == [["a", "b", "c"], ["d"]]
    assert {way.device for way in first} == {""}


async def test_a_client_on_a_known_device_is_no_stranger(store: Store) -> None:
    await store.devices.ingest([report_by("jamf", "a", serial="SERIAL1")], NOW)
    await store.devices.ingest([report_by("intune", "b", eas_ids=("ApplX1",))], NOW)
    await store.devices.ingest([report_by("google", "c", serial="SERIAL1", eas_ids=("ApplX1",))], NOW)
    (device,) = await store.devices.page()
    (former,) = device.former_ids
    await came(store, (device.id, "now"), (former, "before"), (new_id(("jamf", "gone")), "stranger"))
    assert [way.user for way in await store.seen_clients.strangers(TODAY, ("", ""))] == ["stranger"]
