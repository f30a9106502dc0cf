"""The person who runs a command, an admin of the settings with a token or the user of the system; and ``mailgate admin``: the people who
may look at the gate and change its rules."""

import os
import secrets
import sys
from operator import itemgetter
from pathlib import Path
from socket import gethostname
from typing import Annotated, get_args

import typer
from pydantic import TypeAdapter, ValidationError

from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config, system_user
from mailgate.cli.output import print_json, print_rows, printable
from mailgate.config import Settings, load_settings
from mailgate.config.admins import BY_FILE, AdminName, AdminSettings, Role
from mailgate.errors import ConfigError
from mailgate.rollout.person import (
    SALT_BYTES,
    SECRET_BYTES,
    Person,
    hash_of,
    new_secret,
    proven,
    token_of,
    weakness,
)

VARIABLE = "MAILGATE_ADMIN_TOKEN"

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
    token = admin_token(token_file)
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


def admin_token(token_file: Path | None) -> str:
    """The admin token of a file, the environment or a terminal; empty if there is none."""
    return _token_given(token_file) or _typed()


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
        with token_file.open(encoding="utf-8-sig") as file:
            return file.read(_MAX_LINE).strip()
    except (OSError, UnicodeDecodeError):
        fail(2, f"--token-file: {token_file} cannot be read")


def _typed(hint: str = "") -> str:
    """Read a line from a terminal without showing it; empty if there is no terminal."""
    if not sys.stdin.isatty():
        return ""
    return str(typer.prompt(f"Admin token{hint}", default="", show_default=False, hide_input=True, err=True))


app = typer.Typer(help="Set up and list the people who may change the rules.", no_args_is_help=True)

_NAME: TypeAdapter[str] = TypeAdapter(AdminName)
_ROLES = get_args(Role)
_MAX_LINE = 1000
_COLUMNS = {"name": "name", "roles": "roles", "comes in by": "ways"}


@app.command()
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The person's name, in small letters and digits.")
    ],
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            help="analyst (numbers without names), viewer (the default), operator or approver. May be given several times.",
        ),
    ] = None,
    password: Annotated[
        bool, typer.Option("--password", help="Ask for a chosen password instead of making a token.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token for an admin and print it once, with the lines for mailgate.yaml. Nothing is changed."""
    _check(name)
    roles = list(dict.fromkeys(role or ["viewer"]))
    if unknown := set(roles) - set(_ROLES):
        fail(2, f"--role: `{printable(min(unknown))}` is not a role; use {', '.join(_ROLES)}")
    secret = _chosen(name) if password else new_secret(secrets.token_bytes(SECRET_BYTES))
    hashed = hash_of(secret, secrets.token_bytes(SALT_BYTES))
    if as_json:
        made = {} if password else {"token": token_of(name, secret)}
        print_json({"name": name, **made, "token_hash": hashed, "roles": roles})
        return
    if not password:
        typer.echo(
            f"The token of {name}, shown this once; hand it to nobody else:\n\n  {token_of(name, secret)}\n"
        )
    typer.echo("For mailgate.yaml, which holds only its hash:\n")
    typer.echo(f'admins:\n  {name}:\n    token_hash: "{hashed}"\n    roles: [{", ".join(roles)}]')


def _chosen(name: str) -> str:
    """Read a password: typed twice, or one line of standard input. Ends the command if it is too weak."""
    if sys.stdin.isatty():
        typed = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        typed = sys.stdin.readline(_MAX_LINE).removesuffix("\n")
    if wrong := weakness(typed, name):
        fail(2, f"this password {wrong}")
    return typed


@app.command("list")
def list_admins(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the admins of the settings and their roles."""
    try:
        admins = load_settings(config).admins
    except ConfigError as error:
        fail(2, str(error))
    told = [{"name": name, "roles": each.roles, "ways": _ways(each)} for name, each in admins.items()]
    columns = {head: itemgetter(key) for head, key in _COLUMNS.items()}
    none = (
        "The settings have no admins: everybody who can run commands on this computer may change the rules."
    )
    print_rows(told, columns, as_json=as_json, none=none, whole=("name",))


def _ways(admin: AdminSettings) -> list[str]:
    """How they log in, in words, without their names at the provider and in the header."""
    ways = {"token": admin.token_hash, "oidc": admin.oidc, "proxy": admin.proxy}
    return [way for way, known in ways.items() if known]


def _check(name: str) -> None:
    """End the command if the settings would not accept this name."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        expected = "use small letters and digits, like ada or ada@example.com"
        fail(2, f"`{printable(name)}` is not a name for an admin; {expected}")
    if name == BY_FILE:
        fail(2, f"`{BY_FILE}` stands for changed files in the audit log; use the name of a person")
