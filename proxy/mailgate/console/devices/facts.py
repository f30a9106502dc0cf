"""Everything that is stored about a device."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from mailgate.config import Bundle, Settings
from mailgate.console.explain.requests import posture_now
from mailgate.console.words import source_in_words
from mailgate.devices.device import Device, Report
from mailgate.devices.looks import within_reach
from mailgate.devices.trust import told_state
from mailgate.model import CheckResult
from mailgate.model.fact import Day, Fact, Instant, Words
from mailgate.model.phrase import joined, phrase
from mailgate.policy import AppCatalog
from mailgate.rollout.person import RefusedError
from mailgate.store import Recorded, RetentionTimes

Slot = tuple[str, str]
_CAME = {
    CheckResult.ASKED: phrase("asked the device to report; this takes a few seconds"),
    CheckResult.GONE: phrase("no longer has the device"),
    CheckResult.WAIT: phrase("was asked less than a minute ago"),
    CheckResult.CANNOT: phrase("sends reports by itself; we cannot ask it"),
    CheckResult.FAILED: phrase("did not answer"),
}

_CHOICES = 10
"""How many devices are named to choose from."""


def choices(called: Sequence[object]) -> str:
    """The devices that a name may mean, the first ones of many, by their ids."""
    more = ["…"] if len(called) > _CHOICES else []
    return "; ".join([*map(str, called[:_CHOICES]), *more])


def only(called: Sequence[Device], name: str) -> Device:
    """The only device of those that are called so. Raises RefusedError if there is none, and with those to choose from if there are several."""
    if not called:
        raise RefusedError(phrase("no device is called %(name)s; enter its id", name=name))
    if len(called) > 1:
        told = {"count": len(called), "name": name, "devices": choices(called)}
        raise RefusedError(
            phrase("%(count)s devices are called %(name)s; use the id of one: %(devices)s", **told)
        )
    return called[0]


class SourceAnswer(Fact):
    """The answer of one source."""

    source: str
    """The source."""
    result: str
    """`taken`: it answered; `asked`: the device was told to report; `gone`: it no longer has the device; `wait`: it was
    asked a moment ago; `cannot`: it cannot be asked; `failed`."""
    words: Words
    """The answer in words."""


def source_answers(
    came: Mapping[Slot, CheckResult], device: Device | None, catalog: AppCatalog
) -> list[SourceAnswer]:
    """The answer of each source. ``device`` already has the new reports."""
    reports = {each.key: each for each in device.reports} if device else {}
    return [
        SourceAnswer(
            source=slot[0], result=again.value, words=_words(slot, again, reports.get(slot), catalog)
        )
        for slot, again in came.items()
    ]


def _words(slot: Slot, again: CheckResult, report: Report | None, catalog: AppCatalog) -> str:
    source = source_in_words(slot[0])
    if again is not CheckResult.TAKEN:
        return joined([source, _CAME[again]], " ")
    if report is None or report.reported_at is None:
        return phrase("%(source)s answered, but does not see which apps are there", source=source)
    apps = ", ".join(catalog.name_of(key) for key in sorted(report.apps))
    if not apps and not within_reach(report, catalog.listed).saw_device:
        return phrase("%(source)s answered: no listed app among those that it sees", source=source)
    if not apps:
        return phrase("%(source)s answered: no listed app on it", source=source)
    return phrase("%(source)s answered: %(apps)s on it", source=source, apps=apps)


class FindingFacts(Fact):
    """A contradiction in what is known of a device."""

    reason: str
    """What it is, as a reason code."""
    detail: Words
    """The contradiction in words."""
    since: Instant
    """When it began."""


class DeviceFacts(Fact):
    """A device and its posture now."""

    id: str
    """Its id in this store."""
    owner: str
    """The login name of the owner; empty if no source names one."""
    state: str
    """Its state: clean, listed, partial, stale, missing, unavailable; `asleep` in place of stale, for a computer of which its browser
    alone reports, as it does while it is open."""
    lost: bool
    """Whether it is marked as lost and gets nothing."""
    lost_at: Instant | None
    """When it was marked as lost; null if it is not."""
    kind: str | None
    """Its kind, as its sources report it: phone, tablet, laptop, and so on; null if unknown."""
    os: str
    """Its operating system, in lower case."""
    os_version: str
    """The version of its operating system."""
    managed: bool | None
    """Whether it is in device management; null if no source says."""
    enrolment: str
    """How it is enrolled, which decides what its management can see; unknown if no source says."""
    compliance: str
    """The verdict of its management: compliant, grace, noncompliant, unknown, or none if no source judges it."""
    compliance_at: Instant | None
    """The earliest time at which it can have been judged so; null if it was not."""
    compliance_apps: list[str]
    """The keys of the listed apps for which that verdict vouches."""
    threat: str
    """How much it is endangered, by its management: secured, low, medium, high, compromised, unknown, or none if no source says."""
    absence: str | None
    """How it is known that it has no listed app: seen, or enforced if some are only known not to run; null if that is not known."""
    denied: list[str]
    """The keys of the listed apps that its management verifiably keeps from running."""
    denied_by: str
    """The policy that does so, with its version; empty if none does."""
    not_denied: str
    """Why its management is not known to keep every listed app from running, as the code of the check that failed; empty if
    it is known to, or if nobody checked."""
    unseen: list[str]
    """The keys of the listed apps that nobody saw absent and that may run, if others were; empty if all were, or none."""
    apps: list[str]
    """The keys of the listed apps on it."""
    lists: list[str]
    """The lists that have these apps."""
    source: str
    """The source whose report is used."""
    sources: list[str]
    """All sources that have it."""
    reported_at: Instant | None
    """The latest time at which its apps can have been looked at; null if they never were."""
    looked_from: Instant | None
    """The earliest such time: a source may report a list that is older; null if they never were."""
    expires_at: Instant | None
    """Until when that report is valid; null if there is none."""
    findings: list[FindingFacts]
    """The contradictions between its sources."""
    first_seen: Instant
    """When it was first reported."""
    last_seen: Instant
    """When it was last reported."""
    deleted_after: Instant
    """When everything about it is deleted, if it is not reported again."""


class ReportFacts(Fact):
    """The report of one source on a device."""

    source: str
    """Which source: a connector, an issuer, or the extension."""
    id: str
    """The source's own id of the device."""
    owner: str
    """The login name of its owner; empty if the source names none."""
    kind: str | None
    """Its kind: phone, tablet, laptop, and so on; null if the source does not say."""
    os: str
    """Its operating system, in lower case."""
    os_version: str
    """The version of its operating system."""
    managed: bool | None
    """Whether it is in device management; null if the source does not say."""
    status: str
    """The tier of the evidence (EAR): none, affirming, warning, contraindicated."""
    apps: list[str]
    """The keys of the listed apps that the source found."""
    apps_complete: bool | None
    """Whether the source could see every listed app; null if it does not say."""
    enrolment: str
    """How the source has it enrolled; unknown if it does not say."""
    asked: list[str] | None
    """The keys of the listed apps for which it could answer; null if it could for all."""
    profile: str
    """The only profile of Android that it saw, like personal; empty if it saw the device."""
    compliance: str
    """Its verdict: compliant, grace, noncompliant, unknown, or none."""
    compliance_at: Instant | None
    """The earliest time at which the device can have been judged; null if there is no verdict."""
    compliance_last: Instant | None
    """The latest such time, if its source's clock is ahead; null if it is the same."""
    compliance_apps: list[str]
    """The keys of the listed apps for which the verdict vouches."""
    threat: str
    """How much the device is endangered, by the source; none if it does not say."""
    denied: list[str]
    """The keys of the listed apps that verifiably cannot run on it."""
    denied_at: Instant | None
    """When that was so at the earliest, or was found not to be so; null if nobody checked."""
    denied_last: Instant | None
    """The latest such time, if its source's clock is ahead; null if it is the same."""
    denied_until: Instant | None
    """When that ends at the latest; null if it ends by its age."""
    denied_by: str
    """The policy that does so, with its version."""
    not_denied: str
    """The code of the first check that failed; empty if none did."""
    reported_at: Instant | None
    """The latest time at which the source can have looked at the apps; null if it did not."""
    looked_from: Instant | None
    """The earliest such time; null if it is the same."""
    expires_at: Instant | None
    """Until when the report is valid; null if it has no apps."""
    gone: bool
    """Whether the source no longer has the device."""
    handed: bool
    """Whether a person imported it by hand; then it makes no limit of the guard larger."""
    first_seen: Instant
    """When the source first reported the device."""
    last_seen: Instant
    """When the source last reported the device."""
    adds: bool
    """Always false: the stored report is complete."""


class NameFacts(Fact):
    """A name of a device."""

    kind: str
    """The kind of name: serial, udid, key, cert, eas, user."""
    name: str
    """The name."""
    sources: list[str]
    """The sources that use this name."""
    found_by: bool
    """Whether the device is found by this name; false if another device has it."""


class ReportsAndNames(Fact):
    """The reports of each source on a device, and the names by which it is found."""

    reports: list[ReportFacts]
    """The reports of each source."""
    names: list[NameFacts]
    """The names of the device."""
    former_ids: list[str]
    """Ids of devices that were merged into this one."""


class SightingFacts(Fact):
    """Requests of one client on one day that got the same answer."""

    id: str
    """The id of the sighting."""
    day: Day
    """The day, in UTC."""
    kind: str
    """The kind that the client was recognised as."""
    protocol: str
    """The protocol."""
    user_agent: str
    """The User-Agent header, as far as it is stored."""
    user: str
    """The login name; empty if unknown."""
    posture: str
    """The state of the device's posture at that time."""
    rule: str
    """The rule that decided."""
    effect: str
    """The effect: allow, warn, challenge or block."""
    reason: str
    """Why, as a reason code."""
    would: list[str]
    """Report-only rules that would have had an effect, each as `rule:effect`."""
    policy: str
    """The version of the policy."""
    times: int
    """The number of requests."""
    first: Instant
    """When the first request came."""
    last: Instant
    """When the last request came."""
    reference: str
    """The reference of the last request."""


class WholeDevice(DeviceFacts, ReportsAndNames):
    """Everything that is stored about one device, with its last sightings."""

    sightings: list[SightingFacts]
    """The decisions about it, the newest first."""


def retention_times_of(settings: Settings) -> RetentionTimes:
    return RetentionTimes(**settings.retention.model_dump())


def device_facts(device: Device, bundle: Bundle, now: datetime) -> DeviceFacts:
    """A device and its current posture."""
    posture = posture_now(device, bundle, now)
    findings = [FindingFacts.taken_from(each) for each in device.findings]
    return DeviceFacts.taken_from(
        posture,
        device,
        id=posture.device_id,
        state=told_state(posture),
        findings=findings,
        deleted_after=retention_times_of(bundle.settings).end_of(device),
    )


def parts_of(device: Device, listed: frozenset[str]) -> ReportsAndNames:
    """The parts of a device, with ``listed`` apps."""
    names = [
        NameFacts(
            kind=kind,
            name=text,
            sources=sorted({each.source for each in device.reports if (kind, text) in each.names}),
            found_by=(kind, text) not in device.ceded_names,
        )
        for kind, text in sorted(device.claims)
    ]
    # the names in a report are listed with all sources that use them
    reports = [ReportFacts.taken_from(within_reach(each, listed)) for each in device.reports]
    return ReportsAndNames(reports=reports, names=names, former_ids=sorted(device.former_ids))


def whole_device(device: Device, seen: Sequence[Recorded], bundle: Bundle, now: datetime) -> WholeDevice:
    """A device with its reports and names, and with these sightings."""
    facts, parts = (
        dict(device_facts(device, bundle, now)),
        dict(parts_of(device, bundle.policy.catalog.listed)),
    )
    return WholeDevice(**facts, **parts, sightings=[sighting_facts(each) for each in seen])


def sighting_facts(recorded: Recorded) -> SightingFacts:
    seen, client = recorded.sighting, recorded.sighting.client
    user_agent = dict(client.headers).get("user-agent", "")
    return SightingFacts.taken_from(recorded, client, seen, recorded.tally, user_agent=user_agent)
