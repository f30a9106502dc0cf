"""``mailgate notices``: mails to the people whom a rule is about, each once, corrections after it was rolled back, and their states."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.text import Text

from mailgate.app.mails import POLL_SECONDS, postman_for, sent_act
from mailgate.cli.exit_codes import fail
from mailgate.cli.opened import Opened, on_store
from mailgate.cli.output import Columns, ShowProgress, print_json, printable, progress_bar, tell
from mailgate.config import Bundle
from mailgate.config.mail import NoticeSettings
from mailgate.console.notices.facts import RecipientCounts, mail_facts, mails_of, recipient_counts
from mailgate.mail import postman as decide
from mailgate.mail.composer import address_book, composer_for
from mailgate.mail.corrections import correct as queue_corrections
from mailgate.mail.postman import Postman
from mailgate.mail.recipient_list import (
    Recipients,
    data_scope_of,
    list_recipients,
    notice_about,
    queue,
    sample,
    stand_in,
)
from mailgate.mail.topic import Topic, topic_of
from mailgate.mail.transport import TransportDownError
from mailgate.model.decision import user_text
from mailgate.rollout.person import Person
from mailgate.store import Activation, Mail, MailKind, MailState, NoticeKey, Store
from mailgate.texts import languages_by_tag, load_languages

app = typer.Typer(help="Send mails to the people whom a rule is about.", no_args_is_help=True)

First = Callable[[], Awaitable[None]]
_TICK = 0.25
"""The seconds between two moves of the progress bar."""

RuleId = Annotated[str, typer.Argument(metavar="RULE", help="The rule's id, as in the policy file.")]
Kind = Annotated[
    MailKind,
    typer.Option(
        "--kind", help="upcoming: before a stage begins; warned: while it warns; enforced: while it blocks."
    ),
]


async def subject_of(
    store: Store, bundle: Bundle, rule: str, kind: MailKind, now: datetime
) -> tuple[Activation, Topic]:
    """The version in force, and the topic of a notice about one of its rules. Raises RefusedError if nothing may be sent; ends the command
    if no version is in force."""
    active = await store.policies.active()
    if active is None:
        fail(1, "no rules run yet: the first start starts the files")
    return active, topic_of(bundle.policy, active.number, rule, kind, now)


def settings_of(bundle: Bundle) -> NoticeSettings:
    """The settings of notices; ends the command if there are none."""
    notices = bundle.settings.notices
    if notices is None:
        fail(2, "no mails are sent by these settings; add `notices` with `smtp` or `outbox`")
    return notices


@app.command()
@on_store()
async def preview(
    opened: Opened,
    rule: RuleId,
    kind: Kind = MailKind.UPCOMING,
    language: Annotated[str, typer.Option("--language", help="The language. Default: the person's.")] = "",
    person: Annotated[
        str,
        typer.Option(
            "--person", metavar="LOGIN", help="The recipient. Default: any person whom the rule is about."
        ),
    ] = "",
    html: Annotated[bool, typer.Option("--html", help="Print the HTML part.")] = False,
) -> None:
    """Show the mail about a rule of the running version. Nothing is sent."""

    if language and language.lower() not in (known := languages_by_tag(load_languages())):
        expected = f"use one of {', '.join(sorted(known))}"
        fail(2, f"--language: there are no texts in `{printable(language)}`; {expected}")
    store, bundle, now = opened.store, opened.bundle, opened.now
    _, topic = await subject_of(store, bundle, rule, kind, now)
    whom = bundle.settings.logins.person(person)
    found = await sample(store, bundle.rules, topic, data_scope_of(bundle), whom, now)
    login = user_text(whom) or next(iter(sorted(found.people)), "")
    stands_in = login not in found.people
    if stands_in:
        if person:
            fail(1, f"rule `{rule}` is not about {printable(person)}: they would get no mail")
        found = stand_in(bundle.policy, topic, found.any_laptop)
    spoken = language or (await store.languages.of([login])).get(login, "")
    notice = notice_about(topic, found, "" if stands_in else login, spoken)
    mail = composer_for(bundle.settings).render(notice)
    if opened.as_json:
        print_json(asdict(mail) | {"made_up": stands_in})
        return
    if stands_in:
        tell("(The rule is about no known person. This is the mail for a made-up phone.)\n", err=True)
    typer.echo(mail.html if html else f"Subject: {mail.subject}\n\n{mail.text}")


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
        with progress_bar("sending", "mails") as show:
            await _send(store, postman, show, first)
    except TransportDownError as error:
        fail(1, f"no mail can be sent now ({error}); queued mails are sent once a running gate can send them")
    finally:
        if counts:
            await store.audit.append(sent_act(who.name, who.origin, counts))


async def _send(store: Store, postman: Postman, show: ShowProgress, first: First | None) -> None:
    total = 0
    while first is not None or await store.mails.has_work(datetime.now(UTC)):
        sending = asyncio.get_running_loop().create_task(postman.round(first))
        while not sending.done():
            await asyncio.wait({sending}, timeout=_TICK)
            left = await waiting(store)
            total = max(total, left)
            show(total - left, total)
        if await sending:
            first = None
        else:
            await asyncio.sleep(POLL_SECONDS)


async def waiting(store: Store) -> int:
    """How many mails are queued."""
    return sum(each.count for each in await store.mails.counts() if each.state is MailState.QUEUED)


DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count the mails, and queue nothing.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Only queue the mails; a running gate sends them.")]


@app.command()
@on_store(acts=True)
async def send(
    opened: Opened,
    rule: RuleId,
    kind: Kind,
    to: Annotated[
        Recipients,
        typer.Option(
            "--to",
            help="new: whom this version newly affects; untold: these, and others who had no such mail by an earlier version; all: everybody whom the rule is about. Nobody gets this mail twice.",
        ),
    ] = Recipients.NEW,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    no_wait: NoWait = False,
) -> None:
    """Send a mail to the people whom a rule of the running version is about, once for each version and kind."""
    store, bundle, now = opened.store, opened.bundle, opened.now
    notices = settings_of(bundle)
    active, topic = await subject_of(store, bundle, rule, kind, now)
    scope, addresses = data_scope_of(bundle), address_book(notices)
    with progress_bar("deciding", "devices") as show:
        found = await list_recipients(store, bundle.rules, active, topic, scope, addresses, now, show)
    counts = recipient_counts(found, to)
    if not opened.as_json:
        _say(counts)
    elif dry_run:
        print_json(counts)
    if dry_run:
        return
    who = opened.person("operator")
    if not yes and counts.to_write:
        typer.confirm(f"Write to {counts.to_write:,} people?", abort=True, err=True)
    queued = await queue(store, found.to(to), who, topic, opened.now)
    if not no_wait:
        await deliver(store, bundle, notices, who)
    about = NoticeKey(active.number, topic.kind, topic.rule.id)
    now_in = mails_of(await store.mails.counts(about), about).states
    states = {str(state): count for state, count in now_in.items()}
    words = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    opened.say(words, counts.model_dump() | {"queued": queued, "states": states})


def _say(counts: RecipientCounts) -> None:
    typer.echo(f"{counts.to_write:>9,} people to write to (--to {counts.to.value})")
    for count, words in (
        (counts.untold, "others who had no such mail before (--to untold)"),
        (counts.told_earlier, "others who had such a mail by an earlier version (--to all)"),
        (counts.written_before, "who have this mail already"),
        (counts.no_address, "without an address in the company's domain"),
        (counts.nameless, "devices whose owner nobody knows"),
        (counts.undecided, "people for whom it is unknown whether the rule is about them: they get no mail"),
    ):
        if count:
            typer.echo(f"{count:>9,} {words}")


@app.command()
@on_store(acts=True)
async def correct(opened: Opened) -> None:
    """Send the corrections after `mailgate policy rollback` now, if no running gate does. Each is sent once."""
    store, bundle, queued = opened.store, opened.bundle, 0
    notices, who = settings_of(bundle), opened.person("operator")

    async def first() -> None:
        nonlocal queued
        data_scope, book = data_scope_of(bundle), address_book(notices)
        queued = await queue_corrections(store, data_scope, book, who, opened.now)

    await deliver(store, bundle, notices, who, first)
    opened.say(f"{queued:,} corrections were queued now", {"queued": queued})


States = Annotated[
    list[MailState] | None,
    typer.Option("--state", help="Only mails in this state. May be given several times."),
]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]…", help="Mails by their ids, as `list` shows them.")
]
RuleOption = Annotated[str, typer.Option("--rule", help="Only mails about this rule.")]
Limit = Annotated[int, typer.Option(help="How many mails to list, the last changed first.", min=1)]

_COUNTS: Columns = {
    "rule": lambda each: each.rule or Text("all of it", style="dim"),
    "version": "version",
    "kind": "kind",
    "state": "state",
    "mails": lambda each: f"{each.count:,}",
}
_MAILS: Columns = {
    name: name for name in ("id", "address", "rule", "version", "kind", "state", "why", "changed_at")
}


@app.command()
@on_store()
async def status(opened: Opened) -> None:
    """Count mails about rules by rule, version, kind and state."""
    counts = await opened.store.mails.counts()
    opened.print_rows(counts, _COUNTS, none="No mail about a rule was queued yet.", numbers=("mails",))


@app.command("list")
@on_store()
async def list_mails(opened: Opened, state: States = None, rule: RuleOption = "", limit: Limit = 50) -> None:
    """List mails about rules with their recipients, states, causes and Message-IDs."""
    found = await opened.store.mails.page(states=state or (), rule=rule, size=limit)
    told = [mail_facts(each, opened.settings.notices) for each in found]
    opened.print_rows(told, _MAILS, none="There is no such mail.")


@app.command()
@on_store(acts=True)
async def settle(
    opened: Opened,
    ids: Ids = None,
    sent: Annotated[bool, typer.Option("--sent", help="The mail server has taken them.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="The mail server has not taken them: queue them again.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All unsure mails.")] = False,
) -> None:
    """Decide about `unsure` mails: whether the mail server took them. Its log has their Message-IDs."""
    if sent is again or bool(ids) is everything:
        fail(2, "give ids or --all, and one of --sent and --again")
    count = await decide.settle(opened.store, ids, opened.person("operator"), opened.now, sent=sent)
    _say_count(opened, count, ids, "settled", "settled", f"are not {MailState.UNSURE}")


@app.command()
@on_store(acts=True)
async def retry(
    opened: Opened,
    ids: Ids = None,
    everything: Annotated[bool, typer.Option("--all", help="All failed mails.")] = False,
) -> None:
    """Queue `failed` mails again, after the cause is fixed. A mail that is no longer true is not sent."""
    if bool(ids) is everything:
        fail(2, "give ids or --all")
    count = await decide.retry(opened.store, ids, opened.person("operator"), opened.now)
    _say_count(opened, count, ids, "queued", "queued again", f"have not {MailState.FAILED}")


def _say_count(opened: Opened, count: int, ids: list[str] | None, key: str, done: str, others: str) -> None:
    """Say how many mails were changed. Ends the command if those are not all that were named."""
    if ids and count < len(set(ids)):
        verb, _, state = others.split()
        shown = f"`mailgate notices list --state {state}` shows those that {verb}"
        fail(1, f"{count:,} {done}: the others {others}; {shown}")
    opened.say(f"{count:,} {done}", {key: count})
