"""``mailgate enroll``: let devices enrol with the gate itself, and revoke lost ones."""

import json
import secrets
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.identity import TokenFile
from mailgate.cli.identity import acting_person as acting
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.config.values import Duration
from mailgate.rollout import counted_acts
from mailgate.rollout.guard import guard_of
from mailgate.store import EnrolledKey, EnrolmentToken, Store
from mailgate.store.enrolments import (
    CODE_BYTES,
    CODE_LIFE,
    TOKEN_BYTES,
    digest_of,
    name_of,
    new_code,
    new_token,
)

app = typer.Typer(help="Let devices enrol with the gate, and revoke tokens and keys.", no_args_is_help=True)

_MAX_TEXT = 255
"""The longest login name, in characters. With a longer name the gate would refuse its own tokens about that person."""
_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)

User = Annotated[str, typer.Option(metavar="NAME", help="The login name of the device's owner.")]
Note = Annotated[str, typer.Option(metavar="TEXT", help="Its purpose, shown by `mailgate enroll list`.")]


@app.command()
def token(
    user: User = "",
    uses: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many devices may enrol with it.")] = 1,
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="How long it is valid, like 24h or 7d.")
    ] = "7d",
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Make an enrolment token and print it once. Only its hash is stored."""
    text, life = new_token(secrets.token_bytes(TOKEN_BYTES)), _life(expires)
    _make(text, user, uses, life, note, token_file, config, as_json)


@app.command()
def code(
    user: User = "",
    note: Note = "",
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Make a code to read out or type. It is valid for one device and ten minutes."""
    text = new_code(secrets.token_bytes(CODE_BYTES))
    _make(text, user, 1, CODE_LIFE, note, token_file, config, as_json)


@app.command("list")
def list_enrolled(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the stored tokens and the enrolled keys."""

    async def run(store: Store, _bundle: Bundle) -> None:
        tokens = await store.enrolments.tokens()
        keys: list[EnrolledKey] = []
        while page := await store.enrolments.page(keys[-1].thumbprint if keys else ""):
            keys += page
        if as_json:
            told = {"tokens": [_plain(each) for each in tokens], "keys": [_plain(each) for each in keys]}
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            _print(tokens, keys)

    with_store(config, run)


@app.command()
def revoke(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A token's name, a key thumbprint or a device id.")
    ],
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Revoke a device or a key, or let no more devices enrol with a token, at every gate within a second.

    A device or a key counts for the guard. Beyond what the guard lets pass by hand, another approver has to do the same.
    """

    async def run(store: Store, bundle: Bundle) -> None:
        by = acting(bundle.settings, "operator", "approver", token_file=token_file)
        revoked = await counted_acts.revoke(store, guard_of(bundle.settings), by, datetime.now(UTC), name)
        if not revoked.tokens and not revoked.keys:
            if revoked.before:
                fail(1, f"{printable(name)} was revoked before; it stays shut out")
            fail(1, f"nothing is called {printable(name)}; `mailgate enroll list` shows what there is")
        if as_json:
            told = {"tokens": revoked.tokens, "keys": revoked.keys, "devices": revoked.devices}
            typer.echo(json.dumps(told))
        for each in () if as_json else revoked.tokens:
            typer.echo(f"revoked {each}: no device can enrol with it; those that did stay enrolled")
        for each in () if as_json else revoked.keys:
            typer.echo(f"revoked the key {each}")

    with_store(config, run)


def _make(
    text: str,
    user: str,
    uses: int,
    life: timedelta,
    note: str,
    token_file: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    for option, said in (("--user", user), ("--note", note)):
        if not said.isprintable() or len(said) > _MAX_TEXT:
            fail(2, f"{option}: not a text of one line; expected at most {_MAX_TEXT} printable characters")
    digest, now = digest_of(text), datetime.now(UTC)
    made = EnrolmentToken(name_of(digest), user, note, uses, now, now + life)

    async def run(store: Store, bundle: Bundle) -> None:
        act = acting(bundle.settings, "operator", token_file=token_file).act(
            now, "enrolment-token-made", note
        )
        await store.enrolments.add(digest, replace(made, owner=bundle.settings.logins.person(user)))
        await store.audit.append(replace(act, about=f"token {made.name}", details={"uses": uses}))
        typer.echo(json.dumps({"token": text, **_plain(made)}, ensure_ascii=False) if as_json else text)

    with_store(config, run)


def _life(text: str) -> timedelta:
    try:
        return _DURATION.validate_python(text)
    except ValidationError as error:
        fail(2, f'--expires "{text}": {error.errors()[0]["msg"]}')


def _print(tokens: list[EnrolmentToken], keys: list[EnrolledKey]) -> None:
    console = Console()
    if not tokens and not keys:
        typer.echo("No token was made and no key has enrolled yet.")
    if tokens:
        table = _table("token", "user", "uses left", "expires", "note")
        for each in tokens:
            table.add_row(*_cells(each.name, each.owner, each.uses_left, _minute(each.expires_at), each.note))
        console.print(table)
    if keys:
        table = _table("device", "user", "enrolled", "last report", "revoked", "key", "token")
        for key in keys:
            times = (_minute(key.made_at), _minute(key.reported_at), _minute(key.revoked_at))
            table.add_row(*_cells(key.device, key.owner, *times, key.thumbprint, key.token))
        console.print(table)


def _table(*names: str) -> Table:
    return unclipped_table(*names, whole=("token", "device", "key"))


def _cells(*values: object) -> list[Text]:
    return [Text(printable(str(value))) for value in values]


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def _plain(row: EnrolmentToken | EnrolledKey) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(row).items()
    }
