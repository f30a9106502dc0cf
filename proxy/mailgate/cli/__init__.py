"""The command line, one file for each command or for what some have in common. All commands are in the list below."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_group

from mailgate import __version__
from mailgate.cli.exit_codes import exit_code_of, say_errors

COMMANDS = {
    "init": "init.init",
    "run": "run.run",
    "check": "check.check",
    "doctor": "check.doctor",
    "schema": "schema.schema",
    "explain": "explain.explain",
    "apps": "devices.apps",
    "find": "people.find",
    "person": "people.person",
    "help-requests": "people.help_requests",
    "demo": "demo.demo",
    "classify": "classify.classify",
    "attest": "attest.app",
    "devices": "devices.app",
    "audit": "audit.app",
    "policy": "policy.app",
    "notices": "notices.app",
    "exempt": "exempt.app",
    "admin": "admin.app",
    "enroll": "enroll.app",
    "extension": "extension.app",
    "connectors": "connectors.app",
    "reporter": "reporter.app",
    "store": "store.app",
    "privacy": "privacy.app",
}
"""Where each command, or the app of its parts, is in this package; in the order of the help."""

_AT_ONCE = """
if [ "$funcstack[1]" = "_%(prog_name)s" ]; then
  %(complete_func)s "$@"
fi
"""
"""zsh runs the file as a function at the first completion; if it is read with ``source``, nothing is completed."""


def _complete_at_once() -> None:
    """Let zsh complete a command at the first Tab of a shell, at which Typer's script only registers its function: add ``_AT_ONCE`` to
    the script, both for showing and for installing it. A version of Typer that keeps the script
    elsewhere keeps its own."""
    with suppress(ImportError, AttributeError, KeyError):
        from typer import _completion_classes as classes
        from typer import _completion_shared as shared

        script = (
            shared.COMPLETION_SCRIPT_ZSH.lstrip() + _AT_ONCE
        )  # zsh looks for #compdef in the first line alone
        shared._completion_scripts["zsh"] = script
        classes.ZshComplete.source_template = script


_complete_at_once()


@cache
def _command(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(".")
    part, found = typer.Typer(), getattr(import_module(f"{__name__}.{module}"), attribute)
    if isinstance(found, typer.Typer):
        part.add_typer(found, name=name)
    else:
        part.command(name)(found)
    say_errors(part)
    return get_group(part).commands[name]


class _Loaded(Mapping[str, Any]):
    """The commands by name. One is imported when it is asked for: a gate, or any command, starts without the others."""

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __getitem__(self, name: str) -> Any:
        return _command(name)


class _Commands(TyperGroup):
    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast(Any, _Loaded())


app = typer.Typer(
    name="mailgate",
    help="Decides by device who gets company mail: phones with a prohibited app do not, laptop browsers do.",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailgate {__version__}")
        raise typer.Exit


@app.callback()
def mailgate(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The options that every command shares."""


def load(named: Sequence[str]) -> None:
    """Import the commands of these names; there need not be such commands."""
    for each in COMMANDS.keys() & set(named):
        _command(each)


def main() -> None:
    """Entry point of the console script."""
    if sys.stdin is None:  # the caller closed it, so no more input comes
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - open until the process ends
    try:
        app()
    except OSError as error:  # the disk is full, or the terminal is gone
        where = f": {error.filename}" if error.filename else ""
        print(f"mailgate: cannot go on: {error.strerror}{where}", file=sys.stderr)
        sys.exit(exit_code_of(error))
