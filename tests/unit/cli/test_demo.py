"""``mailgate demo``: what it makes before it starts, and what it says when it cannot."""

import sys
from io import StringIO
from pathlib import Path

import pytest
import structlog
from rich.console import Console
from tests.unit.cli.calls import call

from mailgate.attest.mint import DEVICE_KEY_FILE, ISSUER_KEY_FILE, JWKS_FILE
from mailgate.cli import demo
from mailgate.cli.attest import KEYS
from mailgate.demo import run
from mailgate.demo.company.seed import LAST
from mailgate.demo.run import Demo

RULES = Path(__file__).parents[3] / "config"


@pytest.fixture(autouse=True)
def in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "require_ports", lambda _: None)
    monkeypatch.setattr(demo, "configure_logs", lambda level, stream: structlog.reset_defaults())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--rules", "nowhere"], 2, "nowhere/policy.yaml:1:1: cannot be read"),
        (["--rules", str(RULES), "--upstream", "mail"], 2, "`mail` is not an http or https URL"),
        (["--port", "0"], 2, "--port"),
    ],
)
def test_a_wrong_word_is_named(arguments: list[str], code: int, words: str) -> None:
    result = call("demo", "--upstream", "http://127.0.0.1:9", *arguments)
    assert result.exit_code == code
    assert words in result.output


def test_a_folder_that_may_not_be_written_to_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", closed)
    result = call("demo", "--rules", str(RULES))
    assert result.exit_code == 1
    assert result.stderr == f"mailgate: not started: [Errno 13] Permission denied: '{KEYS}'\n"


@pytest.mark.parametrize("folder", [demo.DIRECTORY, Path("elsewhere/my demo")])
def test_keys_are_made_once_in_the_folder_of_the_demo(folder: Path) -> None:
    keys = demo._keys(folder)
    assert keys.parent == folder
    assert (keys == KEYS) is (folder == demo.DIRECTORY), "where mint looks by itself"
    first = {name: (keys / name).read_text() for name in (ISSUER_KEY_FILE, DEVICE_KEY_FILE, JWKS_FILE)}
    demo._keys(folder)
    assert {name: (keys / name).read_text() for name in first} == first
    assert folder == demo.DIRECTORY or not KEYS.exists()


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


def test_the_demo_runs_with_the_options_given(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Demo] = []

    async def run_demo(asked: Demo, _show, progress, _say) -> None:
        seen.append(asked)
        progress("devices", 1, 2)
        progress(LAST, 2, 2)

    monkeypatch.setattr(run, "run_demo", run_demo)
    arguments = ["--people", "12", "--directory", "here", "--store", "postgresql://db.example.com/mailgate"]
    assert call("demo", *arguments).exit_code == 0
    (asked,) = seen
    assert (asked.people, asked.directory) == (12, Path("here"))
    assert (asked.port, asked.admin_port, asked.start_port) == (8080, 8081, 8082)
    assert asked.store == "postgresql://db.example.com/mailgate"


def test_the_line_is_gone_and_the_cursor_back_before_anything_else_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = StringIO()
    monkeypatch.setattr(demo, "Console", lambda **_: Console(file=terminal, force_terminal=True))
    with demo._bars() as bars:
        task = bars.add_task("Starting", total=None)
        bars.console.print("made up anew")
        bars.update(task, completed=1, total=2)
        bars.stop()
        shown = terminal.getvalue()
        bars.update(task, completed=2)
    assert "made up anew" in shown
    assert shown.endswith("\x1b[2K"), "the line is wiped"
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is back"
    assert terminal.getvalue() == shown, "nothing is drawn afterwards"
