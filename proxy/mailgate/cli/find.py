"""``mailgate find``: people, devices and refusals, by any of their names."""

import json
import shlex
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsObject, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.console.people.find import Hits
from mailgate.console.people.find import find as found_by
from mailgate.store import Store

_COLUMNS = ("what", "name", "is", "person")
_MORE = {
    "person": "mailgate person {id}",
    "device": "mailgate devices show {id}",
    "refusal": "mailgate explain --reference {id}",
}
"""The command that shows more about a hit."""


def find(
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="A part of a login name or an address, a serial number or a device id or its beginning, or the reference of a refusal.",
        ),
    ],
    after: Annotated[
        str,
        typer.Option(metavar="LOGIN", help="Continue after this login name, as the previous answer says."),
    ] = "",
    config: Config = DEFAULT_PATH,
    as_json: AsObject = False,
) -> None:
    """Find people, devices and refusals, like the search of the console."""
    if not text.strip():
        fail(2, "expected a part of a name, an id, an address or a reference")

    async def run(store: Store, bundle: Bundle) -> Hits:
        return await found_by(store, bundle, text, datetime.now(UTC), after)

    hits = with_store(config, run)
    if as_json:
        typer.echo(json.dumps(hits.model_dump(mode="json"), ensure_ascii=False))
    elif hits.items:
        Console().print(_table(hits))
        _say_how_to_go_on(hits)
    else:
        fail(1, f"nothing is called {printable(text)}, and no login name contains it")


def _table(hits: Hits) -> Table:
    table = unclipped_table(*_COLUMNS, whole=("what",))
    for each in hits.items:
        words = (each.what, each.id, "" if each.what == "person" else each.words, each.person)
        table.add_row(*(Text(printable(word)) for word in words))
    return table


def _say_how_to_go_on(hits: Hits) -> None:
    first = hits.items[0]
    typer.echo(f"More: {_MORE[first.what].format(id=_word(first.id))}")
    if hits.next is not None:
        typer.echo(f"There may be more people: go on with --after {_word(hits.next)}")


def _word(text: str) -> str:
    """A name, quoted for a shell."""
    return shlex.quote(printable(text))
