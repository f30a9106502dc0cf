"""The history of a device: what was reported, what was decided, and which mails were written."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import with_config

from mailgate.devices.device import Device, Report
from mailgate.devices.names import EAS, user_text
from mailgate.devices.posture import owner_of
from mailgate.devices.trust import ENROLLED
from mailgate.model.fact import DESCRIBED
from mailgate.policy import Policy
from mailgate.store import Mail, QuarantineMail, Recorded, Store
from mailgate.store.reliefs import KeptRelief
from mailgate.views.gates import span
from mailgate.views.help import HelpFacts, help_facts
from mailgate.views.notices import WORDS
from mailgate.views.words import device_told, effect_told, protocol_told, reason_told, reporter_told

NameOf = Callable[[str], str]


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class Event:
    """One event of a device or a person."""

    at: datetime
    """When."""
    what: Literal["report", "decision", "notice", "finding", "lost", "first", "help", "exemption"]
    """The kind of event."""
    words: str
    """The same in words."""
    about: str = ""
    """The effect of a decision; otherwise empty."""
    id: str = ""
    """The id of the sighting of a decision; otherwise empty."""
    device: str = ""
    """The id of the device that it is about. Empty if it is about the person or names none."""


async def story_of(
    store: Store, device: Device, seen: Iterable[Recorded], precedence: Sequence[str], policy: Policy
) -> list[Event]:
    """The same, with the mails, exemptions and requests for help that the store knows of. Raises StoreUnavailableError.

    :param precedence: the source that is believed first about who owns the device.
    """
    names = [text for kind, text in device.names if kind == EAS]
    refusals = await store.people.quarantine_mails_about([device.id, *sorted(device.former), *names])
    owner = user_text(owner_of(device, precedence))
    mails = await store.people.mails(owner, []) if owner else []
    relieved = await store.people.exemptions(owner, [device])
    asked = [help_facts(each, policy) for each in await store.people.help_requests(owner, [device])]
    own = [each for each in asked if each.device in ("", device.id, *device.former)]
    return sorted(
        [*timeline(device, seen, refusals, mails, policy.catalog.name_of), *helped(own), *spared(relieved)],
        key=lambda event: event.at,
        reverse=True,
    )


def timeline(
    device: Device,
    seen: Iterable[Recorded],
    refusals: Iterable[QuarantineMail],
    mails: Iterable[Mail] = (),
    name_of: NameOf = str,
) -> list[Event]:
    """The events, the newest first. ``refusals`` are mails about its refusals, ``mails`` are mails about rules to its owner."""
    events = [*of_device(device, name_of), *decided(seen), *written(mails), *told(refusals)]
    return sorted(events, key=lambda event: event.at, reverse=True)


def of_device(device: Device, name_of: NameOf = str) -> Iterator[Event]:
    """The reports of its sources, and marks of the company such as lost. ``name_of`` gives the display names of apps."""

    def event(at: datetime, what: Literal["report", "finding", "lost", "first"], words: str) -> Event:
        return Event(at, what, words, device=device.id)

    yield event(device.first_seen, "first", f"{_capital(_name(device))} was reported for the first time")
    for each in device.reports:
        if each.reported_at:
            apps = (
                f"found {', '.join(map(name_of, sorted(each.apps)))}" if each.apps else "found no listed app"
            )
            part = "" if each.apps_complete else ", as far as it can see"
            yield event(each.reported_at, "report", f"{_source(each)} looked and {apps}{part}")
        elif each.gone:
            yield event(each.last_seen, "report", f"{_source(each)} no longer has the device")
        else:
            yield event(each.last_seen, "report", f"{_source(each)} reported the device, without its apps")
    for found in device.findings:
        yield event(found.since, "finding", f"Sources disagree: {found.detail}")
    if device.lost_at:
        yield event(device.lost_at, "lost", "Marked as lost: it gets nothing")


def decided(seen: Iterable[Recorded]) -> Iterator[Event]:
    """The decisions, day by day."""
    for each in seen:
        sighting, tally = each.sighting, each.tally
        times = f", {tally.times:,} times that day" if tally.times > 1 else ""
        why = reason_told(sighting.reason) if sighting.effect != "allow" else ""
        client = device_told(sighting.client.kind, sighting.client.os)
        words = f"{_capital(effect_told(sighting.effect))} by the rule {sighting.rule}{times}: {client} over {protocol_told(sighting.client.protocol)}"
        words += f". {why}" if why else ""
        yield Event(tally.last, "decision", words, sighting.effect, each.id, sighting.device)


def told(refusals: Iterable[QuarantineMail]) -> Iterator[Event]:
    """Mails about refusals."""
    for each in refusals:
        yield Event(each.written_at, "notice", f"Mail sent: {reason_told(each.reason) or each.reason}")


def written(mails: Iterable[Mail]) -> Iterator[Event]:
    """Mails about rules, and answers."""
    for each in mails:
        about = f"{WORDS[each.kind]}, rule {each.rule}" if each.rule else WORDS[each.kind]
        at = each.changed_at or each.queued_at
        yield Event(at, "notice", f"Mail to {each.login}: {about} ({each.state})")


def helped(asked: Iterable[HelpFacts]) -> Iterator[Event]:
    """Requests for help, and when they were done."""
    for each in asked:
        times = f", {each.times:,} times" if each.times > 1 else ""
        said = f"Asked for help with the rule {each.rule}" if each.refused else each.cause
        words = f"{said}{times} (reference {each.reference})"
        yield Event(each.last_at, "help", words, device=each.device)
        if each.done_at:
            by = f" by {each.done_by}" if each.done_by else ""
            yield Event(each.done_at, "help", f"Request for help done{by}", device=each.device)


def spared(relieved: Iterable[KeptRelief]) -> Iterator[Event]:
    """Exemptions, and their ends."""
    for kept in relieved:
        relief = kept.relief
        rule = f"the rule {relief.rule}" if relief.rule else "every rule"
        end = f" for {span(relief.until - relief.at)}" if relief.until else ""
        yield Event(
            relief.at,
            "exemption",
            f"Spared from {rule}{end} by {relief.author}: {relief.why}",
            device=relief.device,
        )
        if kept.ended_at:
            yield Event(
                kept.ended_at,
                "exemption",
                f"Exemption ended by {kept.ended_by}: {kept.ended_why}",
                device=relief.device,
            )


def _source(report: Report) -> str:
    told = reporter_told(report.source)
    return (
        _capital(told) if report.source == ENROLLED else told
    )  # the name of a connector is written as it is


def _name(device: Device) -> str:
    told_of = next((each for each in device.reports if each.kind or each.os), None)
    return device_told(told_of.kind, told_of.os, told_of.os_version) if told_of else "device"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
