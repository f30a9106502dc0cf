"""The exit codes of every command, and how an error becomes one.

A command raises an error, or calls ``fail``; nothing else ends it before it is done. What it has found itself, such as
cases that fail, it prints, and then ends with ``REFUSED``.
"""

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn

import typer

from mailgate.attest import Refused
from mailgate.errors import ConfigError, MailgateError
from mailgate.rollout.person import RefusedError

REFUSED = 1
"""A check failed, or the act was refused. It may succeed at another time, or by another person."""
UNUSABLE = 2
"""The command line is wrong, or what it names cannot be used. It never succeeds until that is mended."""

WITHIN_GUARD, NEEDS_APPROVAL = 3, 4
"""What ``mailgate policy plan --exit-code`` says of a change whose cases hold."""


class UsageError(MailgateError):
    """The command line is wrong, or what it names cannot be read or written."""


def exit_code_of(error: Exception) -> int:
    """The exit code of a command that this error ended. Evidence that cannot be read is unreadable input."""
    return UNUSABLE if isinstance(error, (ConfigError, UsageError, Refused)) else REFUSED


def code_of_start(start: Callable[[], int]) -> int:
    """The exit code of what starts a gate. The error that keeps it from starting is printed."""
    try:
        return start()
    except ConfigError as error:
        typer.echo(str(error), err=True)
        typer.echo(f"mailgate: not started, {len(error.mistakes)} mistake(s) in the files above", err=True)
        return exit_code_of(error)
    except (MailgateError, OSError) as error:
        typer.echo(f"mailgate: not started: {error}", err=True)
        return exit_code_of(error)


def fail(code: int, message: str) -> NoReturn:
    """End the command with a message and ``REFUSED`` or ``UNUSABLE``."""
    raise (UsageError if code == UNUSABLE else RefusedError)(message)


def end(error: MailgateError, *, as_json: bool = False) -> NoReturn:
    """End the process with an error: in words on standard error and, as JSON, on standard output too."""
    if as_json:  # with how many approvals are missing, and the plan; empty if it is about none
        missing, plan = (error.missing, error.plan) if isinstance(error, RefusedError) else (0, "")
        told = {"why": str(error), "missing": missing, "plan": plan}
        typer.echo(json.dumps(told, ensure_ascii=False))
    from mailgate.cli.output import tell  # what draws tables is loaded where something is told

    tell(str(error), err=True)
    raise typer.Exit(exit_code_of(error)) from error


def say_errors(app: typer.Typer) -> None:
    """Let every command of ``app`` and of its parts end like this where it raises an error."""
    for command in app.registered_commands:
        if command.callback is not None:
            command.callback = _ending(command.callback)
    for part in app.registered_groups:
        if part.typer_instance is not None:
            say_errors(part.typer_instance)


def _ending(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def run(*arguments: Any, **named: Any) -> Any:
        try:
            return command(*arguments, **named)
        except MailgateError as error:
            end(error, as_json=bool(named.get("as_json")))
        except typer.Abort:
            end(RefusedError("not confirmed, so nothing was done"), as_json=bool(named.get("as_json")))

    return run


_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cleanup_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception, as Ctrl-C does, so that the command can clean up.

    A signal that is ignored, as after nohup, stays ignored.
    """
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(each, _end_by)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end_by(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)
