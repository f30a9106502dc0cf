"""``mailgate help-requests``: people who asked for help by the button on a refusal."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.console.people.help import HelpFacts, help_facts
from mailgate.store import Store

_COLUMNS = ("last", "times", "state", "whom", "why", "reference")


def help_requests(
    rule: Annotated[str, typer.Option(help="Only requests because of this rule.")] = "",
    limit: Annotated[int, typer.Option(help="The most requests to show.", min=1, max=100_000)] = 100,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """List the requests for help after a refusal, the latest first. `mailgate explain --reference` shows why they were
    refused."""

    async def run(store: Store, bundle: Bundle) -> list[HelpFacts]:
        return [help_facts(each, bundle.policy) for each in await store.help_requests.page(rule, limit)]

    found = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], ensure_ascii=False))
    elif found:
        Console().print(_table(found))
    else:
        typer.echo(f"Nobody has asked for help{f' against `{printable(rule)}`' if rule else ''}.")


def _table(found: list[HelpFacts]) -> Table:
    table = unclipped_table(*_COLUMNS, whole=("last", "state", "reference"))
    for each in found:
        whom = each.person or each.device or "not known"
        why = each.cause or each.title or each.rule
        words = (
            f"{each.last_at:%Y-%m-%d %H:%M}",
            str(each.times),
            each.state.value,
            whom,
            why,
            each.reference,
        )
        table.add_row(*(Text(printable(word)) for word in words))
    return table
