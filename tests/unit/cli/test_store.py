"""``mailgate store``: what is copied, said and refused."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.unit.cli.calls import call
from tests.unit.store.filling import fill, rows_of

from mailgate.store.migrate import migrate, store_url

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings and a filled store."""
    folder = tmp_path / "here"
    shutil.copytree(ROOT / "config", folder / "config")
    monkeypatch.chdir(folder)
    settings = (
        (ROOT / "config/mailgate.yaml").read_text().replace("sqlite:///var/mailgate.db", "sqlite:///gate.db")
    )
    (folder / "config/mailgate.yaml").write_text(settings)
    fill("sqlite:///config/gate.db")
    return folder


def anew() -> None:
    """A store without a row in the place of the filled one, whose values no command could read."""
    Path("config/gate.db").unlink()
    migrate(store_url("sqlite:///config/gate.db"))


store = partial(call, "store")


def test_a_copy_is_told_by_its_counts() -> None:
    done = store("copy", "sqlite:///config/gate.db", "sqlite:///copy.db")
    assert done.exit_code == 0, done.stderr
    assert "devices: 1\n" in done.stdout
    assert done.stdout.endswith("rows, counted on both sides\n")
    assert rows_of("sqlite:///copy.db") == rows_of("sqlite:///config/gate.db")


def test_json_has_the_counts() -> None:
    told = json.loads(store("copy", "--json", "sqlite:///config/gate.db", "sqlite:///copy.db").stdout)
    assert told["rows"] == sum(told["tables"].values())
    assert told["tables"]["sightings"] == 1


def test_an_address_need_not_stand_in_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET", "sqlite:///copy.db")
    Path("source").write_text("sqlite:///config/gate.db\n")
    assert store("copy", "file:source", "env:TARGET").exit_code == 0
    assert Path("copy.db").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["sqlite:///config/gate.db", "sqlite:///config/gate.db"], 1, "both are the same store"),
        (["sqlite:///nowhere.db", "sqlite:///copy.db"], 1, "there is no store at"),
        (["mysql://a:secret@b/c", "sqlite:///copy.db"], 2, "FROM: mysql://a:***@b/c is no store; use"),
        (["sqlite:///config/gate.db", "elsewhere"], 2, "TO: the store's address cannot be read"),
        (["env:NOTHING", "sqlite:///copy.db"], 2, "this variable is not set"),
        (["file:nothing", "sqlite:///copy.db"], 2, "cannot be read"),
    ],
)
def test_a_copy_that_cannot_be_made_says_why(arguments: list[str], code: int, said: str) -> None:
    done = store("copy", *arguments)
    assert (done.exit_code, said in done.stderr, "secret" in done.stderr) == (code, True, False)
    assert not Path("copy.db").exists()


def test_a_store_with_something_in_it_is_left_alone() -> None:
    fill("sqlite:///full.db")
    done = store("copy", "sqlite:///config/gate.db", "sqlite:///full.db")
    assert (done.exit_code, "the target is not empty" in done.stderr) == (1, True)


def test_a_copy_warns_of_data_that_waits_beside_the_source() -> None:
    Path("config/gate.db.spool").mkdir()
    Path("config/gate.db.spool/audit-told").write_text("3\n")  # not of what waits
    done = store("copy", "sqlite:///config/gate.db", "sqlite:///first.db")
    assert done.stderr == ""
    Path("config/gate.db.spool/sightings.jsonl").write_text("{}\n")
    done = store("copy", "sqlite:///config/gate.db", "sqlite:///copy.db")
    assert done.stderr.startswith("WARNING config/gate.db.spool holds data that is not written yet")


def test_a_backup_is_a_store_again_and_replaces_no_file() -> None:
    assert store("backup", "backup.db").exit_code == 0
    assert rows_of("sqlite:///backup.db") == rows_of("sqlite:///config/gate.db") | {"gates": []}
    again = store("backup", "backup.db")
    assert (again.exit_code, "already exists" in again.stderr) == (1, True)


def test_a_backup_that_failed_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("config/gate.db").write_bytes(
        b"no database at all, but longer than the head of a file would be" * 20
    )
    assert store("backup", "backup.db").exit_code == 1
    assert not Path("backup.db").exists()


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize(("told", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize(
    "call", [["backup", "backup.db"], ["copy", "sqlite:///config/gate.db", "sqlite:///backup.db"]]
)
def test_a_signal_leaves_no_half_backup(
    monkeypatch: pytest.MonkeyPatch, call: list[str], told: int, code: int
) -> None:
    """Half of a backup would pass for one: it is a store that lacks nothing but rows."""

    def in_the_middle(*_: object) -> None:
        assert not Path("backup.db").exists()
        os.kill(os.getpid(), told)

    with monkeypatch.context() as stopped:
        stopped.setattr("mailgate.store.copying._write", in_the_middle)
        assert store(*call).exit_code == code
    assert [*Path().glob("backup*")] == []
    assert store(*call).exit_code == 0


def test_a_backup_does_not_replace_one_made_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*_: object) -> None:
        Path("backup.db").write_text("another's")

    monkeypatch.setattr("mailgate.store.copying._write", meanwhile)
    monkeypatch.setattr("mailgate.store.copying._differences", lambda *_: "")
    monkeypatch.setattr("mailgate.store.copying._counts", lambda *_: {})
    done = store("backup", "backup.db")
    assert (done.exit_code, "already exists" in done.stderr) == (1, True)
    assert Path("backup.db").read_text() == "another's"


def test_a_backup_that_has_no_place_says_so() -> None:
    done = store("backup", "nowhere/backup.db")
    assert (done.exit_code, done.stderr) == (
        2,
        "nowhere/backup.db cannot be made: there is no folder nowhere\n",
    )


def test_a_broken_audit_log_is_exit_code_1() -> None:
    anew()
    with sqlite3.connect("config/gate.db") as connection:  # an entry that was written by hand
        connection.execute(
            "INSERT INTO audit VALUES (1, '2026-12-01', 'eve', 'x', '', '', '', '{}', '', 'digest')"
        )
        connection.execute("UPDATE audit_head SET number = 1, digest = 'digest'")
    connection.close()
    done = store("check")
    assert done.exit_code == 1
    assert "OK database\n" in done.stdout
    assert "WRONG audit log: entry 1 " in done.stdout
    told = json.loads(store("check", "--json").stdout)
    assert (told["ok"], told["faults"]["database"], told["next"]) == (False, [], "")
    assert len(told["faults"]["audit log"]) > 0


def overwrite_pages() -> None:
    size = Path("config/gate.db").stat().st_size
    with Path("config/gate.db").open("r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xff" * (size - 2 * 4096))


def truncate() -> None:
    os.truncate("config/gate.db", 5 * 4096)


def replace_by_something_else() -> None:
    Path("config/gate.db").write_bytes(b"no database at all, but as long as the head of one is" * 20)


def drop_a_table() -> None:
    with sqlite3.connect("config/gate.db") as connection:
        connection.execute("DROP TABLE sightings")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [overwrite_pages, truncate, replace_by_something_else, drop_a_table],
    ids=lambda each: each.__name__,
)
def test_a_damaged_file_is_what_a_check_finds_and_it_says_what_helps(damage: Callable[[], None]) -> None:
    damage()
    done = store("check")
    assert (done.exit_code, done.stderr) == (1, "")
    assert "WRONG database: " in done.stdout
    assert "WRONG audit log: it cannot be read from a damaged database\n" in done.stdout
    assert done.stdout.endswith(
        "Next: stop every gate, move the store away and restore a backup, as docs/recover.md says\n"
    )
    told = json.loads(store("check", "--json").stdout)
    assert (told["ok"], len(told["faults"]["database"]) > 0) == (False, True)
    assert told["next"].startswith("stop every gate")


def test_an_unreadable_audit_log_is_a_fault() -> None:
    """Of a value no database says that it is damaged. Every value of this store is made up."""
    done = store("check")
    assert (done.exit_code, "OK database\n" in done.stdout) == (1, True)
    assert "WRONG audit log: something in it cannot be read (" in done.stdout


def test_keys_are_deleted_and_it_is_written_down_who_did_it() -> None:
    anew()
    with sqlite3.connect("config/gate.db") as connection:
        connection.execute(
            "INSERT INTO keys VALUES ('probe', 1, x'00', '2026-12-01'), ('nonce', 1, x'01', '2026-12-01')"
        )
    connection.close()
    assert json.loads(store("renew-keys", "--json").stdout) == {"deleted": 2}
    found = rows_of("sqlite:///config/gate.db")
    assert found["keys"] == []
    assert [(row[3], row[7]) for row in found["audit"]] == [("keys-renewed", '{"keys": 2}')]
    assert store("check").exit_code == 0
