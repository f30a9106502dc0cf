"""The store as a whole."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.store.examples import BLOCK, NOW, access
from tests.unit.store.outage import cut_off
from tests.unit.store.test_devices import learned, report

from mailgate.model import Client, Kind
from mailgate.store import Store, StoreUnavailableError


async def test_prune_deletes_what_was_not_seen_for_long_and_keeps_the_rest(store: Store) -> None:
    for number in range(7):
        now = NOW - timedelta(days=number)
        await learned(store, report(f"d{number}", last_seen=now))
        store.ledger.record(
            access(device=f"d{number}", now=now, client=Client(Kind.LAPTOP, False, os=str(number))), BLOCK
        )
    store.ledger.record(access(device="same client", client=Client(Kind.LAPTOP, False, os="6")), BLOCK)
    await store.ledger.flush()
    gone = await store.prune(NOW, timedelta(days=3), timedelta(days=5), page=2)
    assert gone == 3 + 1 + 2  # sightings, the clients that only they had, devices
    assert {each.reports[0].id for each in await store.devices.page()} == {f"d{n}" for n in range(6)} - {"d6"}
    assert {row.sighting.device for row in await store.sightings.latest()} == {
        "same client",
        "d0",
        "d1",
        "d2",
        "d3",
    }


async def test_ping_says_whether_the_database_answers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.ping()
    cut_off(store, monkeypatch)
    with pytest.raises(StoreUnavailableError):
        await store.ping()


async def test_an_sqlite_store_spools_beside_its_file(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/mailgate.db")
    with pytest.MonkeyPatch.context() as monkeypatch:
        cut_off(store, monkeypatch)
        store.ledger.record(access(), BLOCK)
        await store.close()
    assert [path.name for path in (tmp_path / "mailgate.db.spool").iterdir()] == ["sightings.jsonl"]
