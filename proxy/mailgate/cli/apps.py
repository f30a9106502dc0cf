"""``mailgate apps``: the listed apps, how many people have each, and the effect of their lists."""

import json
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.console.apps.facts import AppFacts, count_apps
from mailgate.console.apps.facts import apps as listed
from mailgate.console.devices.rows import catch_up
from mailgate.console.words import app_state_in_words
from mailgate.store import Store

_COLUMNS = ("app", "name", "mail", "people", "devices", "in a week", "lists")


def apps(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the listed apps, with the number of people and devices that have each, counted now."""

    async def run(store: Store, bundle: Bundle) -> list[AppFacts]:
        now = datetime.now(UTC)
        while await catch_up(store, bundle, now):
            pass
        await count_apps(store, bundle.policy.catalog.apps, now)
        return await listed(store, bundle.policy, now)

    found = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], ensure_ascii=False))
    else:
        Console().print(_table(found))


def _table(found: list[AppFacts]) -> Table:
    table = unclipped_table(*_COLUMNS, whole=("app",))
    for each in found:
        mail = app_state_in_words(each.state).lower()
        week = "" if each.week is None else f"{each.week:+d}"
        words = (each.key, each.name, mail, str(each.people), str(each.devices), week, ", ".join(each.lists))
        table.add_row(*(Text(printable(word)) for word in words))
    return table
