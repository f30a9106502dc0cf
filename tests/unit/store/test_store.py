"""The store as a whole."""

from pathlib import Path

import pytest
from tests.unit.store.examples import BLOCK, access
from tests.unit.store.outage import cut_off, outage

from mailgate.store import Store, StoreUnavailableError


async def test_ping_says_whether_the_database_answers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.ping()
    cut_off(store, monkeypatch)
    with pytest.raises(StoreUnavailableError):
        await store.ping()


async def test_an_sqlite_store_spools_beside_its_file(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/mailgate.db")
    with outage(store):
        store.ledger.record(access(), BLOCK)
        await store.close()
    assert [path.name for path in (tmp_path / "mailgate.db.spool").iterdir()] == ["sightings.jsonl"]
