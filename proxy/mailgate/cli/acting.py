"""Who runs a command that changes something: an admin of the settings who proves it, or whom the system knows."""

import os
import sys
from getpass import getuser
from pathlib import Path
from socket import gethostname
from typing import Annotated

import typer

from mailgate.cli.stored import fail
from mailgate.config import Settings
from mailgate.config.admins import Role
from mailgate.rollout.acts import Person
from mailgate.rollout.admins import proven

VARIABLE = "MAILGATE_ADMIN_TOKEN"
_LONGEST = 1000

TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        help=f"Holds your admin token, where the settings have admins; else {VARIABLE}, or a prompt.",
    ),
]


def person(settings: Settings, *roles: Role, token_file: Path | None = None) -> Person:
    """Who runs the command; ends it where they cannot prove it, or have none of these roles.

    Without admins in the settings it is whom the system knows.
    """
    if not settings.admins:
        return system_user()
    token = _given(token_file) or _typed()
    if not token:
        fail(
            2, f"the settings have admins: give your token in {VARIABLE}, with --token-file, or at a terminal"
        )
    return _admin(settings, token, roles)


def person_if_told(settings: Settings, *roles: Role, token_file: Path | None = None) -> Person | None:
    """The same for a command that may also be run by nobody in particular: None where no token is given."""
    if not settings.admins:
        return system_user()
    token = _given(token_file) or _typed(" (Enter to look only)")
    return _admin(settings, token, roles) if token else None


def may_operate(settings: Settings, who: Person) -> bool:
    """Whether who runs the command may put rules in force; without admins whoever can run it may."""
    return not settings.admins or "operator" in settings.admins[who.name].roles


def system_user() -> Person:
    """Who runs the command, as the system knows them."""
    return Person(getuser(), gethostname())


def _admin(settings: Settings, token: str, roles: tuple[Role, ...]) -> Person:
    name = proven(settings.admins, token)
    if name is None:
        fail(2, "the admin token is not right; `mailgate admin list` shows who there is")
    if not set(roles) & set(settings.admins[name].roles):
        fail(2, f"{name} may not do this: it takes the role {' or '.join(roles)}")
    return Person(name, gethostname())


def _given(token_file: Path | None) -> str:
    if token_file is None:
        return os.environ.get(VARIABLE, "").strip()
    try:
        with token_file.open(encoding="utf-8") as file:
            return file.read(_LONGEST).strip()
    except (OSError, UnicodeDecodeError):
        fail(2, f"--token-file: {token_file} cannot be read")


def _typed(hint: str = "") -> str:
    """What is typed at a terminal, without showing it; nothing where there is none."""
    if not sys.stdin.isatty():
        return ""
    return str(typer.prompt(f"Admin token{hint}", default="", show_default=False, hide_input=True, err=True))
