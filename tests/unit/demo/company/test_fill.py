"""Filling: the store that the settings name, and the files beside them."""

from pathlib import Path

from tests.unit.demo.company.conftest import settings_in

from mailgate.config import load_bundle, load_candidate
from mailgate.demo.company import fill
from mailgate.store import Store


async def test_store_rules_and_tokens_are_there_afterwards(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(fill, "settle_memory", lambda: None)
    url = settings_in(tmp_path).settings.store.get_secret_value()
    filled = await fill.fill(tmp_path / "mailgate.yaml", 3, lambda *_: None)
    store = Store.beside(url)
    try:
        assert await store.devices.count() == filled.company.devices > 0
    finally:
        await store.close()
    assert load_bundle(tmp_path / "mailgate.yaml").groups.names()
    assert load_candidate(tmp_path / "mailgate.yaml", filled.planned).cases.tests
    assert [path.exists() for path in filled.tokens.values()] == [True, True]
