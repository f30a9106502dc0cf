"""Who looked at whom: what is one look, where it waits, who finds it, and what is forgotten."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.store.examples import KEEP, NOW
from tests.unit.store.outage import outage

from mailgate.devices.trust import report_by
from mailgate.store import RowPosition, Store, StoreUnavailableError
from mailgate.store.looks import DataLook, LookQueue
from mailgate.store.spool import Spool

ADA = DataLook(NOW, "grace", "operator", "console at gate-1", "people", "ada")
LIST = replace(ADA, what="devices-export", person="", sought="app=tiktok")
MINUTE = timedelta(minutes=1)


async def kept(store: Store, *looks: DataLook) -> list[DataLook]:
    for each in looks:
        store.look_queue.note(each)
        await store.look_queue.flush()
    return await store.looks.page(100)


@pytest.mark.parametrize(
    ("again", "events"),
    [
        (ADA, 1),
        (replace(ADA, at=NOW + 9 * MINUTE), 1),
        (replace(ADA, person="ADA"), 1),
        (replace(ADA, at=NOW + 10 * MINUTE), 2),
        (replace(ADA, who="lin"), 2),
        (replace(ADA, person="bo"), 2),
        (replace(ADA, origin="api at gate-1"), 2),
        (replace(ADA, what="devices-one", device="d1"), 2),
    ],
)
async def test_a_page_that_is_loaded_again_is_one_look_of_a_reader_and_person(
    store: Store, again: DataLook, events: int
) -> None:
    found = await kept(store, ADA, again)
    assert len(found) == events
    assert ADA in found


async def test_the_end_of_an_export_says_how_many_there_were(store: Store) -> None:
    (found,) = await kept(store, LIST, replace(LIST, number=1713), LIST)
    assert (found.number, found.sought, found.at) == (1713, "app=tiktok", NOW)


async def test_fewer_rows_at_another_gate_hide_none(store: Store, tmp_path: Path) -> None:
    await kept(store, replace(LIST, number=1713))
    other = LookQueue(store._database, Spool(tmp_path / "other" / "looks.jsonl", 1000))
    other.note(replace(LIST, number=2))
    await other.flush()
    assert [each.number for each in await store.looks.page(9)] == [1713]


async def test_a_look_waits_on_disk_while_the_store_takes_none(store: Store, tmp_path: Path) -> None:
    with outage(store):
        store.look_queue.note(ADA)
        await store.look_queue.flush()
        assert "ada" in (tmp_path / "spool" / "looks.jsonl").read_text()
    assert await kept(store) == []
    await store.look_queue.flush()
    assert await store.looks.page(100) == [ADA]


async def test_nobody_reads_what_neither_store_nor_disk_can_keep(store: Store, tmp_path: Path) -> None:
    (tmp_path / "gone").write_text("a file where a folder should be")
    queue = LookQueue(store._database, Spool(tmp_path / "gone" / "looks.jsonl", 1000))
    with outage(store):
        queue.note(ADA)
        await queue.flush()
        with pytest.raises(StoreUnavailableError):
            queue.note(LIST)
    (tmp_path / "gone").unlink()
    await queue.flush()
    queue.note(LIST)
    full = LookQueue(store._database, Spool(tmp_path / "other.jsonl", 1000), limit=1)
    full.note(ADA)
    with pytest.raises(StoreUnavailableError):
        full.note(LIST)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["people", "devices-one", "devices-export"]),
        ({"who": "lin"}, ["devices-one"]),
        ({"whom": "Ada"}, ["people"]),
        ({"whom": "d1"}, ["devices-one"]),
        ({"since": NOW}, ["people"]),
        ({"until": NOW}, ["devices-one", "devices-export"]),
    ],
)
async def test_looks_are_found_by_reader_whom_and_time(
    store: Store, asked: dict[str, object], found: list[str]
) -> None:
    one = replace(ADA, at=NOW - MINUTE, who="lin", what="devices-one", person="", device="d1")
    await kept(store, ADA, one, replace(LIST, at=NOW - 2 * MINUTE))
    assert [each.what for each in await store.looks.page(9, **asked)] == found  # type: ignore[arg-type]


async def test_pages_of_looks_follow_each_other(store: Store) -> None:
    newest, *_ = await kept(store, ADA, replace(LIST, at=NOW - MINUTE))
    (behind,) = await store.looks.page(9, RowPosition(newest.at, newest.id))
    assert behind.what == "devices-export"


async def test_a_person_finds_looks_at_their_devices_by_any_name_unless_they_were_at_another(
    store: Store,
) -> None:
    await store.devices.ingest([report_by("jamf", "j1", "ada", serial="C39X8FAKE1")], NOW)
    devices = await store.people.devices("ada", NOW)
    by_serial = replace(ADA, person="", device="C39X8FAKE1")
    of_bo = replace(ADA, at=NOW - MINUTE, person="bo", device=devices[0].id)
    await kept(store, by_serial, of_bo, replace(ADA, at=NOW - 30 * MINUTE))
    found = await store.people.looks("Ada", devices)
    assert [(each.person, each.device) for each in found] == [("", "C39X8FAKE1"), ("ada", "")]
    assert await store.people.looks("", []) == []


async def test_a_person_is_not_told_who_looked_by_name(store: Store) -> None:
    await kept(store, ADA)
    told = (await store.personal.everything("ada", NOW))["looks"]
    assert [each["roles"] for each in told] == ["operator"]
    assert "grace" not in json.dumps(told)
    assert ADA.id not in json.dumps(told)  # it is made of the name, which whoever knows the admins could try


async def test_who_is_forgotten_has_still_looked_at_others(store: Store) -> None:
    with outage(store):
        store.look_queue.note(replace(ADA, who="bo"))
        store.look_queue.note(replace(ADA, who="grace", person="bo"))
        await store.look_queue.flush()
    await store.personal.forget("bo", NOW)
    await store.look_queue.flush()
    assert [(each.who, each.person) for each in await store.looks.page(9)] == [("bo", "ada")]


async def test_a_forgotten_device_takes_the_looks_at_it_along(store: Store) -> None:
    await store.devices.ingest([report_by("jamf", "j1", "ada")], NOW)
    found = await store.devices.get("jamf", "j1")
    assert found
    nameless = replace(ADA, person="", device=found.id)
    await kept(store, nameless, replace(ADA, at=NOW + 20 * MINUTE, device=found.id))
    await store.devices.forget(found.id, NOW)
    assert [each.person for each in await store.looks.page(9)] == ["ada"]


async def test_looks_have_a_time_of_their_own(store: Store) -> None:
    await kept(store, ADA, replace(LIST, at=NOW - 2 * MINUTE))
    assert await store.retention.prune(NOW - MINUTE + KEEP.looks, KEEP) == 1
    assert [each.what for each in await store.looks.page(9)] == ["people"]
