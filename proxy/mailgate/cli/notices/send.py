"""``mailgate notices send|correct``: a mail to the people whom a rule is about, each once, and corrections to everybody reached by a rule that was taken back."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mailgate.app.mails import POLL_SECONDS, postman_for, sent_act
from mailgate.cli.exit_codes import fail
from mailgate.cli.identity import TokenFile, acting_person
from mailgate.cli.open_store import with_store
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.config import Bundle
from mailgate.config.mail import NoticeSettings
from mailgate.console.notices.facts import RecipientCounts, mails_of, recipient_counts
from mailgate.mail.composer import address_book
from mailgate.mail.corrections import correct as queue_corrections
from mailgate.mail.postman import Postman
from mailgate.mail.recipient_list import RecipientList, Recipients, data_scope_of, list_recipients, queue
from mailgate.mail.topic import Topic, topic_of
from mailgate.mail.transport import TransportDownError
from mailgate.rollout.person import Person
from mailgate.store import Activation, Mail, MailKind, MailState, NoticeKey, Store

First = Callable[[], Awaitable[None]]
_TICK = 0.25
"""The seconds between two moves of the progress bar."""


async def deliver(
    store: Store, bundle: Bundle, notices: NoticeSettings, who: Person, first: First | None = None
) -> None:
    """Send until no mail is due any more. While a gate sends, wait for the gate.

    The process that sends does ``first`` once. Ends the command if no mail can be sent now.
    """
    counts: Counter[str] = Counter()

    def told(_mail: Mail, state: MailState, _why: str) -> None:
        counts[state.value] += 1

    postman = postman_for(bundle.settings, notices, store, told)
    try:
        with progress_bar("mails") as bar:
            await _send(store, postman, bar, first)
    except TransportDownError as error:
        fail(1, f"no mail can be sent now ({error}); queued mails are sent once a running gate can send them")
    finally:
        if counts:
            await store.audit.append(sent_act(who.name, who.origin, counts))


async def _send(store: Store, postman: Postman, bar: Progress, first: First | None) -> None:
    task, total = bar.add_task("sending", total=None), 0
    while first is not None or await store.mails.has_work(datetime.now(UTC)):
        sending = asyncio.get_running_loop().create_task(postman.round(first))
        while not sending.done():
            await asyncio.wait({sending}, timeout=_TICK)
            left = await waiting(store)
            total = max(total, left)
            bar.update(task, completed=total - left, total=total)
        if await sending:
            first = None
        else:
            await asyncio.sleep(POLL_SECONDS)


async def waiting(store: Store) -> int:
    """How many mails are queued."""
    return sum(each.count for each in await store.mails.counts() if each.state is MailState.QUEUED)


def progress_bar(noun: str) -> Progress:
    """A progress bar on standard error, shown at a terminal."""
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(noun),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)


RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id, as in the policy file.")]
Kind = Annotated[
    MailKind,
    typer.Option(
        "--kind",
        help="upcoming: before a stage begins; warned: while it warns; enforced: while it is enforced.",
    ),
]


@dataclass(frozen=True, slots=True)
class TopicInForce:
    """The version in force, and the topic of a notice about one of its rules."""

    active: Activation
    topic: Topic


async def subject_of(store: Store, bundle: Bundle, rule: str, kind: MailKind, now: datetime) -> TopicInForce:
    """The subject of a command. Raises RefusedError if nothing may be sent; ends the command if no version is in force."""
    active = await store.policies.active()
    if active is None:
        fail(1, "nothing is in force yet: the first start puts the files in force")
    return TopicInForce(active, topic_of(bundle.policy, active.number, rule, kind, now))


def settings_of(bundle: Bundle) -> NoticeSettings:
    """The settings of notices; ends the command if there are none."""
    notices = bundle.settings.notices
    if notices is None:
        fail(2, "no mails are sent by these settings; expected `notices` with `smtp` or `outbox` in them")
    return notices


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
    store: Store, bundle: Bundle, notices: NoticeSettings, subject: TopicInForce, now: datetime
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


async def _states(store: Store, subject: TopicInForce) -> dict[str, int]:
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


def correct(token_file: TokenFile = None, config: Config = DEFAULT_PATH, as_json: AsJson = False) -> None:
    """Send the corrections after `mailgate policy retract` now, if no running gate does. Each is sent once."""
    queued = 0

    async def run(store: Store, bundle: Bundle) -> None:
        notices, who = settings_of(bundle), acting_person(bundle.settings, "operator", token_file=token_file)

        async def first() -> None:
            nonlocal queued
            data_scope, book = data_scope_of(bundle), address_book(notices)
            queued = await queue_corrections(store, data_scope, book, who, datetime.now(UTC))

        await deliver(store, bundle, notices, who, first)

    with_store(config, run)
    typer.echo(json.dumps({"queued": queued}) if as_json else f"{queued:,} corrections were queued now")
