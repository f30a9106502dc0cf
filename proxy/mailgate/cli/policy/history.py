"""``mailgate policy history|show|diff|drafts``: every version of the rules, and small changes that were drafted in the console, with what
to commit for each."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config, with_store
from mailgate.cli.output import Columns, minute, print_json, print_rows, printable
from mailgate.config import Bundle, Rules, load_bundle
from mailgate.console.drafts.facts import WORDS, DraftFacts, draft_facts, draft_patch
from mailgate.console.policy.versions import (
    NoVersionError,
    RuleFilesLocation,
    VersionDifference,
    difference,
    version_of,
)
from mailgate.errors import ConfigError
from mailgate.rollout.stored_rules import find_draft
from mailgate.store import Activation, Store, Version

Name = Annotated[
    str,
    typer.Argument(
        metavar="[VERSION]", help="A number, or the beginning of a digest. Default: the running version."
    ),
]

_COLUMNS: Columns = {
    "serial": "serial",
    "version": "number",
    "policy": "policy",
    "started": "at",
    "by": "author",
    "note": "note",
}


def history(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """List the activations, the newest first."""

    async def run(store: Store, _bundle: Bundle) -> list[Activation]:
        return await store.policies.history()

    found = with_store(config, run, decides=False)
    print_rows(
        found,
        _COLUMNS,
        as_json=as_json,
        plain=lambda each: {name: value for name, value in asdict(each).items() if name != "already"},
        none="No version has run yet. The first start starts the files.",
        whole=_COLUMNS.keys() - {"note", "by"},
        style=lambda each: "bold" if each is found[0] else "",
    )


def show(version: Name = "", config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Print one version with its author, date, note and files; and the rules that are off now, in any version."""

    async def run(store: Store, bundle: Bundle) -> tuple[Version, list[str]]:
        off = bundle.policy.reliefs.for_everybody(datetime.now(UTC))
        return await version_called(store, version), [f"{each.rule}: {each}" for each in off]

    found, off = with_store(config, run)
    if as_json:
        print_json(asdict(found) | {"off": off})
        return
    for each in off:
        typer.echo(f"# OFF {printable(each)}")
    typer.echo(f"# version {found.number}, policy {found.policy}, digest {found.digest}")
    typer.echo(f"# made {minute(found.made_at)} by {printable(found.author)}: {printable(found.note)}")
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
        numbers = {"old": found.old.number, "new": found.new.number}
        print_json(numbers | {"changes": found.changes, "lines": found.lines})
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


_MAX_DRAFTS = 50
Draft = Annotated[str, typer.Argument(metavar="[DRAFT]", help="One draft, by the beginning of its digest.")]
AsPatch = Annotated[
    bool, typer.Option("--patch", help="Print what to commit for this draft, for `git apply`.")
]

_DRAFTS: Columns = {
    "draft": lambda each: each.digest[:12],
    "change": "title",
    "state": lambda each: WORDS[each.state],
    "file": lambda each: [PurePath(change.folder, change.file) for change in each.changes],
    "by": "author",
}


def drafts(
    draft: Draft = "", patch: AsPatch = False, config: Config = DEFAULT_PATH, as_json: AsJson = False
) -> None:
    """List the changes that were drafted in the console, with the files to change, and whether the files have them."""
    if patch and not draft:
        fail(2, "use a draft with --patch")

    async def lines(store: Store, bundle: Bundle) -> str:
        found = await find_draft(store, draft)
        return await draft_patch(store, found, _files(config), RuleFilesLocation.of(bundle))

    async def run(store: Store, bundle: Bundle) -> list[DraftFacts]:
        active, files, places = await store.policies.active(), _files(config), RuleFilesLocation.of(bundle)
        found = [await find_draft(store, draft)] if draft else await store.drafts.latest(_MAX_DRAFTS)
        if active is None:
            return []
        return [await draft_facts(store, each, active, bundle.rules, files, places) for each in found]

    if patch:
        typer.echo(with_store(config, lines), nl=False)
        return
    found = with_store(config, run)
    print_rows(found, _DRAFTS, as_json=as_json, none="Nothing was drafted.", whole=("draft",))


def _files(config: Path) -> Rules | None:
    try:
        return load_bundle(config).rules
    except ConfigError:
        return None
