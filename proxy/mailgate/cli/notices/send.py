"""``mailgate notices send``: send a mail to the people whom a rule is about, each once."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mailgate.cli.identity import TokenFile, acting_person
from mailgate.cli.notices.delivery import deliver, progress_bar
from mailgate.cli.notices.subject import Kind, NoticeSubject, RuleId, settings_of, subject_of
from mailgate.cli.open_store import with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.config import Bundle
from mailgate.config.mail import NoticeSettings
from mailgate.mail.composer import address_book
from mailgate.mail.recipient_list import RecipientList, Recipients, data_scope_of, list_recipients, queue
from mailgate.store import NoticeKey, Store
from mailgate.views.notices import RecipientCounts, mails_of, recipient_counts

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count the mails, and queue nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
To = Annotated[
    Recipients,
    typer.Option(
        "--to",
        help="new: whom this version newly affects; untold: these, and others who had no such mail by an earlier version; all: everybody whom the rule is about. Nobody gets this mail twice.",
    ),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Only queue the mails; a running gate sends them.")]


def send(
    rule: RuleId,
    kind: Kind,
    to: To = Recipients.NEW,
    dry_run: DryRun = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Send a mail to the people whom a rule of the version in force is about, once for each version and kind."""

    async def run(store: Store, bundle: Bundle) -> dict[str, Any]:
        notices, now = settings_of(bundle), datetime.now(UTC)
        subject = await subject_of(store, bundle, rule, kind, now)
        found = await _counted(store, bundle, notices, subject, now)
        counts = recipient_counts(found, to)
        if not as_json:
            _say(counts)
        if dry_run:
            return counts.model_dump()
        who = acting_person(bundle.settings, "operator", token_file=token_file)
        if not yes and counts.to_write:
            typer.confirm(f"Write to {counts.to_write:,} people?", abort=True, err=True)
        queued = await queue(store, found.to(to), who, subject.topic, datetime.now(UTC))
        if not no_wait:
            await deliver(store, bundle, notices, who)
        return counts.model_dump() | {"queued": queued, "states": await _states(store, subject)}

    done = with_store(config, run)
    if as_json:
        typer.echo(json.dumps(done))
    elif "states" in done:
        typer.echo(", ".join(f"{count:,} {state}" for state, count in sorted(done["states"].items())))


async def _counted(
    store: Store, bundle: Bundle, notices: NoticeSettings, subject: NoticeSubject, now: datetime
) -> RecipientList:
    with progress_bar("devices") as bar:
        task = bar.add_task("deciding", total=None)
        return await list_recipients(
            store,
            bundle.rules,
            subject.active,
            subject.topic,
            data_scope_of(bundle),
            address_book(notices),
            now,
            lambda done, of: bar.update(task, completed=done, total=of),
        )


async def _states(store: Store, subject: NoticeSubject) -> dict[str, int]:
    """The number of mails with this notice in each state."""
    about = NoticeKey(subject.active.number, subject.topic.kind, subject.topic.rule.id)
    return {
        str(state): count for state, count in mails_of(await store.mails.counts(about), about).states.items()
    }


def _say(counts: RecipientCounts) -> None:
    typer.echo(f"{counts.to_write:>9,} people to write to (--to {counts.to.value})")
    for count, words in (
        (counts.untold, "others who had no such mail before (--to untold)"),
        (counts.told_earlier, "others who had such a mail by an earlier version (--to all)"),
        (counts.written_before, "who have this mail already"),
        (counts.no_address, "without an address in the company's domain"),
        (counts.nameless, "devices whose owner nobody knows"),
        (
            counts.undecided,
            "people for whom it is unknown whether the rule is about them: they get no mail",
        ),
    ):
        if count:
            typer.echo(f"{count:>9,} {words}")
