"""``mailgate policy history|show|diff|drafts``: every version of the rules, and small changes that were drafted in the console, with what
to commit for each."""

from dataclasses import asdict
from pathlib import Path, PurePath
from typing import Annotated

import typer

from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.output import Columns, minute, print_json, printable, tell
from mailgate.config import Rules, load_bundle
from mailgate.console.drafts.facts import WORDS, draft_facts, draft_patch
from mailgate.console.policy.versions import NoVersionError, RuleFilesLocation, difference, version_of
from mailgate.errors import ConfigError
from mailgate.rollout.stored_rules import find_draft, readable
from mailgate.store import Store, Version

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


@on_store(decides=False)
async def history(opened: Opened) -> None:
    """List the activations, the newest first."""
    found = await opened.store.policies.history()
    opened.print_rows(
        found,
        _COLUMNS,
        plain=lambda each: {name: value for name, value in asdict(each).items() if name != "already"},
        none="No version has run yet. The first start starts the files.",
        whole=_COLUMNS.keys() - {"note", "by"},
        style=lambda each: "bold" if each is found[0] else "",
    )


@on_store()
async def show(opened: Opened, version: Name = "") -> None:
    """Print one version with its author, date, note and files; and the rules that are off now, in any version."""
    found = await version_called(opened.store, version)
    reliefs = opened.bundle.policy.reliefs
    off = [f"{each.rule}: {each}" for each in reliefs.for_everybody(opened.now)]
    if opened.as_json:
        print_json(asdict(found) | {"off": off})
        return
    for each in off:
        tell(f"# OFF {printable(each)}")
    tell(f"# version {found.number}, policy {found.policy}, digest {found.digest}")
    tell(f"# made {minute(found.made_at)} by {printable(found.author)}: {printable(found.note)}")
    for name, text in found.texts.items():
        typer.echo(f"\n# --- {name}\n{text.rstrip()}")


@on_store()
async def diff(
    opened: Opened,
    old: Annotated[str, typer.Argument(help="A version: a number, or the beginning of a digest.")],
    new: Name = "",
) -> None:
    """Compare two versions, in words and line by line."""
    store = opened.store
    found = await difference(await version_called(store, old), await version_called(store, new))
    if opened.as_json:
        numbers = {"old": found.old.number, "new": found.new.number}
        print_json(numbers | {"changes": found.changes, "lines": found.lines})
        return
    typer.echo(f"version {found.old.number} to version {found.new.number}")
    for each in found.changes:
        tell(printable(str(each)))
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


@on_store()
async def drafts(opened: Opened, draft: Draft = "", patch: AsPatch = False) -> None:
    """List the changes that were drafted in the console, with the files to change, and whether the files have them."""
    if patch and not draft:
        fail(2, "use a draft with --patch")
    store, rules = opened.store, opened.bundle.rules
    files, places = _files(opened.config), RuleFilesLocation.of(opened.bundle)
    found = [await find_draft(store, draft)] if draft else [*readable(await store.drafts.latest(_MAX_DRAFTS))]
    if patch:
        typer.echo(await draft_patch(store, found[0], files, places), nl=False)
        return
    active = await store.policies.active()
    told = [await draft_facts(store, each, active, rules, files, places) for each in found if active]
    opened.print_rows(told, _DRAFTS, none="Nothing was drafted.", whole=("draft",))


def _files(config: Path) -> Rules | None:
    try:
        return load_bundle(config).rules
    except ConfigError:
        return None
