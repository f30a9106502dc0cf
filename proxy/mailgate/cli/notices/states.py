"""``mailgate notices status|list|settle|retry``: the states of mails about rules."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mailgate.cli.exit_codes import fail
from mailgate.cli.identity import TokenFile, acting_person
from mailgate.cli.open_store import printable, with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.table import unclipped_table
from mailgate.config import Bundle
from mailgate.console.notices.facts import MailFacts, mail_facts
from mailgate.mail import postman as decide
from mailgate.store import MailCount, MailState, Store

States = Annotated[
    list[MailState] | None,
    typer.Option("--state", help="Only mails in this state. May be given several times."),
]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]…", help="Mails by their ids, as `list` shows them.")
]
RuleOption = Annotated[str, typer.Option("--rule", help="Only mails about this rule.")]
Limit = Annotated[int, typer.Option(help="How many mails to list, the last changed first.", min=1)]


def status(config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Count mails about rules by rule, version, kind and state."""

    async def run(store: Store, _bundle: Bundle) -> list[MailCount]:
        return await store.mails.counts()

    counts = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in counts]))
    elif counts:
        table = unclipped_table("rule", "version", "kind", "state", "mails", numbers=("mails",))
        for each in counts:
            rule = Text(printable(each.rule)) if each.rule else Text("all of it", style="dim")
            table.add_row(rule, str(each.version), each.kind, each.state, f"{each.count:,}")
        Console().print(table)
    else:
        typer.echo("No mail about a rule was queued yet.")


def list_mails(
    state: States = None,
    rule: RuleOption = "",
    limit: Limit = 50,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """List mails about rules with their recipients, states, causes and Message-IDs."""

    async def run(store: Store, bundle: Bundle) -> list[MailFacts]:
        found = await store.mails.page(states=state or (), rule=rule, size=limit)
        return [mail_facts(each, bundle.settings.notices) for each in found]

    rows = with_store(config, run)
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in rows], ensure_ascii=False))
    elif rows:
        names = ("id", "address", "rule", "version", "kind", "state", "why", "changed_at")
        table = unclipped_table(*names)
        for each in rows:
            table.add_row(*(Text(printable(str(getattr(each, name)))) for name in names))
        Console().print(table)
    else:
        typer.echo("There is no such mail.")


def settle(
    ids: Ids = None,
    sent: Annotated[bool, typer.Option("--sent", help="The mail server has taken them.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="The mail server has not taken them: queue them again.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All unsure mails.")] = False,
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Decide about `unsure` mails: whether the mail server took them. Its log has their Message-IDs."""
    if sent is again or bool(ids) is everything:
        fail(2, "expected ids or --all, and one of --sent and --again")

    async def run(store: Store, bundle: Bundle) -> int:
        who = acting_person(bundle.settings, "operator", token_file=token_file)
        return await decide.settle(store, ids, who, datetime.now(UTC), sent=sent)

    count = with_store(config, run)
    if ids and count < len(set(ids)):
        fail(
            1,
            f"{count:,} settled: the others are not unsure; `mailgate notices list --state unsure` shows those that are",
        )
    typer.echo(json.dumps({"settled": count}) if as_json else f"{count:,} settled")


def retry(
    ids: Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="All failed mails.")] = False,
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Queue `failed` mails again, after the cause is fixed. A mail that is no longer true is not sent."""
    if bool(ids) is everything:
        fail(2, "expected ids or --all")

    async def run(store: Store, bundle: Bundle) -> int:
        who = acting_person(bundle.settings, "operator", token_file=token_file)
        return await decide.retry(store, ids, who, datetime.now(UTC))

    count = with_store(config, run)
    if ids and count < len(set(ids)):
        fail(
            1,
            f"{count:,} queued again: the others have not failed; `mailgate notices list --state failed` shows those that have",
        )
    typer.echo(json.dumps({"queued": count}) if as_json else f"{count:,} queued again")
