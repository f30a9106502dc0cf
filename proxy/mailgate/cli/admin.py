"""``mailgate admin``: who may look at the gate and change its rules."""

import json
import secrets
from pathlib import Path
from typing import Annotated, get_args

import typer
from pydantic import TypeAdapter, ValidationError
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from mailgate.cli.check import DEFAULT_PATH
from mailgate.cli.stored import fail, printable
from mailgate.config import load_settings
from mailgate.config.admins import BY_FILE, AdminName, Role
from mailgate.errors import ConfigError
from mailgate.rollout.admins import SALT_BYTES, SECRET_BYTES, hash_of, new_secret, token_of

app = typer.Typer(help="Set up who may change the rules, and show who there is.", no_args_is_help=True)

_NAME: TypeAdapter[str] = TypeAdapter(AdminName)
_ROLES = get_args(Role)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A person: small letters and digits.")],
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", help="viewer (unless given), operator or approver; more than once for several."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for an admin and print it, this once, with what goes into mailgate.yaml. Nothing is changed."""
    _check(name)
    roles = list(dict.fromkeys(role or ["viewer"]))
    if unknown := set(roles) - set(_ROLES):
        fail(2, f"--role: `{printable(min(unknown))}` is no role; expected {', '.join(_ROLES)}")
    secret = new_secret(secrets.token_bytes(SECRET_BYTES))
    hashed = hash_of(secret, secrets.token_bytes(SALT_BYTES))
    if as_json:
        told = {"name": name, "token": token_of(name, secret), "token_hash": hashed, "roles": roles}
        typer.echo(json.dumps(told))
        return
    typer.echo(
        f"The token of {name}, shown this once; hand it to nobody else:\n\n  {token_of(name, secret)}\n"
    )
    typer.echo("For mailgate.yaml, where only its hash stands:\n")
    typer.echo(f'admins:\n  {name}:\n    token_hash: "{hashed}"\n    roles: [{", ".join(roles)}]')


@app.command("list")
def list_admins(
    config: Annotated[Path, typer.Option("--config", help="The settings.")] = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """List the admins of the settings and what they may do."""
    try:
        admins = load_settings(config).admins
    except ConfigError as error:
        fail(2, str(error))
    if as_json:
        typer.echo(json.dumps([{"name": name, "roles": each.roles} for name, each in admins.items()]))
        return
    if not admins:
        typer.echo("The settings have no admins: who can run commands on this computer may change the rules.")
        return
    table = Table("name", "roles", box=SIMPLE)
    for name, each in admins.items():
        table.add_row(name, ", ".join(each.roles))
    Console().print(table)


def _check(name: str) -> None:
    """End the command where the settings would not take this name."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        fail(
            2,
            f"`{printable(name)}` is no name of an admin; expected small letters and digits, like ada or ada@example.com",
        )
    if name == BY_FILE:
        fail(2, f"`{BY_FILE}` stands for changed files in the audit log; expected the name of a person")
