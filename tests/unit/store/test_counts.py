"""Who has which listed app is counted among rows of devices, by the index of that column, and kept for each day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, KEEP, NOW, access
from tests.unit.store.steps import goes_by, scanned, steps_of

from mailgate.devices.trust import report_by
from mailgate.store import Store
from mailgate.store.counts import AGAIN_AFTER, KEPT, KEPT_FOR, AppDay, RefusedDay, VerdictKey, start_of
from mailgate.store.device_rows import DeviceRow
from mailgate.store.sightings import ClientFacts, Sighting, Tally

TODAY = NOW.date()


@pytest.fixture
async def having(store: Store) -> Store:
    """Two phones of ada, one of bob, one of nobody, and one without a listed app. TikTok alone keeps anybody out."""
    await store.devices.ingest([report_by("mdm", f"{n}", serial=f"SERIAL{n}") for n in range(5)], NOW)
    has = (
        ("ada", '["tiktok"]', '["tiktok"]'),
        ("ada", '["tiktok", "wechat"]', '["tiktok"]'),
        ("bob", '["tiktok-lite"]', ""),
        ("", '["wechat"]', ""),
        ("cy", "", ""),
    )
    rows = [
        DeviceRow(device.number, person, apps=apps, blocked_by=blocked_by)
        for device, (person, apps, blocked_by) in zip(await store.devices.page(), has, strict=True)
    ]
    await store.rows.keep(rows)
    return store


async def test_people_and_devices_are_counted_and_a_key_is_no_part_of_another(having: Store) -> None:
    assert await having.app_counts.count(["tiktok", "tiktok-lite", "wechat", "alipay"], NOW) == [
        AppDay(TODAY, "tiktok", 1, 2, 1, 2, NOW),
        AppDay(TODAY, "tiktok-lite", 1, 1, 0, 0, NOW),
        AppDay(TODAY, "wechat", 1, 2, 0, 0, NOW),
        AppDay(TODAY, "alipay", 0, 0, 0, 0, NOW),
    ]


async def test_only_devices_with_a_listed_app_are_gone_through(having: Store) -> None:
    steps = await steps_of(having, lambda store: store.app_counts.count(["tiktok"], NOW))
    assert goes_by("ix_device_rows_apps", steps)
    assert scanned(steps) == []


async def test_the_last_count_of_a_day_is_kept_until_its_time_is_over(store: Store) -> None:
    await store.app_counts.keep([])
    first = AppDay(TODAY, "tiktok", 1, 2, 0, 0, NOW)
    later = first._replace(people=3, kept_out_people=2, at=NOW + timedelta(hours=1))
    old, older = (
        first._replace(day=TODAY - timedelta(days=40)),
        first._replace(day=TODAY - KEPT - timedelta(days=1)),
    )
    await store.app_counts.keep([older])
    await store.app_counts.keep([first, old])
    await store.app_counts.keep([later])
    await store.retention.prune(NOW, KEEP)
    assert await store.app_counts.since(TODAY) == [later]
    assert await store.app_counts.since(date(2020, 1, 1)) == [old, later]


AT = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)
BLOCKED = VerdictKey("block", kind="phone")
REFUSED = VerdictKey("block", rule="apps", reason="prohibited-app")


async def test_counts_of_two_gates_are_summed_by_minute_hour_and_day(store: Store) -> None:
    await store.verdicts.add({AT: {BLOCKED: 2, REFUSED: 2, VerdictKey("allow", kind="laptop"): 5}})
    await store.verdicts.add({AT: {BLOCKED: 1}, AT + timedelta(minutes=1): {BLOCKED: 4}})
    await store.verdicts.add({})
    for span, counted in (("minute", [3, 4]), ("hour", [7]), ("day", [7])):
        cells = await store.verdicts.by("effect", span, start_of(span, AT))
        assert sorted(each.times for each in cells if each.name == "block") == counted
    kinds = await store.verdicts.by("kind", "day", start_of("day", AT))
    assert {each.name: each.times for each in kinds} == {"phone": 7, "laptop": 5}
    assert await store.verdicts.refusals("day", start_of("day", AT), 5) == [(REFUSED, 2)]
    assert await store.verdicts.by("rule", "day", start_of("day", AT)) == [(start_of("day", AT), "apps", 2)]


async def test_old_counts_are_not_told_and_are_deleted_in_time(store: Store) -> None:
    await store.verdicts.add({AT: {BLOCKED: 2}})
    assert await store.verdicts.by("effect", "minute", AT + timedelta(minutes=1)) == []
    assert await store.retention.prune(AT + KEPT_FOR["minute"] + timedelta(minutes=1), KEEP) == 1
    assert await store.verdicts.by("effect", "minute", AT) == []
    assert len(await store.verdicts.by("effect", "hour", start_of("hour", AT))) == 1


def refusal(person: str, at: datetime, effect: str = "block", device: str = "d") -> tuple[Sighting, Tally]:
    facts = ClientFacts("phone", True, "claimed", "phone", "ios", device, "web", "", "GET", "/", ())
    seen = Sighting(at.date(), facts, device, "listed", person, "r", effect, "prohibited-app", (), "v1")
    return seen, Tally(1, at, at)


async def refuse(store: Store, *those: tuple[Sighting, Tally]) -> None:
    for sighting, tally in those:
        store.ledger.put(sighting, tally)
    await store.ledger.flush()


DAY = timedelta(days=1)


async def days_of(store: Store) -> dict[int, tuple[int, int]]:
    """The people and the strangers who were refused, by how many days ago."""
    found = await store.refused_days.since(date(2020, 1, 1))
    return {(TODAY - each.day).days: (each.people, each.strangers) for each in found}


async def test_people_are_counted_once_a_day_and_clients_of_nobody_known_apart(store: Store) -> None:
    asked = (("ada", "block"), ("Ada", "challenge"), ("bob", "warn"), ("cy", "allow"))
    await refuse(store, *(refusal(person, NOW, effect) for person, effect in asked))
    await refuse(store, *(refusal("", NOW, device=each) for each in ("one", "two")))
    await store.refused_days.count(NOW, 14)
    assert await days_of(store) == {0: (1, 2)}


async def test_days_before_are_counted_once_they_are_over_as_far_as_sightings_go(store: Store) -> None:
    await refuse(store, *(refusal(f"p{n}", NOW - n * DAY) for n in (0, 1, 3)))
    await store.refused_days.count(NOW, 14)
    # the third day may be the end of one, so nothing is known of it, and two days ago nobody was refused
    assert await days_of(store) == {0: (1, 0), 1: (1, 0), 2: (0, 0)}
    await refuse(store, refusal("late", NOW), refusal("later", NOW - DAY))
    await store.refused_days.count(NOW + AGAIN_AFTER - timedelta(seconds=1), 14)
    assert (await days_of(store))[0] == (1, 0)
    await store.refused_days.count(NOW + AGAIN_AFTER, 14)
    assert await days_of(store) == {0: (2, 0), 1: (1, 0), 2: (0, 0)}


async def test_a_day_is_counted_again_after_its_end(store: Store) -> None:
    await refuse(store, refusal("first", NOW - 5 * DAY), refusal("ada", NOW))
    await store.refused_days.count(NOW, 2)
    await refuse(store, refusal("bob", NOW + timedelta(hours=11)))
    await store.refused_days.count(NOW + DAY, 2)
    assert (await store.refused_days.since(TODAY))[0].people == 2


async def test_old_days_go(store: Store) -> None:
    await store.refused_days._keep(RefusedDay(TODAY - KEPT - DAY, 1, 0, NOW))
    await store.refused_days.count(NOW, 14)
    await store.retention.prune(NOW, KEEP)
    assert await days_of(store) == {0: (0, 0)}


async def test_people_whose_device_nobody_reports_are_counted_by_their_last_try(store: Store) -> None:
    tries = [("alice", BLOCK, 1), ("bob", BLOCK, 2), ("Bob", BLOCK, 3), ("carol", BLOCK, 4), ("carol", ALLOW, 5), ("eve", BLOCK, -20000), ("", BLOCK, 6)]  # fmt: skip
    for user, decision, minute in tries:
        at = NOW + timedelta(minutes=minute)
        store.ledger.record(replace(access(client=BROWSER, device="", user=user), now=at), decision)
    await store.ledger.flush()
    await store.devices.ingest([report_by("mdm", "1", serial="SERIAL1")], NOW)
    (device,) = await store.devices.page()
    await store.rows.keep([DeviceRow(device.number, "Alice", state="listed", mail="kept-out")])
    assert await store.refused_days.unreported(["kept-out"], NOW - timedelta(days=7)) == 1
    assert await store.refused_days.unreported(["lost"], NOW - timedelta(days=7)) == 2
