"""``mailgate demo``: what it makes before it starts, and what it says when it cannot."""

import sys
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner

from mailgate.attest.mint import DEVICE_KEY_FILE, ISSUER_KEY_FILE, JWKS_FILE
from mailgate.cli import app, demo
from mailgate.cli.attest import KEYS
from mailgate.demo.company.seed import LAST
from mailgate.demo.run import Demo

RULES = Path(__file__).parents[3] / "config"


@pytest.fixture(autouse=True)
def in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "configure_logs", lambda level: structlog.reset_defaults())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--rules", "nowhere"], 2, "nowhere/policy.yaml:1:1: cannot be read"),
        (["--rules", str(RULES), "--upstream", "mail"], 2, "`mail` is not an http or https URL"),
        (["--port", "0"], 2, "--port"),
    ],
)
def test_a_wrong_word_is_named(arguments: list[str], code: int, words: str) -> None:
    result = CliRunner().invoke(app, ["demo", "--upstream", "http://127.0.0.1:9", *arguments])
    assert result.exit_code == code
    assert words in result.output


def test_a_folder_that_may_not_be_written_to_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", closed)
    result = CliRunner().invoke(app, ["demo", "--rules", str(RULES)])
    assert result.exit_code == 1
    assert result.stderr == f"mailgate: not started: [Errno 13] Permission denied: '{KEYS}'\n"


def test_where_there_are_no_rules_the_starters_are_written_and_stay_as_people_change_them() -> None:
    assert demo._rules(Path("var/demo")) == Path("var/demo/rules")
    policy = Path("var/demo/rules/policy.yaml")
    assert policy.read_text() == (RULES / "policy.yaml").read_text()
    policy.write_text("changed")
    demo._rules(Path("var/demo"))
    assert policy.read_text() == "changed"


def test_the_rules_of_this_folder_come_first() -> None:
    Path("config").mkdir(exist_ok=True)
    Path("config/policy.yaml").write_text("rules: []")
    assert demo._rules(Path("var/demo")) == Path("config")


def test_keys_are_made_once_where_mint_looks_for_them() -> None:
    assert demo._issuer() == KEYS / JWKS_FILE
    first = {name: (KEYS / name).read_text() for name in (ISSUER_KEY_FILE, DEVICE_KEY_FILE, JWKS_FILE)}
    demo._issuer()
    assert {name: (KEYS / name).read_text() for name in first} == first


@pytest.mark.parametrize(
    ("called", "command"),
    [
        (".venv/bin/mailgate", ".venv/bin/mailgate"),
        ("/opt/mail gate/mailgate", "'/opt/mail gate/mailgate'"),
        ("/x/mailgate/__main__.py", f"{sys.executable} -m mailgate"),
    ],
)
def test_the_tour_calls_it_as_it_was_called(
    called: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "demo"])
    assert demo._command() == command


def test_what_is_asked_for_is_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Demo] = []

    async def run_demo(asked: Demo, _show, progress) -> None:
        seen.append(asked)
        progress("devices", 1, 2)
        progress(LAST, 2, 2)

    monkeypatch.setattr(demo, "run_demo", run_demo)
    arguments = ["--people", "12", "--directory", "here", "--store", "postgresql://db.example.com/mailgate"]
    assert CliRunner().invoke(app, ["demo", *arguments]).exit_code == 0
    (asked,) = seen
    assert (asked.people, asked.directory) == (12, Path("here"))
    assert asked.store == "postgresql://db.example.com/mailgate"
