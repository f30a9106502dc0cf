"""What waits to be written, seen on the ledger."""

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs
from tests.unit.store.examples import BLOCK, CATALOG, NOW, access, proof, stored
from tests.unit.store.outage import cut_off, outage

from mailgate.store import Backlog, Store
from mailgate.store.database import Database
from mailgate.store.ingest import report_of
from mailgate.store.ledger import Ledger
from mailgate.store.spool import Spool

OTHER = proof(device_id="phone-2")


async def test_a_full_queue_drops_and_counts(store: Store, tmp_path: Path) -> None:
    ledger = Ledger(store._database, Spool(tmp_path / "other.jsonl", 1000), limit=2)
    for user in ("a", "b", "c", "a"):
        ledger.record(access(user=user), BLOCK)
    await ledger.flush()
    assert {row.sighting.user: row.tally.times for row in await stored(store)} == {"a": 2, "b": 1}
    assert ledger.counts.dropped == 1


async def test_a_reader_knows_what_was_waiting_at_its_start(store: Store) -> None:
    reports, one, other = store.reports, report_of(proof(), CATALOG, NOW), report_of(OTHER, CATALOG, NOW)
    reports.put(one.key, one)
    began = reports.holding()
    await reports.flush()
    reports.put(other.key, other)
    assert [reports.holds(each.key) for each in (one, other)] == [False, True]
    assert [began(each.key) for each in (one, other)] == [True, True]
    assert not reports.holding()(one.key)
    await reports.flush()
    assert not began(other.key)


async def test_an_outage_loses_nothing(store: Store, tmp_path: Path) -> None:
    with outage(store):
        for user in ("a", "b", "a"):
            store.ledger.record(access(user=user), BLOCK)
            await store.ledger.flush()
        spool = tmp_path / "spool" / "sightings.jsonl"
        assert stat.S_IMODE(spool.stat().st_mode) == 0o600
    assert {row.sighting.user: row.tally.times for row in await stored(store)} == {"a": 2, "b": 1}
    assert not any((tmp_path / "spool").iterdir())


async def test_the_backlog_has_its_reason_and_its_start(store: Store, tmp_path: Path) -> None:
    now = [0.0]
    ledger = Ledger(store._database, Spool(tmp_path / "gone" / "other.jsonl", 1000))
    ledger._clock = lambda: now[0]
    (tmp_path / "gone").write_text("a file where a folder should be")
    ledger.record(access(user="a"), BLOCK)
    assert ledger.backlog() == Backlog(1)
    with outage(store):
        for now[0] in (10.0, 70.0):
            await ledger.flush()
        assert ledger.backlog() == Backlog(1, 0, 10.0, "the store does not answer")
    (tmp_path / "gone").unlink()
    await ledger.flush()
    assert ledger.backlog() == Backlog()


async def test_lines_on_disk_count_as_waiting(store: Store) -> None:
    with outage(store):
        store.ledger.record(access(user="a"), BLOCK)
        await store.ledger.flush()
        assert store.ledger.backlog().waiting == 1
        assert store.ledger.backlog().refused_since is not None
    await store.ledger.flush()
    assert store.ledger.backlog() == Backlog()


@pytest.fixture
def workers(store: Store, tmp_path: Path) -> list[Ledger]:
    """The ledgers of two processes of a gate, which share a folder."""
    return [Ledger(store._database, Spool(tmp_path / "shared" / "sightings.jsonl", 100_000)) for _ in "ab"]


async def test_processes_of_one_folder_share_its_lines(store: Store, workers: list[Ledger]) -> None:
    """A row that was spooled in many lines is one item when it is read again, and any process reads those of all."""
    with outage(store):
        for number in range(3):
            for ledger in workers:
                ledger.record(access(user="a"), BLOCK)
                await ledger.flush()
            assert {ledger.backlog().on_disk for ledger in workers} == {2 * (number + 1)}
            assert {ledger.backlog().in_memory for ledger in workers} == {0}
    await workers[0].flush()
    assert [ledger.backlog().waiting for ledger in workers] == [0, 0]
    (row,) = await store.sightings.latest()
    assert row.tally.times == 6


async def test_lines_held_by_another_process_do_not_end_an_outage(
    store: Store, workers: list[Ledger], tmp_path: Path
) -> None:
    ledger = workers[0]
    with outage(store):
        ledger.record(access(user="a"), BLOCK)
        await ledger.flush()
        since = ledger.backlog().refused_since
        with Spool(tmp_path / "shared" / "sightings.jsonl", 100_000).take() as lines:
            assert lines
            await ledger.flush()
            assert ledger.backlog().refused_since == since is not None
    await ledger.flush()
    assert ledger.backlog() == Backlog()


async def test_each_change_of_state_has_one_line_in_the_log(store: Store, workers: list[Ledger]) -> None:
    ledger, now = workers[0], [100.0]
    ledger._clock = lambda: now[0]
    with capture_logs() as lines:
        with outage(store):
            for now[0] in (110.0, 111.0, 112.0):
                ledger.record(access(user=f"user-{now[0]}"), BLOCK)
                await ledger.flush()
        now[0] = 115.5
        ledger.record(access(user="last"), BLOCK)
        for _ in range(3):
            await ledger.flush()
    assert lines == [
        {
            "event": "store-down",
            "noun": "sightings",
            "error": "the store does not answer",
            "log_level": "warning",
        },
        {"event": "store-back", "noun": "sightings", "seconds": 5.5, "rows": 4, "log_level": "info"},
    ]


async def test_each_change_of_the_spool_is_logged_once(
    store: Store, workers: list[Ledger], tmp_path: Path
) -> None:
    (tmp_path / "shared").write_text("a file where a folder should be")
    with capture_logs() as lines:
        with outage(store):
            for number in range(3):
                workers[0].record(access(user=f"user-{number}"), BLOCK)
                await workers[0].flush()
            (tmp_path / "shared").unlink()
            for _ in range(3):
                await workers[0].flush()
        await workers[0].flush()
    events = ["store-down", "spool-failed", "spool-works-again", "store-back"]
    assert [each["event"] for each in lines] == events
    assert len(await store.sightings.latest()) == 3


async def test_a_full_spool_is_said_once_until_it_was_emptied(store: Store, tmp_path: Path) -> None:
    ledger = Ledger(store._database, Spool(tmp_path / "small" / "sightings.jsonl", 1500))
    with capture_logs() as lines:
        with outage(store):
            for number in range(20):
                ledger.record(access(user="u" * (1 + 200 * (number % 2))), BLOCK)
                await ledger.flush()
        await ledger.flush()
    assert [each["event"] for each in lines] == [
        "store-down",
        "spool-failed",
        "spool-works-again",
        "store-back",
    ]
    assert lines[1]["error"] == "it is full"


def _full(connection: Any, _record: object) -> None:
    """The file may not grow: a limit below what it has is taken for what it has."""
    connection.execute("PRAGMA max_page_count = 1")


async def test_a_full_store_says_that_it_is_full(url: str, tmp_path: Path) -> None:
    """What SQLite says when its file may not grow is what it says on a full disk."""
    store = await Store.open(url)
    if not url.startswith("sqlite"):
        await store.close()
        pytest.skip("SQLite's own limit")
    event.listen(store._database._engine.sync_engine, "connect", _full)
    await store._database._engine.dispose()  # so that it connects anew
    ledger = Ledger(store._database, Spool(tmp_path / "gone" / "other.jsonl", 1000))
    (tmp_path / "gone").write_text("a file where a folder should be")
    for number in range(300):
        ledger.record(access(device=f"device-{number}"), BLOCK)
    await ledger.flush()
    assert (ledger.backlog().waiting, ledger.backlog().error) == (
        300,
        "the store does not answer (database or disk is full)",
    )
    await store.ping()
    await store.close()


async def test_a_spool_left_by_an_earlier_process_is_written_by_the_next(url: str, tmp_path: Path) -> None:
    first = await Store.open(url, spool=tmp_path)
    with outage(first):
        first.ledger.record(access(), BLOCK)
        await first.close()
    second = await Store.open(url, spool=tmp_path)
    assert len(await stored(second)) == 1
    await second.close()


async def test_an_outage_in_the_middle_of_a_replay_doubles_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with outage(store):
        for number in range(750):
            store.ledger.record(access(device=f"d{number}"), BLOCK)
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
    for queue in (store.ledger, store.reports, store.look_queue):
        await queue.close(5)
    await running
    assert len(await store.sightings.latest()) == 1


@pytest.mark.parametrize("way", ["close", "cancel"])
async def test_records_that_cannot_be_written_in_time_go_to_disk(
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


async def test_a_write_that_hangs_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.ping()  # opens the connection; a write is what hangs
    writing = Database.writing
    monkeypatch.setattr(Database, "writing", lambda self: writing(self, timeout_seconds=0))
    store.ledger.record(access(), BLOCK)
    await store.ledger.flush()
    assert store.ledger.counts.spooled == 1


async def test_lines_that_are_none_are_counted_and_stop_nothing(store: Store, tmp_path: Path) -> None:
    with outage(store):
        store.ledger.record(access(), BLOCK)
        await store.ledger.flush()
    with (tmp_path / "spool" / "sightings.jsonl").open("a") as spool:
        spool.write('{"half a li\n[]\n[[1], 2]\nnull\n')
    assert len(await stored(store)) == 1
    assert store.ledger.counts.dropped == 4


async def test_a_spool_that_cannot_be_used_keeps_items_in_memory(store: Store, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where a folder should be")
    with outage(store):
        store.ledger.record(access(), BLOCK)
        await store.ledger.flush()
    assert len(await stored(store)) == 1


async def test_run_goes_on_after_an_outage(store: Store) -> None:
    store.ledger.interval = 0
    running = asyncio.ensure_future(store.ledger.run())
    with outage(store):
        store.ledger.record(access(), BLOCK)
        while not store.ledger.counts.spooled:
            await asyncio.sleep(0)
    await store.ledger.close(5)
    await running
    assert len(await store.sightings.latest()) == 1


async def test_cancelled_and_closed_writes_everything(url: str, tmp_path: Path) -> None:
    """As a service stops: first its tasks, then the store."""
    store = await Store.open(url, spool=tmp_path)
    running = asyncio.ensure_future(store.run())
    await asyncio.sleep(0)
    store.ledger.record(access(), BLOCK)
    running.cancel()
    await asyncio.wait([running])
    await store.close()
    again = await Store.open(url, spool=tmp_path / "other")
    assert len(await again.sightings.latest()) == 1
    await again.close()
