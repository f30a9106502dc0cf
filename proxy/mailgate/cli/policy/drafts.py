"""``mailgate policy drafts``: small changes of the rules that were drafted in the console, and what to commit for
each."""

import json
from pathlib import Path, PurePath
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle, Rules, load_bundle
from mailgate.console.drafts.facts import WORDS, DraftFacts, draft_facts, draft_patch
from mailgate.console.policy.versions import RuleFilesLocation
from mailgate.errors import ConfigError
from mailgate.rollout.drafts import find_draft
from mailgate.store import Store

_MAX_DRAFTS = 50
Draft = Annotated[str, typer.Argument(metavar="[DRAFT]", help="One draft, by the beginning of its digest.")]
AsPatch = Annotated[
    bool, typer.Option("--patch", help="Print what to commit for this draft, for `git apply`.")
]


def drafts(
    draft: Draft = "", patch: AsPatch = False, config: Config = DEFAULT_PATH, as_json: AsJson = False
) -> None:
    """List the changes that were drafted in the console, with the files to change, and whether the files have them."""
    if patch and not draft:
        fail(2, "expected a draft with --patch")

    async def lines(store: Store, bundle: Bundle) -> str:
        found = await find_draft(store, draft)
        return await draft_patch(store, found, _files(config), RuleFilesLocation.of(bundle))

    async def run(store: Store, bundle: Bundle) -> list[DraftFacts]:
        active, files, places = await store.policies.active(), _files(config), RuleFilesLocation.of(bundle)
        found = [await find_draft(store, draft)] if draft else await store.drafts.latest(_MAX_DRAFTS)
        return [
            await draft_facts(store, each, active, bundle.rules, files, places) for each in found if active
        ]

    if patch:
        typer.echo(with_store(config, lines), nl=False)
        return
    found = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], ensure_ascii=False))
    elif found:
        Console().print(_table(found))
    else:
        typer.echo("Nothing was drafted.")


def _files(config: Path) -> Rules | None:
    try:
        return load_bundle(config).rules
    except ConfigError:
        return None


def _table(found: list[DraftFacts]) -> Table:
    table = unclipped_table("draft", "change", "state", "file", "by", whole=("draft",))
    for each in found:
        files = ", ".join(str(PurePath(change.folder, change.file)) for change in each.changes)
        words = (each.digest[:12], each.title, WORDS[each.state], files, each.author)
        table.add_row(*(Text(printable(word)) for word in words))
    return table
