"""Everything about one person that the help desk needs to answer them within a minute."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from mailgate.config import Bundle
from mailgate.console.devices.facts import DeviceFacts, device_facts
from mailgate.console.devices.mail_status import MailAccess, MailStatus, mail_status_of
from mailgate.console.devices.timeline import (
    Event,
    NameOf,
    decision_events,
    device_events,
    exemption_events,
    help_events,
    mail_events,
    refusal_mail_events,
)
from mailgate.console.notices.facts import WORDS
from mailgate.console.people.help import HelpFacts, help_facts
from mailgate.console.words import device_in_words, reason_in_words
from mailgate.devices.device import Device
from mailgate.devices.names import EAS
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import joined, phrase
from mailgate.policy.people import address_of, user_text
from mailgate.store import Mail, QuarantineMail, Recorded, Store, UnreportedPhone
from mailgate.store.reliefs import KeptRelief

DEVICES = 20
"""How many devices of one person are listed."""
REQUESTS = 100
"""How many decisions about a person are read."""


class OwnedDevice(Fact):
    """A device of a person with its mail status."""

    name: Words
    """A short description of the device."""
    mail_status: MailStatus
    """Whether it gets mail, and why."""
    facts: DeviceFacts
    """The facts about it."""


class OtherClient(Fact):
    """A client of a person that no source has reported, such as a computer's browser or a new phone."""

    name: Words
    """A short description of the client."""
    effect: str
    """The effect of its last request: allow, warn, challenge or block."""
    cause: Words
    """The cause in words; empty if there is none."""
    times: int
    """The number of requests."""
    last: Instant
    """When it last asked."""
    sighting: str
    """The id of its last sighting, by which the decision can be explained."""


class ExemptionFacts(Fact):
    """An exemption of a person or of one of their devices."""

    number: int
    """Its number."""
    rule: str
    """The rule; empty if it is for every rule."""
    device: str
    """The id of the device; empty if it is for all devices."""
    why: str
    """The reason, as its author wrote it."""
    author: str
    """The admin who gave it; `self-service` if the person let themselves in."""
    at: Instant
    """When it begins."""
    until: Instant | None
    """When it ends; null if it has no end."""
    ended_at: Instant | None
    """When an admin ended it early; null if nobody did."""
    holds: bool
    """Whether it is in force now."""


class PersonMail(Fact):
    """A mail that was written to a person."""

    at: Instant
    """When it was written."""
    about: Words
    """Its subject."""
    state: str
    """Its state: queued, sending, sent, failed, unsure or withdrawn."""


class PersonFacts(Fact):
    """A person: their devices with mail status, their requests for help and the mails to them."""

    login: str
    """The login name."""
    address: str
    """Their mail address; empty if the settings have no mail domain."""
    language: str
    """The language of their browser at the last request; empty if unknown."""
    devices: list[OwnedDevice]
    """Their devices, those that get no mail first."""
    more_devices: int
    """How many more devices they have."""
    others: list[OtherClient]
    """Their other clients, the last seen first."""
    help_requests: list[HelpFacts]
    """Their requests for help, the newest first."""
    exemptions: list[ExemptionFacts]
    """The exemptions of them and of their devices, the newest first."""
    mails: list[PersonMail]
    """The mails to them, the newest first."""
    timeline: list[Event]
    """The events about them and their devices, the newest first."""

    @property
    def exempt_from(self) -> str:
        """The rule to exempt the person from so that all their devices get mail, or `all`; empty if no exemption would
        help."""
        found = {each.mail_status.exempt_from for each in self.devices} - {""}
        return next(iter(found)) if len(found) == 1 else "all" if found else ""


async def person_of(store: Store, bundle: Bundle, login: str, now: datetime) -> PersonFacts | None:
    """Everything about the person with this login name; None if nothing is known. Raises StoreUnavailableError."""
    people, settings, policy = store.people, bundle.settings, bundle.policy
    person = settings.logins.person(login.strip())
    if not person:
        return None
    owned = await people.devices(person, now, settings.posture.precedence)
    requests, _ = await people.requests(person, owned, REQUESTS)
    new, relieved = await people.unreported(person, owned), await people.exemptions(person, owned)
    asked = [help_facts(each, policy) for each in await people.help_requests(person, owned)]
    address = _address(bundle, person)
    mailings = await people.mails(person, {address} - {""})
    refusals = await people.quarantine_mails(_addresses(bundle, person))
    if not (owned or requests or new or relieved or asked or mailings or refusals):
        return None
    spoken = await people.language(person)
    devices = [await _owned(store, bundle, each, now, requests) for each in owned[:DEVICES]]
    return PersonFacts(
        login=user_text(person),
        address=address,
        language=spoken[0] if spoken else "",
        devices=sorted(devices, key=_worst_first),
        more_devices=len(owned) - len(devices),
        others=_others(requests, owned, new),
        help_requests=asked,
        exemptions=[_exemption(each, now) for each in relieved],
        mails=_mails(mailings, refusals, {rule.id: str(rule.title or rule.id) for rule in policy.rules}),
        timeline=_timeline(owned, requests, asked, relieved, mailings, refusals, policy.catalog.name_of),
    )


async def _owned(
    store: Store, bundle: Bundle, device: Device, now: datetime, requests: Iterable[Recorded]
) -> OwnedDevice:
    ids = {device.id, *device.former_ids}
    seen = [each for each in requests if each.sighting.device in ids]
    facts = device_facts(device, bundle, now)
    return OwnedDevice(
        name=device_in_words(facts.kind, facts.os, facts.os_version),
        mail_status=await mail_status_of(store, bundle, device, now, seen or None),
        facts=facts,
    )


def _worst_first(each: OwnedDevice) -> tuple[int, str]:
    return -[*MailAccess].index(each.mail_status.mail), each.facts.id


def _address(bundle: Bundle, person: str) -> str:
    notices = bundle.settings.notices
    return address_of(person, notices.domain) if notices else ""


def _addresses(bundle: Bundle, person: str) -> set[str]:
    """All addresses of the person to which mails about refusals may have gone."""
    mail = bundle.settings.activesync.quarantine_mail
    return {_address(bundle, person), address_of(person, mail.domain) if mail else ""} - {""}


def _others(
    requests: Iterable[Recorded], owned: Sequence[Device], new: Sequence[UnreportedPhone]
) -> list[OtherClient]:
    """The clients without a reported device, each with its last request."""
    ids = {name for device in owned for name in (device.id, *device.former_ids)}
    eas = {text for device in owned for kind, text in device.names if kind == EAS}
    found: dict[tuple[str, ...], OtherClient] = {}
    models = {each.eas_id: each.model for each in new}
    for each in requests:
        client = each.sighting.client
        if each.sighting.device in ids or client.eas_id in eas:
            continue
        key = (client.kind, client.os, client.browser, client.eas_id)
        if key in found:
            found[key] = found[key].model_copy(update={"times": found[key].times + each.tally.times})
            continue
        parts = [
            device_in_words(client.kind, client.os),
            client.browser,
            models.get(client.eas_id, ""),
        ]
        found[key] = OtherClient(
            name=joined(part for part in parts if part),
            effect=each.sighting.effect,
            cause="" if each.sighting.effect == "allow" else reason_in_words(each.sighting.reason),
            times=each.tally.times,
            last=each.tally.last,
            sighting=each.id,
        )
    return list(found.values())


def _exemption(kept: KeptRelief, now: datetime) -> ExemptionFacts:
    relief = kept.relief
    return ExemptionFacts(
        number=relief.number,
        rule=relief.rule,
        device="" if relief.person else relief.device,
        why=relief.why,
        author=relief.author,
        at=relief.at,
        until=relief.until,
        ended_at=kept.ended_at,
        holds=kept.holds(now),
    )


def _mails(
    mailings: Iterable[Mail], refusals: Iterable[QuarantineMail], titles: Mapping[str, str]
) -> list[PersonMail]:
    about_rules = [
        PersonMail(
            at=each.changed_at or each.queued_at,
            about=phrase("%(rule)s: %(words)s", rule=titles.get(each.rule, each.rule), words=WORDS[each.kind])
            if each.rule
            else WORDS[each.kind],
            state=each.state.value,
        )
        for each in mailings
    ]
    about_refusals = [
        PersonMail(at=each.written_at, about=reason_in_words(each.reason) or each.reason, state="sent")
        for each in refusals
    ]
    return sorted([*about_rules, *about_refusals], key=lambda each: each.at, reverse=True)


def _timeline(
    owned: Iterable[Device],
    requests: Iterable[Recorded],
    asked: Iterable[HelpFacts],
    relieved: Iterable[KeptRelief],
    mailings: Iterable[Mail],
    refusals: Iterable[QuarantineMail],
    name_of: NameOf,
) -> list[Event]:
    def events() -> Iterator[Event]:
        for device in owned:
            yield from device_events(device, name_of)
        yield from decision_events(requests)
        yield from help_events(asked)
        yield from exemption_events(relieved)
        yield from mail_events(mailings)
        yield from refusal_mail_events(refusals)

    return sorted(events(), key=lambda event: event.at, reverse=True)
