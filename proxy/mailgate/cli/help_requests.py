"""``mailgate help-requests``: people who asked for help by the button on a refusal."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.stored import printable, with_store
from mailgate.config import Bundle
from mailgate.store import HelpRequest, Store

_COLUMNS = ("last", "times", "rule", "reason", "whom", "device", "reference")


def help_requests(
    rule: Annotated[str, typer.Option(help="Only because of this rule.")] = "",
    limit: Annotated[int, typer.Option(help="The most requests to show.", min=1, max=100_000)] = 100,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """List the requests for help after a refusal, the latest first. `mailgate explain --reference` shows why they were
    refused."""

    async def run(store: Store, _bundle: Bundle) -> list[HelpRequest]:
        return await store.help_requests.page(rule, limit)

    found = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], default=str, ensure_ascii=False))
    elif found:
        Console().print(_table(found))
    else:
        typer.echo(f"Nobody has asked for help{f' against `{printable(rule)}`' if rule else ''}.")


def _table(found: list[HelpRequest]) -> Table:
    table = Table(*_COLUMNS, box=SIMPLE)
    for each in found:
        whom = each.person or ("" if each.known else "nobody named")
        words = (f"{each.last_at:%Y-%m-%d %H:%M}", str(each.times), each.rule, each.reason, whom, each.device, each.reference)  # fmt: skip
        table.add_row(*(Text(printable(word)) for word in words))
    return table
