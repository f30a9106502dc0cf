"""``mailgate doctor`` on a terminal and as JSON; ``app/test_doctor.py`` tells what each check finds."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailgate.app.doctor import checks
from mailgate.app.doctor.diagnosis import Check, Diagnosis, Examined, State
from mailgate.cli import app

GOOD = Diagnosis("store", State.OK, "it answers")
HINT = Diagnosis("webmail", State.OK, "it is Roundcube", "`proxy_whitelist` of Roundcube")
BAD = Diagnosis(
    "gate", State.FAILED, "no gate answers at 127.0.0.1:8081 " * 5, "start it, \x1b[31mand read its log " * 5
)
UNSEEN = Diagnosis("clock", State.UNKNOWN, "no other clock")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["doctor", *arguments])


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch, config: Path) -> list[Diagnosis]:
    """What the checks see."""
    found: list[Diagnosis] = []

    async def look(gate: Examined) -> AsyncIterator[Diagnosis]:
        assert gate.settings is not None
        for each in found:
            yield each

    monkeypatch.setattr(checks, "CHECKS", (Check("all", look),))
    monkeypatch.setenv("COLUMNS", "80")
    return found


@pytest.mark.parametrize(
    ("found", "code", "last"),
    [
        ([GOOD, HINT], 0, "Nothing is wrong."),
        ([GOOD, UNSEEN], 0, "1 ok, 1 unknown"),
        ([GOOD, BAD, UNSEEN], 1, "1 ok, 1 failed, 1 unknown"),
    ],
    ids=["good", "unknown", "failed"],
)
def test_the_exit_code_is_one_where_anything_fails(seen, config, found, code, last) -> None:
    seen += found
    said = run(str(config))
    assert (said.exit_code, said.stdout.splitlines()[-1]) == (code, last)
    as_json = run("--config", str(config), "--json")
    report = json.loads(as_json.stdout)
    assert (as_json.exit_code, report["ok"]) == (code, code == 0)
    assert [(each["state"], each["found"], each["next"]) for each in report["checks"]] == [
        (each.state, each.found, each.next) for each in found
    ]


def test_each_line_fits_and_ends_with_the_next_step(seen, config) -> None:
    seen += [HINT, BAD]
    lines = run(str(config)).stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["ok", "webmail", "it", "is", "Roundcube"]
    assert lines[1].strip() == "-> `proxy_whitelist` of Roundcube"
    assert any(line.strip().startswith("-> start it,") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_settings_that_are_not_there_are_a_wrong_call(tmp_path: Path) -> None:
    said = run(str(tmp_path / "none.yaml"))
    assert said.exit_code == 2
    assert "none.yaml" in said.stderr
