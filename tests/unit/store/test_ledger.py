"""Sightings from the request to the row."""

import asyncio
import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.unit.store.examples import ALLOW, BLOCK, NOW, access, minutes
from tests.unit.store.outage import cut_off

from mailgate.model import Client, Effect, Kind, Reason, RequestFacts, RuleTrial, Stage
from mailgate.store import Recorded, Store, Tally
from mailgate.store.database import Database
from mailgate.store.ledger import Ledger
from mailgate.store.spool import Spool


async def stored(store: Store) -> list[Recorded]:
    await store.ledger.flush()
    return await store.sightings.latest()


async def test_one_row_counts_one_client_and_answer_a_day(store: Store) -> None:
    for now in (NOW, NOW + minutes(1), NOW + timedelta(days=1)):
        store.ledger.record(access(now=now), BLOCK, f"ref-{now.minute}")
    store.ledger.record(access(), ALLOW)
    rows = {(row.sighting.day, row.sighting.effect): row.tally for row in await stored(store)}
    assert rows == {
        (date(2026, 12, 1), "block"): Tally(2, NOW, NOW + minutes(1), "ref-1"),
        (date(2026, 12, 2), "block"): Tally(1, NOW + timedelta(days=1), NOW + timedelta(days=1), "ref-0"),
        (date(2026, 12, 1), "allow"): Tally(1, NOW, NOW, ""),
    }


async def test_counts_go_on_over_batches(store: Store) -> None:
    for now in (NOW, NOW - minutes(2), NOW + minutes(2), NOW):
        store.ledger.record(access(now=now), BLOCK, f"at-{now.minute}")
        await store.ledger.flush()
    (row,) = await stored(store)
    assert row.tally == Tally(4, NOW - minutes(2), NOW + minutes(2), "at-2")


async def test_a_sighting_says_who_what_and_why(store: Store) -> None:
    would = RuleTrial("next-rule", "true", True, Stage.REPORT_ONLY, Effect.WARN)
    store.ledger.record(access(), replace(BLOCK, would=(would,)), "0a1b")
    (row,) = await stored(store)
    seen = row.sighting
    assert (seen.device, seen.user, seen.posture) == ("phone-1", "ada@example.com", "missing")
    assert (seen.rule, seen.effect, seen.reason) == ("prohibited-app", Effect.BLOCK, Reason.PROHIBITED_APP)
    assert (seen.would, seen.policy) == (("next-rule:warn",), "v1")
    assert (seen.client.kind, seen.client.os, seen.client.assurance) == ("phone", "ios", "claimed")
    assert row == await store.sightings.find(row.id) == await store.sightings.find("0a1b")
    assert await store.sightings.find("other") is None


async def test_a_recorded_client_can_be_classified_again(store: Store) -> None:
    facts = RequestFacts(method="GET", target="/mail/", headers={"user-agent": "Mozilla/5.0 (\udcff iPhone)"})
    store.ledger.record(access(facts), BLOCK)
    (row,) = await stored(store)
    assert row.sighting.client.facts == facts


@pytest.mark.parametrize("bad", ["\ud800", "a\0b", "x" * 100_000, "' --"])
async def test_odd_text_is_kept_somehow(store: Store, bad: str) -> None:
    facts = RequestFacts(method=bad, target=f"/{bad}/x", headers={"user-agent": bad})
    store.ledger.record(
        access(facts, device=bad, user=bad, client=Client(Kind.MAIL_APP, True, eas_id=bad)), BLOCK
    )
    assert len(await stored(store)) == 1
    assert store.ledger.counts.dropped == 0


async def test_what_cannot_be_recorded_is_counted_and_never_raised(store: Store) -> None:
    store.ledger.record(None, BLOCK)  # type: ignore[arg-type]
    assert store.ledger.counts.dropped == 1


async def test_a_full_queue_drops_and_counts(store: Store, tmp_path: Path) -> None:
    ledger = Ledger(store._database, Spool(tmp_path / "other.jsonl", 1000), limit=2)
    for user in ("a", "b", "c", "a"):
        ledger.record(access(user=user), BLOCK)
    await ledger.flush()
    assert {row.sighting.user: row.tally.times for row in await stored(store)} == {"a": 2, "b": 1}
    assert ledger.counts.dropped == 1


async def test_an_outage_loses_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        cut_off(store, monkeypatch)
        for user in ("a", "b", "a"):
            store.ledger.record(access(user=user), BLOCK)
            await store.ledger.flush()
        spool = tmp_path / "spool" / "sightings.jsonl"
        assert stat.S_IMODE(spool.stat().st_mode) == 0o600
    assert {row.sighting.user: row.tally.times for row in await stored(store)} == {"a": 2, "b": 1}
    assert not any((tmp_path / "spool").iterdir())
    assert store.ledger.counts.replayed == 2


async def test_a_spool_left_by_an_earlier_process_is_written_by_the_next(url: str, tmp_path: Path) -> None:
    first = await Store.open(url, spool=tmp_path)
    with pytest.MonkeyPatch.context() as monkeypatch:
        cut_off(first, monkeypatch)
        first.ledger.record(access(), BLOCK)
        await first.close()
    second = await Store.open(url, spool=tmp_path)
    assert len(await stored(second)) == 1
    await second.close()


async def test_an_outage_in_the_middle_of_a_replay_doubles_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.MonkeyPatch.context() as outage:
        cut_off(store, outage)
        for number in range(750):
            store.ledger.record(access(user=f"u{number}"), BLOCK)
        await store.ledger.flush()
    deliver, turns = store.ledger._write_batch, iter([True, False])

    async def once(batch: dict[object, object]) -> None:
        if not next(turns):
            cut_off(store, monkeypatch)
        await deliver(batch)  # type: ignore[arg-type]

    monkeypatch.setattr(store.ledger, "_write_batch", once)
    await store.ledger.flush()
    monkeypatch.undo()
    await store.ledger.flush()
    rows = await store.sightings.latest(size=1000)
    assert len(rows) == 750
    assert {row.tally.times for row in rows} == {1}


async def test_one_item_that_the_database_refuses_takes_no_other_along(store: Store) -> None:
    for user in ("good", "bad"):
        store.ledger.record(access(user=user), BLOCK)
    key = next(key for key in store.ledger._items if key.user == "bad")
    store.ledger._items[key] = store.ledger._items[key]._replace(first=None)
    assert [row.sighting.user for row in await stored(store)] == ["good"]
    assert store.ledger.counts.dropped == 1


async def test_close_writes_what_waits_and_ends_run(store: Store) -> None:
    running = asyncio.ensure_future(store.run())
    await asyncio.sleep(0)
    store.ledger.record(access(), BLOCK)
    await store.ledger.close(5)
    await store.reports.close(5)
    await running
    assert len(await store.sightings.latest()) == 1


@pytest.mark.parametrize("way", ["close", "cancel"])
async def test_what_cannot_be_written_in_time_goes_to_disk(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    store = await Store.open(url, spool=tmp_path)
    store.ledger.record(access(), BLOCK)
    running = asyncio.ensure_future(store.ledger.run())
    await asyncio.sleep(0)
    if way == "close":
        with pytest.MonkeyPatch.context() as hanging:
            hanging.setattr(store.ledger, "_write_batch", lambda _: asyncio.Event().wait())
            await store.ledger.close(0)
            await running
    else:
        running.cancel()
        await asyncio.wait([running])
    assert Spool(tmp_path / "sightings.jsonl", 0).waiting
    await store.close()
    again = await Store.open(url, spool=tmp_path)
    (row,) = await stored(again)
    assert row.tally.times == 1
    await again.close()


async def test_latest_of_one_device_or_person(store: Store) -> None:
    for minute, (device, user) in enumerate([("a", "x"), ("b", "x"), ("b", "y")]):
        store.ledger.record(access(device=device, user=user, now=NOW + minutes(minute)), BLOCK)
    await store.ledger.flush()

    def named(rows: list[Recorded]) -> list[tuple[str, str]]:
        return [(row.sighting.device, row.sighting.user) for row in rows]

    assert named(await store.sightings.latest()) == [("b", "y"), ("b", "x"), ("a", "x")]
    assert named(await store.sightings.latest(device="b", user="x")) == [("b", "x")]
    assert named(await store.sightings.latest(user="x", size=1)) == [("b", "x")]


async def test_a_write_that_hangs_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Database.writing
    monkeypatch.setattr(Database, "writing", lambda self: writing(self, patience=0))
    store.ledger.record(access(), BLOCK)
    await store.ledger.flush()
    assert store.ledger.counts.spooled == 1
