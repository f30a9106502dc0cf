"""The history of a device: reports, decisions, mails and exemptions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import with_config

from mailgate.config import Bundle
from mailgate.console.notices.facts import WORDS
from mailgate.console.now.gates import span
from mailgate.console.people.help import HelpFacts, help_facts
from mailgate.console.policy.rules import span as exactly
from mailgate.console.words import (
    MAIL_STATES,
    device_in_words,
    outcome_in_words,
    reason_in_words,
    reporter_in_words,
)
from mailgate.devices.device import Device, Report
from mailgate.devices.looks import within_reach
from mailgate.devices.names import EAS, user_text
from mailgate.devices.posture import owner_of
from mailgate.devices.trust import ENROLLED
from mailgate.model.fact import DESCRIBED
from mailgate.model.phrase import capital, joined, phrase, plural
from mailgate.model.times import known
from mailgate.policy import AppCatalog
from mailgate.policy.reliefs import Cause
from mailgate.store import Mail, QuarantineMail, Recorded, Store
from mailgate.store.reliefs import KeptRelief


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class Event:
    """One event of a device or a person."""

    at: datetime
    """When it happened."""
    what: Literal[
        "report", "decision", "notice", "finding", "lost", "first", "help", "exemption", "rule", "refused"
    ]
    """The kind of event."""
    words: str
    """The event in words."""
    about: str = ""
    """The effect of a decision; otherwise empty."""
    id: str = ""
    """The id of the sighting of a decision; otherwise empty."""
    device: str = ""
    """The id of the device; empty if the event is about the person or names no device."""


async def device_history(
    store: Store, device: Device, seen: Iterable[Recorded], bundle: Bundle, now: datetime
) -> list[Event]:
    """The history with the mails, exemptions and requests for help in the store. Raises StoreUnavailableError."""
    names = [text for kind, text in device.names if kind == EAS]
    refusals = await store.people.quarantine_mails(devices=[device.id, *sorted(device.former_ids), *names])
    owner = user_text(owner_of(device, now, bundle.settings.posture.precedence))
    mails = await store.people.mails(owner, []) if owner else []
    relieved = await store.people.exemptions(owner, [device])
    asked = [help_facts(each, bundle.policy) for each in await store.people.help_requests(owner, [device])]
    own = [each for each in asked if each.device in ("", device.id, *device.former_ids)]
    return sorted(
        [
            *device_events(device, bundle.policy.catalog),
            *decision_events(seen),
            *mail_events(mails),
            *refusal_mail_events(refusals),
            *help_events(own),
            *exemption_events(relieved),
        ],
        key=lambda event: event.at,
        reverse=True,
    )


def device_events(device: Device, catalog: AppCatalog) -> Iterator[Event]:
    """The reports of its sources, and marks of the company such as lost."""

    def event(at: datetime, what: Literal["report", "finding", "lost", "first"], words: str) -> Event:
        return Event(at, what, words, device=device.id)

    name = capital(_name(device))
    if first := known(device.first_seen):
        yield event(first, "first", phrase("%(device)s was reported for the first time", device=name))
    for each in device.reports:
        if at := known(each.reported_at):
            yield event(at, "report", _looked(each, catalog))
        elif not each.gone:
            bare = phrase("%(source)s reported the device, without its apps", source=_source(each))
            yield event(each.last_seen, "report", bare)
        if each.gone:
            gone = phrase("%(source)s no longer has the device", source=_source(each))
            yield event(each.last_seen, "report", gone)
    for found in device.findings:
        yield event(found.since, "finding", phrase("Sources disagree: %(detail)s", detail=found.detail))
    if device.lost_at:
        yield event(device.lost_at, "lost", phrase("Marked as lost. No mail"))


def decision_events(seen: Iterable[Recorded]) -> Iterator[Event]:
    """The decisions, the last first: all of a day that differ in the request alone are one event."""
    alike: dict[tuple[object, ...], list[Recorded]] = {}
    for each in sorted(seen, key=lambda each: each.tally.last, reverse=True):
        told = each.sighting
        client = (told.device, told.client.kind, told.client.os)
        alike.setdefault((told.day, *client, told.effect, told.reason), []).append(each)
    for last, *others in alike.values():
        sighting = last.sighting
        why = reason_in_words(sighting.reason) if sighting.effect != "allow" else ""
        words: str = plural(
            "%(client)s: %(outcome)s %(count)s time that day",
            "%(client)s: %(outcome)s %(count)s times that day",
            last.tally.times + sum(each.tally.times for each in others),
            client=capital(device_in_words(sighting.client.kind, sighting.client.os)),
            outcome=outcome_in_words(sighting.effect),
        )
        words = joined([words, why], ". ") if why else words
        yield Event(last.tally.last, "decision", words, sighting.effect, last.id, sighting.device)


def refusal_mail_events(refusals: Iterable[QuarantineMail]) -> Iterator[Event]:
    for each in refusals:
        reason = reason_in_words(each.reason) or each.reason
        yield Event(each.written_at, "notice", phrase("Mail sent: %(reason)s", reason=reason))


def mail_events(mails: Iterable[Mail]) -> Iterator[Event]:
    """Mails about rules, and answers."""
    for each in mails:
        about: str = WORDS[each.kind]
        if each.rule:
            about = phrase("%(about)s, rule “%(rule)s”", about=about, rule=each.rule)
        at = each.changed_at or each.queued_at
        said = {"login": each.login, "about": about, "state": MAIL_STATES[each.state]}
        yield Event(at, "notice", phrase("Mail to %(login)s: %(about)s (%(state)s)", **said))


def help_events(asked: Iterable[HelpFacts]) -> Iterator[Event]:
    """Requests for help, and when they were closed."""
    for each in asked:
        said = phrase("Asked for help") if each.refused else each.cause
        once = phrase("%(said)s (help number %(number)s)", said=said, number=each.reference)
        told = {"said": said, "times": each.times, "number": each.reference}
        often = phrase("%(said)s, %(times)s times (help number %(number)s)", **told)
        yield Event(each.last_at, "help", often if each.times > 1 else once, device=each.device)
        if each.done_at:
            closed = phrase("Help request closed")
            by = phrase("%(who)s closed the help request", who=each.done_by)
            yield Event(each.done_at, "help", by if each.done_by else closed, device=each.device)


def exemption_events(relieved: Iterable[KeptRelief]) -> Iterator[Event]:
    """Exemptions, and their ends."""
    for kept in relieved:
        relief = kept.relief
        words = phrase("Let in by %(who)s", who=relief.author)
        if relief.cause is Cause.SELF_SERVICE and relief.until:
            words = phrase("Let themselves in for %(span)s", span=_length(relief.until - relief.at))
        elif relief.until:
            length = _length(relief.until - relief.at)
            words = phrase("Let in for %(span)s by %(who)s", span=length, who=relief.author)
        why = [relief.why] if relief.why else []  # a rule need not ask those who let themselves in
        yield Event(relief.at, "exemption", joined((words, *why), ": "), device=relief.device)
        if kept.ended_at:
            ended = phrase("Exemption ended by %(who)s: %(why)s", who=kept.ended_by, why=kept.ended_why)
            yield Event(kept.ended_at, "exemption", ended, device=relief.device)


def _length(time: timedelta) -> str:
    """How long an exemption was given for: exactly in hours or days, as it was chosen, or about until its date."""
    return exactly(time) if time % timedelta(hours=1) == timedelta() else span(time)


def _looked(report: Report, catalog: AppCatalog) -> str:
    values = {"source": _source(report), "apps": joined(map(catalog.name_of, sorted(report.apps)))}
    if not report.apps:
        whole = phrase("%(source)s looked and found no listed app", **values)
        part = phrase("%(source)s looked and found no listed app, as far as it can see", **values)
    else:
        whole = phrase("%(source)s looked and found %(apps)s", **values)
        part = phrase("%(source)s looked and found %(apps)s, as far as it can see", **values)
    looked = whole if within_reach(report, catalog.listed).saw_device else part
    is_exact = report.is_dated and not report.lag
    return looked if is_exact else phrase("%(looked)s, by a list that may be older", looked=looked)


def _source(report: Report) -> str:
    """The display name of a source; a connector's own name stays as it is."""
    source = reporter_in_words(report.source)
    return capital(source) if report.source == ENROLLED else source


def _name(device: Device) -> str:
    known = next((each for each in device.reports if each.kind or each.os), None)
    return device_in_words(known.kind, known.os, known.os_version) if known else device_in_words("", "")
