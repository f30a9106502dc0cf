"""What is forgotten, or was kept long enough, cannot be read on disk: in the database's file, in its log, or in the spool."""

import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.store.examples import ALLOW, BLOCK, NOW, access, mail_app
from tests.unit.store.outage import outage
from tests.unit.store.people import write_down

from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind, RequestFacts
from mailgate.store import RetentionTimes, Store
from mailgate.store.wal import empty_log

DAY = timedelta(days=1)
KEEP = RetentionTimes(sightings=30 * DAY, devices=90 * DAY, lost_devices=365 * DAY)
MARK = "forgettable"
"""In every name, id and text that is about the person or the device."""
OTHERS = 24


def record(person: str) -> Report:
    names = {
        "serial": f"SN-{person}",
        "udid": f"UD-{person}",
        "eas_ids": (f"appl{person}",),
        "keys": (f"k-{person}",),
    }
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    return report_by("mdm", f"id-{person}", person, Kind.PHONE, "ios", apps=apps, **names)  # type: ignore[arg-type]


async def fill(store: Store, person: str) -> None:
    """A row in every table that names people, some of them written several times."""
    for _ in range(3):
        await store.devices.ingest([record(person)], NOW)
        store.ledger.record(access(client=mail_app(f"appl{person}"), device="", user=person), BLOCK)
        store.ledger.record(
            access(RequestFacts(headers={"user-agent": person}), device="", user=person), ALLOW
        )
        await store.ledger.flush()
    await write_down(store, person, f"appl{person}")


@pytest.fixture
async def full(store: Store) -> Store:
    for number in range(OTHERS):
        await fill(store, f"other-{number:04}")
        if number == OTHERS // 2:
            await fill(store, MARK)
    return store


def found_in(folder: Path) -> dict[str, int]:
    """How often the mark stands in each file, in any case and as hex."""
    words = (MARK.encode(), MARK.encode().hex().encode())
    read = {path.name: path.read_bytes().lower() for path in folder.rglob("*") if path.is_file()}
    return {name: count for name, data in read.items() if (count := sum(data.count(word) for word in words))}


async def forget_person(store: Store) -> None:
    await store.personal.forget(MARK, NOW, [f"{MARK}@example.com"])


async def forget_person_and_device(store: Store) -> None:
    (device,) = await store.devices.owned(MARK)
    assert await store.devices.forget(device.id, NOW)
    await forget_person(store)


async def keep_long_enough(store: Store) -> None:
    assert await store.retention.prune(NOW + 400 * DAY, KEEP)


@pytest.mark.parametrize("forget", [forget_person, forget_person_and_device, keep_long_enough])
async def test_nothing_of_it_can_be_read_in_any_file(
    full: Store, tmp_path: Path, forget: Callable[[Store], Awaitable[None]]
) -> None:
    assert found_in(tmp_path), "the test would see nothing at all"
    await forget(full)
    assert found_in(tmp_path) == {}


async def test_a_device_that_is_forgotten_leaves_no_name_of_its_own(full: Store, tmp_path: Path) -> None:
    (device,) = await full.devices.owned(MARK)
    await full.devices.forget(device.id, NOW)
    read = b"".join(path.read_bytes().lower() for path in tmp_path.rglob("*") if path.is_file())
    for name in (f"sn-{MARK}", f"ud{MARK}", f"ud-{MARK}", f"id-{MARK}", f"appl{MARK}", f"k-{MARK}"):
        assert name.encode() not in read


async def test_nothing_of_it_waits_on_disk_to_come_back(store: Store, tmp_path: Path) -> None:
    await store.devices.ingest([record(MARK)], NOW)
    with outage(store):
        for person in (MARK, "other"):
            store.ledger.record(
                access(client=mail_app(f"appl{person}"), device="", user=person.upper()), BLOCK
            )
        await store.ledger.flush()
    assert "sightings.jsonl" in found_in(tmp_path)
    await forget_person(store)
    assert found_in(tmp_path) == {}
    await store.ledger.flush()
    assert [row.sighting.user for row in await store.sightings.latest()] == ["OTHER"]


async def test_a_log_that_somebody_reads_is_emptied_later_and_that_is_said(
    store: Store, url: str, tmp_path: Path
) -> None:
    await fill(store, MARK)
    reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM devices").fetchone()
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("mailgate.store.wal._BUSY_TIMEOUT_MS", 1)
        await forget_person(store)
        assert not await store.wipe()
    assert found_in(tmp_path)
    reader.close()
    assert await store.wipe()
    assert found_in(tmp_path) == {}


def test_a_missing_store_is_not_made(tmp_path: Path) -> None:
    assert not empty_log(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []
