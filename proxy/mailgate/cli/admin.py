"""``mailgate admin``: the people who may look at the gate and change its rules."""

import secrets
import sys
from operator import itemgetter
from typing import Annotated, get_args

import typer
from pydantic import TypeAdapter, ValidationError

from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.output import print_json, print_rows, printable
from mailgate.config import load_settings
from mailgate.config.admins import BY_FILE, AdminName, AdminSettings, Role
from mailgate.errors import ConfigError
from mailgate.rollout.person import SALT_BYTES, SECRET_BYTES, hash_of, new_secret, token_of, weakness

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
            "--role", help="viewer (the default), operator or approver. May be given several times."
        ),
    ] = None,
    password: Annotated[
        bool,
        typer.Option("--password", help="Ask for a chosen password instead of making a token."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token for an admin and print it once, with the lines for mailgate.yaml. Nothing is changed."""
    _check(name)
    roles = list(dict.fromkeys(role or ["viewer"]))
    if unknown := set(roles) - set(_ROLES):
        fail(2, f"--role: `{printable(min(unknown))}` is not a role; expected {', '.join(_ROLES)}")
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
        expected = "expected small letters and digits, like ada or ada@example.com"
        fail(2, f"`{printable(name)}` is not a name for an admin; {expected}")
    if name == BY_FILE:
        fail(2, f"`{BY_FILE}` stands for changed files in the audit log; expected the name of a person")
