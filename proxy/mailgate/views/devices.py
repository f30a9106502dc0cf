"""Everything that is stored of a device."""

from collections.abc import Sequence
from datetime import datetime

from mailgate.config import Bundle, Settings
from mailgate.devices.contradictions import in_words
from mailgate.devices.device import Device, Report
from mailgate.model.fact import Day, Fact, Instant, Words
from mailgate.store import Keep, Recorded
from mailgate.views.recorded_requests import posture_now


class FindingFacts(Fact):
    """A contradiction in what is known of a device."""

    reason: str
    """What it is, as a reason code."""
    detail: Words
    """In words."""
    since: Instant
    """Since when."""


class DeviceFacts(Fact):
    """A device and its posture now."""

    id: str
    """Its id here."""
    owner: str
    """The login name of the owner. Empty if no source names one."""
    state: str
    """Its state: clean, listed, partial, stale, missing."""
    lost: bool
    """Whether it is marked as lost, so that it gets nothing."""
    lost_at: Instant | None
    """Since when it is marked as lost."""
    kind: str | None
    """The kind by its sources: phone, tablet, laptop, and so on."""
    os: str
    """Its system, in small letters."""
    os_version: str
    """The version of its system."""
    managed: bool | None
    """Whether it is in device management; null if no source says."""
    apps: list[str]
    """The listed apps that are on it, by their key."""
    lists: list[str]
    """The lists that these apps stand on."""
    source: str
    """The source whose report counts."""
    sources: list[str]
    """Every source that has it."""
    reported_at: Instant | None
    """When its apps were looked at."""
    expires_at: Instant | None
    """Until when that counts."""
    findings: list[FindingFacts]
    """What its sources do not agree on."""
    first_seen: Instant
    """When it was heard of for the first time."""
    last_seen: Instant
    """When it was heard of last."""
    deleted_after: Instant
    """When everything about it is deleted, if nothing more is heard of it."""


class ReportFacts(Fact):
    """The report of one source on a device."""

    source: str
    """Which source: a connector, an issuer, or the extension."""
    id: str
    """The source's own name for the device."""
    owner: str
    """The login name of its owner."""
    kind: str | None
    """What it is: phone, tablet, laptop, and so on."""
    os: str
    """Its system, in small letters."""
    os_version: str
    """The version of its system."""
    managed: bool | None
    """Whether it is in device management; null if the source does not say."""
    status: str
    """The tier of the evidence (EAR): none, affirming, warning, contraindicated."""
    apps: list[str]
    """The listed apps that it saw, by their key."""
    apps_complete: bool | None
    """Whether it could see all apps."""
    reported_at: Instant | None
    """When it looked at the apps. Null if it did not."""
    expires_at: Instant | None
    """Until when that counts."""
    gone: bool
    """Whether it has the device no longer."""
    first_seen: Instant
    """When it told of the device for the first time."""
    last_seen: Instant
    """When it told of the device last."""
    adds: bool
    """Always false: what is stored is whole."""


class NameFacts(Fact):
    """A name of a device."""

    kind: str
    """What it is: serial, udid, key, cert, eas, user."""
    name: str
    """The name itself."""
    sources: list[str]
    """The source that calls it so."""
    found_by: bool
    """Whether the device is found by it. False if another device has the name."""


class Parts(Fact):
    """The reports of each source on a device, and the names by which it is found."""

    reports: list[ReportFacts]
    """The reports of each source."""
    names: list[NameFacts]
    """Its names."""
    former_ids: list[str]
    """Ids of devices that turned out to be this one."""


class SightingFacts(Fact):
    """Requests of one client on one day that got the same answer."""

    id: str
    """The id of the sighting."""
    day: Day
    """The day, in UTC."""
    kind: str
    """The kind that the client was taken for."""
    protocol: str
    """The protocol."""
    user_agent: str
    """The User-Agent header, as far as it is kept."""
    user: str
    """The login name. Empty if nobody is named."""
    posture: str
    """The state of the device at that time."""
    rule: str
    """The rule that decided."""
    effect: str
    """The effect: allow, warn, challenge or block."""
    reason: str
    """Why, as a reason code."""
    would: list[str]
    """Report-only rules that would have done something, each as `rule:effect`."""
    policy: str
    """The version of the policy."""
    times: int
    """How many requests."""
    first: Instant
    """When the first of them came."""
    last: Instant
    """When the last of them came."""
    reference: str
    """The reference id of the last one."""


class WholeDevice(DeviceFacts, Parts):
    """Everything that is stored of one device, and its last sightings."""

    sightings: list[SightingFacts]
    """Decisions about it, the last first."""


def keep_of(settings: Settings) -> Keep:
    """How long these settings keep each kind of data."""
    return Keep(**settings.retention.model_dump())


def device_facts(device: Device, bundle: Bundle, now: datetime) -> DeviceFacts:
    """A device and its posture now."""
    posture = posture_now(device, bundle, now)
    findings = [
        FindingFacts(reason=each.reason.value, detail=each.detail, since=each.since)
        for each in in_words(device)
    ]
    return DeviceFacts(
        id=posture.device_id,
        owner=posture.owner,
        state=posture.state.value,
        lost=posture.lost,
        lost_at=device.lost_at,
        kind=posture.kind and posture.kind.value,
        os=posture.os,
        os_version=posture.os_version,
        managed=posture.managed,
        apps=list(posture.apps),
        lists=list(posture.lists),
        source=posture.source,
        sources=list(posture.sources),
        reported_at=posture.reported_at,
        expires_at=posture.expires_at,
        findings=findings,
        first_seen=device.first_seen,
        last_seen=device.last_seen,
        deleted_after=keep_of(bundle.settings).end_of(device),
    )


def parts_of(device: Device) -> Parts:
    """What each source says, and what the device is found by."""
    names = [
        NameFacts(
            kind=kind,
            name=text,
            sources=sorted({each.source for each in device.reports if (kind, text) in each.names}),
            found_by=(kind, text) not in device.ceded,
        )
        for kind, text in sorted(device.claims)
    ]
    reports = [_report(each) for each in device.reports]
    return Parts(reports=reports, names=names, former_ids=sorted(device.former))


def whole_device(device: Device, seen: Sequence[Recorded], bundle: Bundle, now: datetime) -> WholeDevice:
    """A device with all its parts and these sightings."""
    facts, parts = dict(device_facts(device, bundle, now)), dict(parts_of(device))
    return WholeDevice(**facts, **parts, sightings=[sighting_facts(each) for each in seen])


def sighting_facts(recorded: Recorded) -> SightingFacts:
    """One sighting of a device."""
    seen, tally = recorded.sighting, recorded.tally
    return SightingFacts(
        id=recorded.id,
        day=seen.day,
        kind=seen.client.kind,
        protocol=seen.client.protocol,
        user_agent=dict(seen.client.headers).get("user-agent", ""),
        user=seen.user,
        posture=seen.posture,
        rule=seen.rule,
        effect=seen.effect,
        reason=seen.reason,
        would=list(seen.would),
        policy=seen.policy,
        times=tally.times,
        first=tally.first,
        last=tally.last,
        reference=tally.reference,
    )


def _report(report: Report) -> ReportFacts:
    """The report without its names, which stand beside it with every source that has them."""
    said = {name: getattr(report, name) for name in ReportFacts.model_fields}
    return ReportFacts(**said | {"apps": sorted(report.apps)})
