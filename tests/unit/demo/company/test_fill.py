"""Filling: the store that the settings name, and the files beside them."""

import secrets
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.unit.demo.company.conftest import settings_in
from tests.unit.demo.examples import written_settings

from mailgate.config import Bundle, load_bundle, load_candidate
from mailgate.demo.company import fill
from mailgate.demo.company.fill import (
    DATABASE,
    MARK,
    added_settings,
    clear_half_made,
    make_admins,
    mark_unfinished,
)
from mailgate.errors import MailgateError
from mailgate.rollout.guard import guard_of
from mailgate.rollout.person import proven
from mailgate.store import Store


async def test_store_rules_and_tokens_are_there_afterwards(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(fill, "settle_memory", lambda: None)
    url = settings_in(tmp_path).settings.store.get_secret_value()
    seeded, sources = fill.seed, set[str]()

    async def seed(store: Store, bundle: Bundle, *more: Any) -> str:
        sources.update(bundle.settings.connectors)
        return await seeded(store, bundle, *more)

    monkeypatch.setattr(fill, "seed", seed)
    write = partial(written_settings, tmp_path, tmp_path)
    filled = await fill.fill(tmp_path / "mailgate.yaml", 3, lambda *_: None, write)
    assert sources == fill.connectors().keys(), "by which its plan believes reports as the gate does"
    store = Store.beside(url)
    try:
        assert await store.devices.count() > 0
    finally:
        await store.close()
    assert load_bundle(tmp_path / "mailgate.yaml").groups.names()
    assert load_candidate(tmp_path / "mailgate.yaml", filled.planned).cases.tests
    assert [path.exists() for path in filled.tokens.values()] == [True, True]


ELSEWHERE = "postgresql://db.example.com/mailgate"


def end_early(folder: Path, store: str = "") -> None:
    (folder / DATABASE).write_text("half")
    (folder / f"{DATABASE}-wal").write_text("half")
    with pytest.raises(KeyboardInterrupt), mark_unfinished(folder, 1500, store):
        raise KeyboardInterrupt


def test_a_half_made_company_is_deleted_and_its_size_kept(tmp_path: Path) -> None:
    end_early(tmp_path)
    assert clear_half_made(tmp_path, "") == 1500
    assert list(tmp_path.iterdir()) == []
    assert clear_half_made(tmp_path, "") is None


def test_a_finished_company_stays(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_text("whole")
    with mark_unfinished(tmp_path, 300, ""):
        pass
    assert clear_half_made(tmp_path, "") is None
    assert (tmp_path / DATABASE).exists()


def test_a_store_of_somebody_else_is_never_deleted_and_not_taken_for_whole(tmp_path: Path) -> None:
    end_early(tmp_path, ELSEWHERE)
    with pytest.raises(MailgateError, match="give another --store"):
        clear_half_made(tmp_path, ELSEWHERE)
    assert clear_half_made(tmp_path, "") is None
    assert (tmp_path / DATABASE).exists()
    assert (tmp_path / MARK).exists()


def test_a_start_with_another_store_leaves_the_half_made_company(tmp_path: Path) -> None:
    end_early(tmp_path)
    assert clear_half_made(tmp_path, ELSEWHERE) is None
    assert clear_half_made(tmp_path, "") == 1500


def test_each_token_is_that_of_its_admin(tmp_path: Path) -> None:
    tokens = make_admins(tmp_path, secrets.token_bytes)
    settings = settings_in(tmp_path).settings
    for name, path in tokens.items():
        assert path.stat().st_mode & 0o777 == 0o600
        assert proven(settings.admins, path.read_text()) == name


def test_one_admin_can_approve_what_the_other_has_planned(tmp_path: Path) -> None:
    make_admins(tmp_path, secrets.token_bytes)
    guard = guard_of(settings_in(tmp_path).settings)
    assert guard
    assert guard.counting(guard.approvers, "ada") == ["grace"]


def test_without_a_company_the_settings_are_as_they_are(tmp_path: Path) -> None:
    assert added_settings(tmp_path) == {}
    assert not settings_in(tmp_path).settings.admins
