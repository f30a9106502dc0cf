"""``mailgate policy history|show|diff``: every version of the rules."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.console.policy.versions import NoVersionError, VersionDifference, difference, version_of
from mailgate.store import Activation, Store, Version

Name = Annotated[
    str,
    typer.Argument(
        metavar="[VERSION]", help="A number, or the beginning of a digest. Default: the version in force."
    ),
]

_COLUMNS = ("serial", "version", "policy", "in force from", "by", "note")


def history(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the activations, the newest first."""

    async def run(store: Store, _bundle: Bundle) -> list[Activation]:
        return await store.policies.history()

    found = with_store(config, run, decides=False)
    if as_json:
        told = [{name: each for name, each in asdict(one).items() if name != "already"} for one in found]
        typer.echo(json.dumps(told, default=_plain, ensure_ascii=False))
    elif found:
        Console().print(_table(found))
    else:
        typer.echo("Nothing has been in force yet: the first start puts the files in force.")


def show(version: Name = "", config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Print one version with its author, date, note and files; and the rules that are off now, in any version."""

    async def run(store: Store, bundle: Bundle) -> tuple[Version, list[str]]:
        off = bundle.policy.reliefs.for_everybody(datetime.now(UTC))
        return await version_called(store, version), [f"{each.rule}: {each}" for each in off]

    found, off = with_store(config, run)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"off": off}, default=_plain, ensure_ascii=False))
        return
    for each in off:
        typer.echo(f"# OFF {printable(each)}")
    typer.echo(f"# version {found.number}, policy {found.policy}, digest {found.digest}")
    typer.echo(
        f"# made {found.made_at:%Y-%m-%d %H:%M} UTC by {printable(found.author)}: {printable(found.note)}"
    )
    for name, text in found.texts.items():
        typer.echo(f"\n# --- {name}\n{text.rstrip()}")


def diff(
    old: Annotated[str, typer.Argument(help="A version: a number, or the beginning of a digest.")],
    new: Name = "",
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Compare two versions, in words and line by line."""

    async def run(store: Store, _bundle: Bundle) -> VersionDifference:
        return await difference(await version_called(store, old), await version_called(store, new))

    found = with_store(config, run)
    if as_json:
        told = {
            "old": found.old.number,
            "new": found.new.number,
            "changes": [asdict(each) for each in found.changes],
            "lines": found.lines,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    typer.echo(f"version {found.old.number} to version {found.new.number}")
    for each in found.changes:
        typer.echo(printable(str(each)))
    if not found.changes:
        typer.echo("no difference that affects a decision" if found.lines else "no difference")
    for line in ["", *found.lines] if found.lines else []:
        typer.echo(line)


async def version_called(store: Store, name: str) -> Version:
    """The version with this name. Ends the command if there is none, or more than one."""
    try:
        return await version_of(store, name)
    except NoVersionError as error:
        fail(1, printable(str(error)))


def _table(found: list[Activation]) -> Table:
    table = unclipped_table(*_COLUMNS, whole={*_COLUMNS} - {"note", "by"})
    for each in found:
        words = [
            str(each.serial),
            str(each.number),
            each.policy,
            f"{each.at:%Y-%m-%d %H:%M} UTC",
            each.author,
            each.note,
        ]
        style = "bold" if each is found[0] else ""
        table.add_row(*(Text(printable(word)) for word in words), style=style)
    return table


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
