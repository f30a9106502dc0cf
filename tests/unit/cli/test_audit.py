"""``mailgate audit`` on a log of three entries."""

import csv
import io
import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from hashlib import sha256
from pathlib import Path
from socket import gethostname

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.cli.calls import call
from tests.unit.cli.gate_files import BESIDE, in_store
from tests.unit.store.examples import NOW
from tests.unit.store.test_audit import tamper

from mailgate.cli import options
from mailgate.store import Act, Store, StoreUnavailableError
from mailgate.store.database import Database

run = partial(call, "audit", config=True)


@pytest.fixture
def log(config: Path) -> None:
    async def fill(store: Store) -> None:
        for number in (1, 2, 3):
            await store.audit.append(Act(NOW, "=ada\x1b[1m", "tried", f"version {number}", "why not", "desk"))

    in_store(fill)


def test_the_last_entries_are_listed(log: None) -> None:
    shown = run("list", "--limit", "2")
    assert "version 1" not in shown.output
    assert "2026-12-01 12:00:00" in shown.output.replace("\n", " ")
    assert "\x1b[1m" not in shown.output
    told = json.loads(run("list", "--json").output)
    assert [each["about"] for each in told] == ["version 1", "version 2", "version 3"]


def test_an_empty_log_says_so(config: Path) -> None:
    assert run("list").output == "The log has no entries yet.\n"
    assert json.loads(run("verify", "--json").output) == {"ok": True, "head": "0:", "breaks": []}


def test_a_whole_log_gives_its_head_and_one_that_was_cut_is_named(log: None) -> None:
    whole = run("verify")
    assert whole.output.startswith("intact: 3 entries, each follows the one before\nhead: 3:")
    noted = whole.output.split()[-1]
    assert run("verify", "--head", noted).exit_code == 0
    tamper(BESIDE, "DELETE FROM audit WHERE number = 3")
    cut = run("verify")
    assert (cut.exit_code, cut.output) == (1, "entry 3 was cut off the end\n")
    assert json.loads(run("verify", "--json").output)["breaks"] == [
        {"number": 3, "message": "was cut off the end"}
    ]


def test_a_head_that_is_none_is_said(log: None) -> None:
    refused = run("verify", "--head", "3")
    assert refused.exit_code == 2
    assert "use NUMBER:DIGEST" in refused.output


def test_an_export_can_be_checked_without_mailgate(log: None) -> None:
    before = ""
    for line in run("export", "--json").output.splitlines():
        entry = json.loads(line)
        digest = entry.pop("digest")
        assert entry["previous"] == before
        assert sha256(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()).hexdigest() == digest
        before = digest
    assert before


def test_a_spreadsheet_runs_no_cell(log: None) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export").output.removeprefix("\ufeff"))))
    assert [row["number"] for row in rows] == ["1", "2", "3"]
    assert {row["who"][:2] for row in rows} == {"'="}


TEXTS = ("at", "who", "what", "about", "why", "origin", "details", "previous", "digest")
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def loosened(log: None) -> bytes:
    """The store of the log, with columns that hold anything, as somebody with the database in hand can make them."""
    columns = ", ".join(TEXTS)
    rebuilt = f"CREATE TABLE audit (number INTEGER PRIMARY KEY, {columns})"
    moved = f"INSERT INTO audit SELECT number, {columns} FROM strict"
    tamper(BESIDE, "ALTER TABLE audit RENAME TO strict", rebuilt, moved)
    return Path("mailgate.db").read_bytes()


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(TEXTS), ANY_JSON, st.sampled_from(["as it is", "as JSON", "as bytes"]))
@example("what", "policy-activated", "as bytes")
@example("about", None, "as it is")
@example("details", {"until": 5}, "as JSON")
@example("details", {"until": "2026-12-01"}, "as JSON")
@example("details", 5, "as it is")
def test_an_entry_with_anything_in_any_column_is_named(
    loosened: bytes, column: str, value: object, how: str
) -> None:
    """Nothing in a column makes a command fail otherwise than by naming the entry."""
    Path("mailgate.db").write_bytes(loosened)
    put = json.dumps(value) if how == "as JSON" or isinstance(value, list | dict) else value
    put = str(put).encode("utf-8", "surrogatepass") if how == "as bytes" else put
    with closing(sqlite3.connect("mailgate.db")) as store, store:
        (before,) = store.execute(f"SELECT {column} FROM audit WHERE number = 2").fetchone()
        store.execute(f"UPDATE audit SET {column} = ? WHERE number = 2", (put,))
    checked, listed = run("verify"), run("list")
    for result in (checked, listed, run("list", "--json"), run("export", "--json")):
        assert result.exception is None or isinstance(result.exception, SystemExit)
    if put != before:
        assert checked.exit_code == 1
        assert any(line.startswith("entry 2 ") for line in checked.output.splitlines())
    if not isinstance(put, str):
        assert f"entry 2 is damaged: its field `{column}` is no text" in checked.output
        assert listed.exit_code == 1
        assert f"entry 2 is damaged: its field `{column}` is no text" in listed.output


@pytest.mark.parametrize("value", ["'abc'", "x'00'", "1.5"])
def test_a_damaged_head_is_said_and_the_entries_are_listed(log: None, value: str) -> None:
    tamper(BESIDE, f"UPDATE audit_head SET number = {value}")
    assert "row that names the last one was deleted or damaged" in run("verify").output
    (last,) = json.loads(run("list", "--limit", "1", "--json").output)
    assert last["about"] == "version 3"


def looks() -> list[dict[str, object]]:
    """Those on record, without the command that lists them."""
    shown = call("audit", "looks", "--json", config=True)
    return [each for each in json.loads(shown.output) if each["what"] != "audit looks"]


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (["person", " ADA"], ("person", "ada", "", "")),
        (["devices", "export", "--person", "ada"], ("devices export", "ada", "", "")),
        (["devices", "show", "a1b2"], ("devices show", "", "a1b2", "")),
        (["find", "a"], ("find", "", "", "text=a")),
        (["help-requests", "--rule", "shut"], ("help-requests", "", "", "rule=shut")),
        (["devices", "list"], ("devices list", "", "", "")),
    ],
)
def test_a_command_that_reads_about_people_is_on_record(
    config: Path, command: list[str], kept: tuple[str, ...]
) -> None:
    call(*command, config=True)
    (look,) = looks()
    assert (look["what"], look["person"], look["device"], look["sought"]) == kept
    assert (look["who"], look["origin"]) == (options.system_user().name, f"command at {gethostname()}")


def test_a_look_by_a_command_is_by_who_runs_it_whatever_the_environment_says(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = options.system_user().name
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    call("person", "ada", config=True)
    assert [each["who"] for each in looks()] == [who]


def test_spaces_before_what_a_command_seeks_do_not_hide_it(config: Path) -> None:
    for text in ("a", "o"):
        call("find", " " * 1100 + text, config=True)
    assert sorted(str(each["sought"]) for each in looks()) == ["text=a", "text=o"]


def test_a_command_that_shows_nobody_or_acts_is_no_look(config: Path) -> None:
    for command in (
        ["policy", "history"],
        ["audit", "verify"],
        ["connectors", "list"],
        ["devices", "lost", "x"],
    ):
        call(*command, config=True)
    assert looks() == []


def test_looks_are_listed_by_reader_and_whom(config: Path) -> None:
    call("person", "ada", config=True)
    assert "person" in run("looks", "--whom", "ada").output
    assert run("looks", "--who", "nobody").output == "No such look is on record.\n"


def test_a_command_shows_nobody_if_nothing_keeps_that_it_was_called(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def read_only(_database: Database, timeout_seconds: float = 0) -> AsyncIterator[None]:
        raise StoreUnavailableError("attempt to write a readonly database")
        yield

    monkeypatch.setattr(Database, "writing", read_only)
    listed = ["devices", "list", "--config", "mailgate.yaml"]
    shown = call(*listed, "--json")
    assert (shown.exit_code, json.loads(shown.stdout)) == (0, [])
    (spool,) = Path().rglob("looks.*")
    shutil.rmtree(spool.parent)
    spool.parent.write_text("a file where a folder should be")
    refused = call(*listed)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "nobody may look" in refused.stderr


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "getpwuid", lambda _: {}["no such user"])
    assert options.system_user().name == str(os.getuid())
