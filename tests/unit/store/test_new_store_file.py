"""A store that is made: whole under its name, or not there."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mailgate.store import new_store_file as module
from mailgate.store.errors import StoreError
from mailgate.store.new_store_file import StoreExistsError, new_store_file


def test_it_gets_its_name_at_the_end(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    with new_store_file(file) as draft:
        draft.write_text("whole")
        assert not file.exists()
        assert draft.parent.stat().st_mode & 0o777 == 0o700
    assert (file.read_text(), [*tmp_path.iterdir()]) == ("whole", [file])


def make(file: Path, meanwhile: Callable[[Path], object]) -> None:
    with new_store_file(file) as draft:
        draft.write_text("whole")
        meanwhile(draft)


def break_off(draft: Path) -> None:
    Path(f"{draft}-wal").touch()
    raise KeyboardInterrupt


def test_nothing_is_left_of_one_that_is_broken_off(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "new.db", break_off)
    assert [*tmp_path.iterdir()] == []


def test_what_one_that_was_killed_has_left_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "new.db.part").mkdir()
    for left in ("new.db", "new.db-wal", "new.db-shm"):
        (tmp_path / "new.db.part" / left).write_text("half")
    with new_store_file(tmp_path / "new.db") as draft:
        assert [*draft.parent.iterdir()] == []
        draft.write_text("whole")
    assert [*tmp_path.iterdir()] == [tmp_path / "new.db"]


def test_what_comes_meanwhile_under_the_name_stays(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    with pytest.raises(StoreExistsError, match=r"new\.db is there already"):
        make(file, lambda _: file.write_text("another's"))
    assert (file.read_text(), [*tmp_path.iterdir()]) == ("another's", [file])


def test_two_do_not_make_the_same(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    with new_store_file(file) as draft:
        draft.write_text("whole")
        with (
            pytest.raises(StoreError, match=r"another command writes to .*new\.db\.part"),
            new_store_file(file),
        ):
            raise AssertionError
    assert file.read_text() == "whole"


def test_a_folder_that_its_holder_has_just_deleted_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted = []

    def lock_late(handle: int, how: int) -> None:
        if not deleted:
            deleted.append((tmp_path / "new.db.part").rmdir())
        os.fstat(handle)
        assert how == fcntl.LOCK_EX | fcntl.LOCK_NB

    monkeypatch.setattr(module.fcntl, "flock", lock_late)
    with new_store_file(tmp_path / "new.db") as draft:
        draft.write_text("whole")
    assert (tmp_path / "new.db").read_text() == "whole"


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "new.db.part" / "theirs"
    theirs.parent.mkdir()
    theirs.touch()
    with pytest.raises(StoreError, match="move them away"), new_store_file(tmp_path / "new.db"):
        raise AssertionError
    assert theirs.exists()


def test_a_place_where_nothing_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "new.db.part").touch()
    with (
        pytest.raises(StoreError, match=r"new\.db\.part cannot be made: "),
        new_store_file(tmp_path / "new.db"),
    ):
        raise AssertionError
