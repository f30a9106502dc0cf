"""``mailgate notices send``: write to everybody whom a rule is about, each once."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mailgate.cli.acting import TokenFile, person
from mailgate.cli.notices.about import Kind, RuleId, Subject, settings_of, subject_of
from mailgate.cli.notices.delivering import deliver, progress_bar
from mailgate.cli.options import DEFAULT_PATH, AsJson, Config
from mailgate.cli.stored import with_store
from mailgate.config import Bundle
from mailgate.config.mail import NoticeSettings
from mailgate.mail.announce import Announcement, announce, known_of, queue
from mailgate.mail.composer import address_book
from mailgate.store import Store

DryRun = Annotated[bool, typer.Option("--dry-run", help="Count alone; nothing is queued.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Queue alone: a gate that runs sends.")]


def send(
    rule: RuleId,
    kind: Kind,
    dry_run: DryRun = False,
    yes: Yes = False,
    no_wait: NoWait = False,
    token_file: TokenFile = None,
    config: Config = DEFAULT_PATH,
    as_json: AsJson = False,
) -> None:
    """Write to the people whom a rule of the version in force is about, each once for each version and kind."""

    async def run(store: Store, bundle: Bundle) -> dict[str, Any]:
        notices, now = settings_of(bundle), datetime.now(UTC)
        subject = await subject_of(store, bundle, rule, kind, now)
        found = await _counted(store, bundle, notices, subject, now)
        told = _told(found)
        if not as_json:
            _say(told)
        if dry_run:
            return told
        who = person(bundle.settings, "operator", token_file=token_file)
        if not yes and found.mailings:
            typer.confirm(f"Write to {told['to_write']:,} people?", abort=True, err=True)
        queued = await queue(store, found, who, subject.topic, datetime.now(UTC))
        if not no_wait:
            await deliver(store, bundle, notices, who)
        return told | {"queued": queued, "states": await _states(store, subject)}

    done = with_store(config, run)
    if as_json:
        typer.echo(json.dumps(done))
    elif "states" in done:
        typer.echo(", ".join(f"{count:,} {state}" for state, count in sorted(done["states"].items())))


async def _counted(
    store: Store, bundle: Bundle, notices: NoticeSettings, subject: Subject, now: datetime
) -> Announcement:
    with progress_bar("devices") as bar:
        task = bar.add_task("deciding", total=None)
        return await announce(
            store,
            bundle.rules,
            subject.active,
            subject.topic,
            known_of(bundle),
            address_book(notices),
            now,
            lambda done, of: bar.update(task, completed=done, total=of),
        )


async def _states(store: Store, subject: Subject) -> dict[str, int]:
    """What became of the mails about this rule, version and kind."""
    topic = subject.topic
    meant = (topic.rule.id, subject.active.number, topic.kind)
    found = [each for each in await store.mailings.counts() if (each.rule, each.version, each.kind) == meant]
    return {each.state.value: each.count for each in found}


def _told(found: Announcement) -> dict[str, Any]:
    return {
        "to_write": len(found.mailings),
        "told_before": found.told_before,
        "no_address": found.no_address,
        "nameless": found.nameless,
        "untold": found.untold,
    }


def _say(told: dict[str, Any]) -> None:
    for count, words in (
        (told["to_write"], "people to write to"),
        (told["told_before"], "who have this mail already"),
        (told["no_address"], "without an address in the company's domain"),
        (told["nameless"], "devices of which nobody knows whose they are"),
        (told["untold"], "people of whom it cannot be told whether the rule is about them: not written to"),
    ):
        if count or words.startswith("people to write"):
            typer.echo(f"{count:>9,} {words}")
