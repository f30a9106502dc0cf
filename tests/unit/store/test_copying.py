"""A store that is copied: all of it, into an empty one, or nothing."""

import fcntl
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.store.filling import fill, rows_of
from tests.unit.store.test_migrate import ADDED, STEPS, Steps, newest, stamp
from tests.unit.store.test_migrate import steps as steps

from mailgate.store import StoreError, StoreMissingError
from mailgate.store import copying as module
from mailgate.store.copying import InUseError, NotEmptyError, StoreExistsError, copy_store, new_store_file
from mailgate.store.errors import OlderStoreError
from mailgate.store.migrate import migrate, store_url
from mailgate.store.schema import metadata


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/source.db"
    fill(url)
    return url


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/target.db"


def copied(source: str, target: str, **more: bool) -> dict[str, int]:
    return copy_store(store_url(source), store_url(target), **more)


def change(url: str, statement: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute(statement)
    connection.close()


def let_a_gate_run(url: str) -> None:
    change(url, "UPDATE gates SET host = 'mx1', heard_at = (julianday('now') - 2440587.5) * 86400.0")


def test_every_row_of_every_table_arrives_and_is_counted(source: str, target: str) -> None:
    assert copied(source, target) == dict.fromkeys(metadata.tables, 1)
    assert rows_of(target) == rows_of(source)


def test_an_older_file_arrives_upgraded_and_stays_as_it_is(
    source: str, target: str, steps: Steps, tmp_path: Path
) -> None:
    steps.add(*ADDED)
    assert copied(source, target) == dict.fromkeys(metadata.tables, 1)
    assert (stamp(source), stamp(target)) == (newest(STEPS).revision, steps.head)
    assert rows_of(target) == rows_of(source)
    with pytest.raises(OlderStoreError, match="back it up with the Mailgate that wrote it"):
        copied(source, f"sqlite:///{tmp_path}/backup.db", while_used=True)


@pytest.fixture
def read_only(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the source in a folder where nothing may be written, though root may: what is asked says so."""
    folder = tmp_path / "backups"
    folder.mkdir()
    file = (tmp_path / "source.db").rename(folder / "source.db")
    monkeypatch.setattr(module.os, "access", lambda path, _mode: not Path(path).is_relative_to(folder))
    return file


def test_a_read_only_source_is_copied_and_left_alone(read_only: Path, target: str) -> None:
    before = read_only.read_bytes()
    assert copied(f"sqlite:///{read_only}", target) == dict.fromkeys(metadata.tables, 1)
    assert read_only.read_bytes() == before
    assert [*read_only.parent.iterdir()] == [read_only]


def test_a_read_only_source_with_a_log_is_refused_with_advice(read_only: Path, target: str) -> None:
    Path(f"{read_only}-wal").write_text("not written back")
    with pytest.raises(StoreError, match=r"copy source\.db and source\.db-wal to a folder of your own"):
        copied(f"sqlite:///{read_only}", target)


def test_many_rows_arrive_in_parts(source: str, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 3)
    for number in range(10):
        change(source, f"INSERT INTO languages VALUES ('p{number}', 'de', '2026-12-01')")
    seen: list[tuple[int, int]] = []
    counts = copy_store(store_url(source), store_url(target), lambda done, of: seen.append((done, of)))
    assert counts["languages"] == 11
    assert rows_of(target) == rows_of(source)
    assert seen[-1] == (sum(counts.values()),) * 2
    assert seen == sorted(seen)


def test_a_new_store_that_nothing_was_written_to_is_empty(source: str, target: str) -> None:
    migrate(store_url(target))
    copied(source, target)
    assert rows_of(target) == rows_of(source)


def test_a_copy_into_a_store_with_rows_changes_nothing(source: str, target: str) -> None:
    migrate(store_url(target))
    change(target, "INSERT INTO languages VALUES ('alice', 'de', '2026-12-01')")
    before = rows_of(target)
    with pytest.raises(NotEmptyError, match="it has languages; use a store without a row"):
        copied(source, target)
    assert rows_of(target) == before


@pytest.mark.parametrize("where", ["source", "target"])
def test_nothing_is_copied_while_a_gate_runs(where: str, source: str, target: str) -> None:
    migrate(store_url(target))
    used = source if where == "source" else target
    if used == target:
        change(target, "INSERT INTO gates VALUES ('h', 'a', 0, 1, 'i', 'v', 'p', 1, 1, '2026-12-01', 0)")
    let_a_gate_run(used)
    with pytest.raises(InUseError, match="on mx1"):
        copied(source, target)
    assert not rows_of(target)["devices"]


def test_a_backup_may_be_made_while_a_gate_runs(source: str, target: str) -> None:
    let_a_gate_run(source)
    assert copied(source, target, while_used=True)["devices"] == 1


def test_a_backup_may_be_restored_at_once(source: str, target: str, tmp_path: Path) -> None:
    """No gate runs on it, though one ran on the store that it is of."""
    let_a_gate_run(source)
    copied(source, target, while_used=True)
    assert copied(target, f"sqlite:///{tmp_path}/restored.db")["devices"] == 1


def test_a_refusal_makes_no_file(source: str, target: str) -> None:
    let_a_gate_run(source)
    with pytest.raises(InUseError):
        copied(source, target)
    assert not Path(target.removeprefix("sqlite:///")).exists()


def test_a_copy_needs_an_existing_and_another_source(source: str, target: str) -> None:
    with pytest.raises(StoreMissingError, match="there is no store"):
        copied(target, source)
    with pytest.raises(StoreError, match="both are the same store"):
        copied(source, source)


def test_a_log_with_a_gap_is_not_made_whole_by_copying(source: str, target: str) -> None:
    change(source, "DROP TRIGGER audit_no_update")
    change(source, "UPDATE audit SET number = 2")
    with pytest.raises(StoreError, match="nothing was copied"):
        copied(source, target)
    assert [each.name for each in Path(source.removeprefix("sqlite:///")).parent.glob("target*")] == []


def test_a_broken_copy_leaves_nothing_and_can_be_repeated(source: str, target: str, tmp_path: Path) -> None:
    def broken_off(*_: int) -> None:
        assert not (tmp_path / "target.db").exists()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store(store_url(source), store_url(target), broken_off)
    assert [*tmp_path.glob("target*")] == []
    assert copied(source, target) == dict.fromkeys(metadata.tables, 1)


def test_a_copy_is_readable_by_its_owner_alone(source: str, target: str) -> None:
    copied(source, target)
    assert Path(target.removeprefix("sqlite:///")).stat().st_mode & 0o777 == 0o600


def test_a_store_file_gets_its_name_at_the_end(tmp_path: Path) -> None:
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


def test_files_left_by_a_killed_copy_are_deleted(tmp_path: Path) -> None:
    (tmp_path / "new.db.part").mkdir()
    for left in ("new.db", "new.db-wal", "new.db-shm"):
        (tmp_path / "new.db.part" / left).write_text("half")
    with new_store_file(tmp_path / "new.db") as draft:
        assert [*draft.parent.iterdir()] == []
        draft.write_text("whole")
    assert [*tmp_path.iterdir()] == [tmp_path / "new.db"]


def test_a_file_made_meanwhile_under_that_name_stays(tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    with pytest.raises(StoreExistsError, match=r"new\.db already exists"):
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
