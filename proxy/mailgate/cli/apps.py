"""``mailgate apps``: the listed apps, how many people have each, and the effect of their lists."""

from datetime import UTC, datetime

from mailgate.cli.options import DEFAULT_PATH, AsJson, Config, with_store
from mailgate.cli.output import Columns, print_rows
from mailgate.config import Bundle
from mailgate.console.apps.facts import AppFacts, count_apps
from mailgate.console.apps.facts import apps as listed
from mailgate.console.devices.rows import catch_up
from mailgate.console.words import app_state_in_words
from mailgate.store import Store

_COLUMNS: Columns = {
    "app": "key",
    "name": "name",
    "mail": lambda each: app_state_in_words(each.state).lower(),
    "people": "people",
    "devices": "devices",
    "in a week": lambda each: "" if each.week is None else f"{each.week:+d}",
    "lists": "lists",
}


def apps(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the listed apps, with the number of people and devices that have each, counted now."""

    async def run(store: Store, bundle: Bundle) -> list[AppFacts]:
        now = datetime.now(UTC)
        while await catch_up(store, bundle, now):
            pass
        await count_apps(store, bundle.policy.catalog.apps, now)
        return await listed(store, bundle.policy, now)

    found = with_store(config, run)
    print_rows(found, _COLUMNS, as_json=as_json, none="No app is listed.", whole=("app",))
