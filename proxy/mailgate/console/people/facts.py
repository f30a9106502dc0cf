"""Everything about one person that the help desk needs to answer them within a minute."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from mailgate.config import Bundle
from mailgate.console.devices.facts import DeviceFacts, device_facts
from mailgate.console.devices.mail_status import MailAccess, MailStatus, mail_status_of
from mailgate.console.devices.timeline import (
    Event,
    decision_events,
    device_events,
    exemption_events,
    help_events,
    mail_events,
    refusal_mail_events,
)
from mailgate.console.explain.requests import sightings_of
from mailgate.console.people.help import HelpFacts, help_facts
from mailgate.console.words import called, device_in_words, reason_in_words
from mailgate.devices.device import Device
from mailgate.devices.names import EAS
from mailgate.model import Stage
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import capital, joined, phrase
from mailgate.policy import Policy
from mailgate.policy.people import address_of, user_text
from mailgate.store import Activation, Recorded, Store, UnreportedPhone
from mailgate.store.person_records import DayOutcome
from mailgate.store.reliefs import KeptRelief

DAYS = 14
"""For how many days it is told what each device got."""
DEVICES = 20
"""How many devices of one person are listed."""
REQUESTS = 100
"""How many decisions about a person are read."""
_VERSIONS = 20


class OwnedDevice(Fact):
    """A device of a person with its mail status."""

    name: Words
    """A short description of the device."""
    mail_status: MailStatus
    """Whether it gets mail, and why."""
    facts: DeviceFacts
    """The facts about it."""
    asked_at: Instant | None
    """When it last asked for mail; null if that is not on record."""
    sighting: str
    """The id of the sighting of that, by which the decision can be explained; empty if there is none."""
    effect: str
    """The effect of that request: allow, warn, challenge or block; empty if there is none."""


class OtherClient(Fact):
    """A client of a person that no source has reported, such as a computer's browser or a new phone."""

    name: Words
    """A short description of the client."""
    kind: str
    """Its kind, as it was recognised."""
    os: str
    """Its operating system; empty if unknown."""
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


class Lane(Fact):
    """What one client got on each of the last days."""

    device: str
    """The id of the device; empty if no source reports it."""
    kind: str
    """Its kind."""
    os: str
    """Its operating system; empty if unknown."""
    days: dict[str, list[bool]]
    """For each day in UTC on which it asked for mail, whether it got it, in the order of the last requests with each effect."""


class PersonFacts(Fact):
    """A person: their devices with mail status, their requests for help, and the events about them, mails included."""

    login: str
    """The login name."""
    address: str
    """Their mail address; empty if the settings have no mail domain."""
    language: str
    """The language of their browser at the last request, with its region if it named one; empty if unknown."""
    groups: list[str]
    """Their groups; empty if they have none, or if no directory is read."""
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
    timeline: list[Event]
    """The events about them and their devices, and changes of the rules in the last days, the newest first."""
    lanes: list[Lane]
    """What each of their devices and other clients got in the last days."""

    @property
    def exempt_from(self) -> str:
        """The rule to exempt the person from so that all their devices get mail, or `all`; empty if no exemption would help."""
        found = {each.mail_status.exempt_from for each in self.devices} - {""}
        return next(iter(found)) if len(found) == 1 else "all" if found else ""


async def person_of(store: Store, bundle: Bundle, login: str, now: datetime) -> PersonFacts | None:
    """Everything about the person with this login name, or with its address if of the login itself nothing but mails is on
    record; None if nothing is known. Raises StoreUnavailableError."""
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
    if not (owned or requests or new or relieved or asked):
        if not (mailings or refusals):
            return None
        # mails may have gone to the person of that address
        if settings.logins.person(address) not in ("", person):
            whole = await person_of(store, bundle, address, now)
            if whole and (whole.devices or whole.others):
                return whole
    spoken, since = await people.language(person), now - timedelta(days=DAYS - 1)
    devices = [await _owned(store, bundle, each, now, requests) for each in owned[:DEVICES]]
    devices.sort(key=lambda each: (-[*MailAccess].index(each.mail_status.mail), each.facts.id))
    outcomes = await people.outcomes(person, owned, since.date())
    started = await store.policies.history(_VERSIONS)
    return PersonFacts(
        login=user_text(person),
        address=address,
        language=spoken[0] if spoken else "",
        groups=sorted(bundle.groups.user(person).groups),
        devices=devices,
        more_devices=len(owned) - len(devices),
        others=_others(requests, owned, new),
        help_requests=asked,
        exemptions=[_exemption(each, policy, now) for each in relieved],
        timeline=_newest_first(
            *(event for device in owned for event in device_events(device, policy.catalog)),
            *decision_events(requests),
            *help_events(asked),
            *exemption_events(relieved),
            *mail_events(mailings),
            *refusal_mail_events(refusals),
            *map(_began, (each for each in devices if each.mail_status.since)),
            *_rule_events(policy, {each.sighting.rule for each in requests}, started, since, now),
        ),
        lanes=_lanes(outcomes, owned, devices),
    )


async def _owned(
    store: Store, bundle: Bundle, device: Device, now: datetime, requests: Iterable[Recorded]
) -> OwnedDevice:
    ids = {device.id, *device.former_ids}
    seen = [each for each in requests if each.sighting.device in ids] or await sightings_of(store, device)
    facts = device_facts(device, bundle, now)
    return OwnedDevice(
        name=device_in_words(facts.kind, facts.os, facts.os_version),
        mail_status=await mail_status_of(store, bundle, device, now, seen),
        facts=facts,
        asked_at=seen[0].tally.last if seen else None,
        sighting=seen[0].id if seen else "",
        effect=seen[0].sighting.effect if seen else "",
    )


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
        parts = [device_in_words(client.kind, client.os), client.browser, models.get(client.eas_id, "")]
        found[key] = OtherClient.taken_from(
            client,
            each.sighting,
            each.tally,
            name=joined(part for part in parts if part),
            cause="" if each.sighting.effect == "allow" else reason_in_words(each.sighting.reason),
            sighting=each.id,
        )
    return list(found.values())


def _exemption(kept: KeptRelief, policy: Policy, now: datetime) -> ExemptionFacts:
    relief = kept.relief
    device = "" if relief.person else relief.device
    holds = kept.holds(now) and relief.is_offered(policy.let_ins)
    return ExemptionFacts.taken_from(relief, kept, device=device, holds=holds)


def _newest_first(*events: Event | None) -> list[Event]:
    return sorted((each for each in events if each), key=lambda event: event.at, reverse=True)


def _began(each: OwnedDevice) -> Event | None:
    """The first refusal of those that last until now."""
    status = each.mail_status
    if status.since is None or status.mail not in (MailAccess.OUT, MailAccess.PROOF):
        return None
    values = {"device": capital(called(each.facts.kind, each.facts.os)), "cause": status.cause}
    words = phrase("%(device)s gets no mail from here on: %(cause)s", **values)
    return Event(status.since, "refused", words, device=each.facts.id)


def _rule_events(
    policy: Policy, decided: Collection[str], started: Iterable[Activation], since: datetime, now: datetime
) -> Iterator[Event]:
    """Versions that were started lately, and stages of the rules in force that decided."""
    for each in started:
        words = phrase(
            "Version %(number)s of the rules started: %(note)s", number=each.number, note=each.note
        )
        bare = phrase("Version %(number)s of the rules started", number=each.number)
        if each.at >= since:
            yield Event(each.at, "rule", words if each.note else bare)
    for rule in policy.rules:
        for stage, at in rule.stages.starts() if rule.stages and rule.id in decided else ():
            title = {"title": rule.title or rule.id}
            if stage is not Stage.REPORT_ONLY and since <= at <= now:
                warns = phrase("%(title)s: warns from here on", **title)
                blocks = phrase("%(title)s: blocks from here on", **title)
                yield Event(at, "rule", warns if stage is Stage.WARN else blocks)


def _lanes(
    outcomes: Iterable[DayOutcome], owned: Iterable[Device], devices: Iterable[OwnedDevice]
) -> list[Lane]:
    """A lane for each device, in their order, and for each client that no source reports."""
    ids = {name: device.id for device in owned for name in (device.id, *device.former_ids)}
    eas = {text: device.id for device in owned for kind, text in device.names if kind == EAS}
    days: dict[tuple[str, str, str], dict[str, list[bool]]] = {
        (each.facts.id, each.facts.kind or "", each.facts.os): {} for each in devices
    }
    known = {lane[0]: lane for lane in days}
    for each in outcomes:  # the last request of a day comes last
        device = ids.get(each.device) or eas.get(each.eas_id, "")
        lane = known.get(device, ("", each.kind, each.os))
        days.setdefault(lane, {}).setdefault(each.day.isoformat(), []).append(
            each.effect in ("allow", "warn")
        )
    return [
        Lane(device=device, kind=kind, os=os, days=told) for (device, kind, os), told in days.items() if told
    ]
