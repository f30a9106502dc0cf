"""``mailgate audit`` on a log of three entries."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path

import pytest
from tests.unit.cli.gate_files import BESIDE, in_store
from tests.unit.store.examples import NOW
from tests.unit.store.test_audit import tamper
from typer.testing import CliRunner, Result

from mailgate.cli import app
from mailgate.store import Act, Store


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments, "--config", "mailgate.yaml"])


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
    assert "expected NUMBER:DIGEST" in refused.output


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
