"""A store with a past is one that a gate could have written: its log is whole, and its lists are full."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from benchmarks import company_store as making
from benchmarks.company_store import company_store, freshen, with_columns

from mailgate.store import Store
from mailgate.store.device_rows import DeviceFilter

DAY = timedelta(days=1)


async def test_its_log_is_whole_and_there_is_something_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "ENTRIES", 50)
    monkeypatch.setattr(making, "VERSIONS", 3)
    config = await company_store(400, tmp_path)
    freshen(config.parent / "mailgate.db", datetime.now(UTC) + DAY)
    store, now = await Store.open(f"sqlite:///{config.parent}/mailgate.db"), datetime.now(UTC) + DAY
    try:
        assert await store.audit.verify() == []
        seen = await store.sightings.search(now - timedelta(hours=2), 100)
        assert seen.found
        assert seen.found[0].tally.last <= now
        for state in ("listed", "missing", "partial", "stale", "clean"):
            assert (await store.rows.search(DeviceFilter(state=state), 0, 9)).devices, state
        assert await store.rows.seen() == await store.devices.last_change()
        assert len(await store.plans.latest(99)) >= making.PLANS
        assert await store.reliefs.exemptions(now, 9, 9999)
        assert await store.enrolments.tokens(9)
        assert await store.enrolments.page(size=9)
    finally:
        await store.close()


def test_a_table_is_filled_by_the_names_of_its_columns() -> None:
    told = with_columns("INSERT INTO leases SELECT 1")
    assert told == 'INSERT INTO leases ("name", "holder", "until") SELECT 1'
