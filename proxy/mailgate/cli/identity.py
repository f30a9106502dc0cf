"""The person who runs a command: an admin of the settings with a token, or the user of the system."""

import os
import sys
from getpass import getuser
from pathlib import Path
from socket import gethostname
from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.config import Settings
from mailgate.config.admins import Role
from mailgate.rollout.person import Person, proven

VARIABLE = "MAILGATE_ADMIN_TOKEN"
_MAX_LINE = 1000

TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help=f"The file with your admin token, if the settings have admins. Default: {VARIABLE}, or a prompt.",
    ),
]


def acting_person(settings: Settings, *roles: Role, token_file: Path | None = None) -> Person:
    """The person who runs the command. Ends the command if they cannot prove it, or have none of these roles.

    Without admins in the settings it is the user of the system.
    """
    if not settings.admins:
        return system_user()
    token = token_of(token_file)
    if not token:
        ways = f"in {VARIABLE}, with --token-file, or at a terminal"
        fail(1, f"the settings have admins: give your token {ways}")
    return _admin(settings, token, roles)


def acting_person_if_given(settings: Settings, *roles: Role, token_file: Path | None = None) -> Person | None:
    """Like ``acting_person`` for a command that needs no token; None if no token is given."""
    if not settings.admins:
        return system_user()
    token = _token_given(token_file) or _typed(" (Enter to look only)")
    return _admin(settings, token, roles) if token else None


def may_operate(settings: Settings, who: Person) -> bool:
    """Whether the person may put rules in force: an operator, or anybody if there are no admins."""
    return not settings.admins or "operator" in settings.admins[who.name].roles


def token_of(token_file: Path | None) -> str:
    """The admin token of a file, the environment or a terminal; empty if there is none."""
    return _token_given(token_file) or _typed()


def system_user() -> Person:
    """The user of the system who runs the command."""
    return Person(getuser(), gethostname())


def _admin(settings: Settings, token: str, roles: tuple[Role, ...]) -> Person:
    name = proven(settings.admins, token)
    if name is None:
        fail(1, "the admin token is not valid; `mailgate admin list` shows the admins")
    if not set(roles) & set(settings.admins[name].roles):
        fail(1, f"{name} may not do this: it takes the role {' or '.join(roles)}")
    return Person(name, gethostname())


def _token_given(token_file: Path | None) -> str:
    if token_file is None:
        return os.environ.get(VARIABLE, "").strip()
    try:
        with token_file.open(encoding="utf-8") as file:
            return file.read(_MAX_LINE).strip()
    except (OSError, UnicodeDecodeError):
        fail(2, f"--token-file: {token_file} cannot be read")


def _typed(hint: str = "") -> str:
    """Read a line from a terminal without showing it; empty if there is no terminal."""
    if not sys.stdin.isatty():
        return ""
    return str(typer.prompt(f"Admin token{hint}", default="", show_default=False, hide_input=True, err=True))
