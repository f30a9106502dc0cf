"""A filled store is one that a gate could have written: devices are found by their names, and sightings are of them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from benchmarks import filled_store
from benchmarks.filled_store import KINDS, SOURCE, eas_id, fill, key_of, person

from mailgate.devices.names import EAS, forms_of
from mailgate.model import Kind
from mailgate.store import Store

COUNT = 200


async def test_devices_are_found_by_their_names_and_sightings_belong_to_them(tmp_path: Path) -> None:
    await fill(tmp_path, COUNT)
    store = await Store.open(f"sqlite:///{tmp_path}/mailgate.db")
    try:
        numbers = [0, 1, 7, COUNT - 1]
        for number in numbers:
            (device,) = await store.devices.find(EAS, forms_of(EAS, eas_id(number)))
            (report,) = device.reports
            assert (report.source, report.id) == (SOURCE, f"device-{number}")
            assert report.owner == person(number)
            assert report.kind == KINDS[number % len(KINDS)][0]
            assert (EAS, eas_id(number).lower()) in report.names
        assert not await store.devices.find(EAS, forms_of(EAS, eas_id(COUNT)))
        seen = await store.sightings.latest(size=COUNT)
        assert len(seen) == COUNT // 5
        kinds = Counter(each.sighting.client.kind for each in seen)
        assert kinds == {Kind.LAPTOP: 10, Kind.PHONE: 30}
        for each in seen[:3]:
            assert each.sighting.device
    finally:
        await store.close()


async def test_a_store_that_is_there_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await filled_store.filled_store(8, tmp_path)
    monkeypatch.setattr(filled_store, "fill", None)
    assert await filled_store.filled_store(8, tmp_path) == first
    assert (first.parent / "mailgate.db").exists()


def test_a_key_changes_with_the_migrations_and_with_the_time() -> None:
    now = datetime(2026, 12, 1, 1, tzinfo=UTC)
    assert key_of(8, "v0010", now) == key_of(8, "v0010", now + timedelta(hours=1))
    assert key_of(8, "v0010", now) != key_of(8, "v0011", now)
    assert key_of(8, "v0010", now) != key_of(8, "v0010", now + timedelta(hours=12))
