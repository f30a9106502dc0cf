"""By which code a command ends, and what it says then: one law for all of them."""

import ast
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.unit.cli.gate_files import SETTINGS
from typer.main import get_command
from typer.testing import CliRunner, Result

import mailgate.cli
from mailgate.attest import Refused
from mailgate.cli import app, exit_codes
from mailgate.cli.exit_codes import (
    REFUSED,
    UNUSABLE,
    UsageError,
    cleanup_on_signals,
    exit_code_of,
    fail,
    say_errors,
)
from mailgate.errors import ConfigError, MailgateError
from mailgate.rollout.person import RefusedError, UnknownError
from mailgate.store import StoreError, StoreMissingError, StoreUnavailableError

INPUT = (ConfigError, UsageError, Refused)
"""The classes of errors about what was given to the command, in its line or its files."""


def classes(of: type[MailgateError]) -> Iterator[type[MailgateError]]:
    yield of
    for each in of.__subclasses__():
        yield from classes(each)


@pytest.mark.parametrize("error", sorted(set(classes(MailgateError)), key=lambda each: each.__name__))
def test_only_what_was_given_is_unusable_and_everything_else_is_refused(error: type[MailgateError]) -> None:
    assert exit_code_of(error.__new__(error)) == (UNUSABLE if issubclass(error, INPUT) else REFUSED)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError([]), 2),
        (UsageError("no such option"), 2),
        (RefusedError("the guard"), 1),
        (UnknownError("no plan is called so"), 1),
        (StoreUnavailableError("away"), 1),
        (StoreMissingError("none"), 1),
        (StoreError("another version"), 1),
        (OSError("the disk is full"), 1),
    ],
)
def test_each_error_has_its_exit_code(error: Exception, code: int) -> None:
    assert exit_code_of(error) == code


# what the parameters that a command needs are given
GIVEN = {
    "number": "1",
    "until": "2999-01-01",
    "note": "why",
    "reason": "why",
    "role": "viewer",
    "kind": "upcoming",
}


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, each in command.commands.items():
        yield from leaves(each, (*path, name))


COMMANDS = dict(leaves(get_command(app)))


def params_of(path: tuple[str, ...]) -> set[str]:
    return {each.name for each in COMMANDS[path].params}


WITHOUT_STORE = {
    ("attest", "evidence"), ("check",), ("doctor",), ("admin", "add"), ("admin", "list"), ("explain",), ("reporter", "queries"), ("run",), ("store", "backup"),
}  # fmt: skip
"""Commands that read settings and open no store, make it, or say what is wrong with it."""
READ_SETTINGS = [path for path, each in COMMANDS.items() if "config" in {one.name for one in each.params}]
OPEN_STORE = [path for path in READ_SETTINGS if path not in WITHOUT_STORE]


def line_of(path: tuple[str, ...], *more: str) -> list[str]:
    """The command with what it needs, as JSON if it can."""
    line = [*path]
    for each in COMMANDS[path].params:
        if not each.required and each.name not in ("note", "until", "reason"):
            continue
        value = GIVEN.get(each.name, "abcdef")
        line += [value] if each.param_type_name == "argument" else [each.opts[0], value]
    known = {one.name for one in COMMANDS[path].params}
    line += ["--person", "lin"] if path in {("exempt", "add"), ("devices", "forget")} else []
    line += ["--machine", "LT-1"] if path in {("enroll", "revoke"), ("enroll", "allow")} else []
    line += ["--all"] if path[0] == "notices" and "everything" in known else []
    line += ["--sent"] if path == ("notices", "settle") else []
    line += ["--yes"] if "yes" in known else []
    return [*line, "--config", "mailgate.yaml", *(["--json"] if "as_json" in known else []), *more]


def run(*line: str) -> Result:
    return CliRunner(env={"MAILGATE_ADMIN_TOKEN": ""}).invoke(app, line)


def told(result: Result) -> Any:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return json.loads(result.stdout)


@pytest.mark.parametrize("path", OPEN_STORE, ids=" ".join)
def test_every_command_without_its_store_is_refused_and_says_so_to_programs_too(
    config: Path, path: tuple[str, ...]
) -> None:
    (config.parent / "mailgate.db").unlink()
    result = run(*line_of(path))
    assert result.exit_code == 1, result.output
    assert "there is no store" in result.stderr
    if "--json" in line_of(path):
        said = told(result)
        assert (said["why"] + "\n", said["missing"], said["plan"]) == (result.stderr, 0, "")


@pytest.mark.parametrize("path", [each for each in OPEN_STORE if each[0] != "run"], ids=" ".join)
def test_every_command_with_settings_that_cannot_be_used_is_unusable(
    config: Path, path: tuple[str, ...]
) -> None:
    config.write_text(SETTINGS + "nonsense: 1\n")
    result = run(*line_of(path))
    assert result.exit_code == 2, result.output
    assert "mailgate.yaml:6:1" in result.stderr
    if "--json" in line_of(path):
        assert "mailgate.yaml:6:1" in told(result)["why"]


@pytest.mark.parametrize(
    "path",
    [
        each
        for each in OPEN_STORE
        # a look at a plan needs none, and a mail needs rules in force first
        if "token_file" in {one.name for one in COMMANDS[each].params}
        and each not in {("policy", "plan"), ("notices", "send")}
    ],
    ids=" ".join,
)
def test_no_command_runs_without_a_valid_token_of_an_admin(config: Path, path: tuple[str, ...]) -> None:
    config.write_text(f"{SETTINGS}admins: {{ada: {{roles: [operator], token_hash: '{HASH}'}}}}\n{NOTICES}")
    result = run(*line_of(path))
    assert result.exit_code == 1, result.output
    assert "the settings have admins: give your token" in result.stderr
    Path("ada.token").write_text("ada:wrong")
    wrong = run(*line_of(path, "--token-file", "ada.token"))
    assert (wrong.exit_code, "the admin token is not valid" in wrong.stderr) == (1, True)


@pytest.mark.parametrize(
    "path", [each for each in OPEN_STORE if "note" in params_of(each) and each[0] != "enroll"], ids=" ".join
)
def test_without_a_terminal_no_reason_is_asked_for(config: Path, path: tuple[str, ...]) -> None:
    """A program reads standard output, where nobody answers a question."""
    line = line_of(path)
    at = line.index("--note")
    result = run(*line[:at], *line[at + 2 :])
    assert (result.exit_code, result.stdout, "--note" in result.stderr) == (2, "", True)


def test_an_act_that_nobody_said_yes_to_is_refused_for_programs_too() -> None:
    asking = typer.Typer()

    @asking.command()
    def forget(as_json: bool = False) -> None:
        typer.confirm("Forget everything?", abort=True, err=True)

    say_errors(asking)
    result = CliRunner().invoke(asking, ["--as-json"])
    assert (result.exit_code, told(result)["why"]) == (1, "not confirmed, so nothing was done")


NOTICES = "notices: {outbox: outbox, sender: it-help@example.com, domain: example.com}\n"
HASH = "$argon2id$v=19$m=65536,t=3,p=4$qenBR8b8/rjxf6+KZYjoFw$i3TGcM+1zHPpRiWU/dIo8Q7XvWxSmUZ/RHKOywEDoJk"


@pytest.mark.parametrize("code", [REFUSED, UNUSABLE])
def test_a_command_that_ends_itself_goes_the_same_way(code: int) -> None:
    with pytest.raises(MailgateError, match="so it is") as ended:
        fail(code, "so it is")
    assert exit_code_of(ended.value) == code


def test_no_command_says_an_error_and_ends_by_itself() -> None:
    """Elsewhere ``typer.Exit`` stands only behind what a command has found and printed."""
    for path in Path(mailgate.cli.__file__).parent.rglob("*.py"):
        if path.name in ("exit_codes.py", "demo.py"):
            continue
        for each in ast.walk(ast.parse(path.read_text())):
            if isinstance(each, ast.Call) and ast.unparse(each.func) == "typer.Exit":
                assert not (each.args and ast.unparse(each.args[0]) == "2"), (
                    f"{path}:{each.lineno}: use fail(2, …)"
                )


LAW = exit_codes._ending(lambda: None).__code__


def test_every_command_ends_by_this_law() -> None:
    def ends_by_it(callback: Any) -> bool:
        while callback.__code__ is not LAW and hasattr(callback, "__wrapped__"):
            callback = callback.__wrapped__
        return callback.__code__ is LAW

    assert [path for path, each in COMMANDS.items() if not ends_by_it(each.callback)] == []


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize(("told", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_command_by_an_exception(told: signal.Signals, code: int) -> None:
    before = signal.getsignal(told)
    with pytest.raises(SystemExit) as ended, cleanup_on_signals():
        os.kill(os.getpid(), told)
    assert (ended.value.code, signal.getsignal(told)) == (code, before)


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cleanup_on_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
