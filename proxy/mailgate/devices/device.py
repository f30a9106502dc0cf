"""A device, and what each source reports about it."""

from base64 import b32encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from hashlib import sha256

from mailgate.devices.names import Name
from mailgate.model import Compliance, Enrolment, Kind, Reason, Threat
from mailgate.model.times import LONG_AGO, When, happened, known

ReportKey = tuple[str, str]
"""A source and its own id for a device."""

DATED = ("reported_at", "compliance_at", "compliance_last", "denied_at", "denied_last")
"""The fields that date the facts in a report."""
_Dates = tuple[str, str]
_OF_LOOK: _Dates = ("looked_from", "reported_at")
_OF_VERDICT: _Dates = ("compliance_at", "compliance_last")
_OF_DENIAL: _Dates = ("denied_at", "denied_last")
"""The fields with the earliest and the latest time of a fact. A look always has the latter, others the former: one is None if both are the same."""
AGAINST = frozenset({Compliance.NONCOMPLIANT, Threat.MEDIUM, Threat.HIGH, Threat.COMPROMISED})
"""The bad words of managements."""
_LOOK = ("status", "apps", "apps_complete", "asked", "profile", "reported_at", "looked_from", "expires_at")
VERDICT = ("compliance", "compliance_at", "compliance_last", "compliance_apps", "threat")
DENIAL = ("denied", "denied_at", "denied_last", "denied_until", "denied_by", "not_denied")


@dataclass(frozen=True, slots=True)
class Report:
    """The report of one source on one device: an issuer of attestations, a connector, or the gate at enrolment.
    ``trust.report_by`` makes it. Apps on no list are dropped before."""

    source: str
    id: str
    """The source's own name for the device."""
    owner: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    status: str = "none"
    """EAR tier: ``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    apps: frozenset[str] = frozenset()
    """The listed apps on the device, by their key in ``apps.yaml``."""
    apps_complete: bool | None = None
    """False if the source could not see every app; None if it reported no apps."""
    asked: frozenset[str] | None = None
    """The listed apps that the look could answer for; None if it could for all that were listed."""
    profile: str = ""
    """The only profile of Android that the look saw, a user of its own with its own apps; empty if it saw the device."""
    reported_at: datetime | None = None
    """The latest time at which the source can have looked at the apps; None if it reported no apps."""
    looked_from: datetime | None = None
    """The earliest time at which it can have looked; None if that is ``reported_at``."""
    expires_at: datetime | None = None
    compliance: Compliance = Compliance.NONE
    """The verdict of the management, with its own time: neither a look nor a denial makes it newer."""
    compliance_at: datetime | None = None
    """The earliest time at which the management can have judged the device; None if it gave no verdict."""
    compliance_last: datetime | None = None
    """The latest such time, by which a bad word counts; None if it is the same."""
    compliance_apps: frozenset[str] = frozenset()
    """The listed apps that a policy which was judged after its last change looks for."""
    threat: Threat = Threat.NONE
    denied: frozenset[str] = frozenset()
    """The listed apps that the management verifiably keeps from running."""
    denied_at: datetime | None = None
    """The earliest time at which that can have been so, or was found not to be so; None if nobody checked."""
    denied_last: datetime | None = None
    """The latest such time; None if it is the same."""
    denied_until: datetime | None = None
    denied_by: str = ""
    """The policy and its version, for people."""
    not_denied: str = ""
    """The code of the first check that failed; empty if none did."""
    enrolment: Enrolment = Enrolment.UNKNOWN
    gone: bool = False
    """Whether the source no longer has the device: it was wiped, retired or unenrolled."""
    handed: bool = False
    """Whether a person handed it in for the source (``mailgate connectors import``)."""
    names: frozenset[Name] = frozenset()
    """The names that this source may give the device (``trust.py``)."""
    first_seen: datetime = field(default=LONG_AGO, compare=False)
    last_seen: datetime = field(default=LONG_AGO, compare=False)
    adds: bool = field(default=False, compare=False)
    """Whether it is a part of what the source knows, so that empty fields keep older values. Stored reports are whole."""

    @property
    def key(self) -> ReportKey:
        return (self.source, self.id)

    @property
    def is_dated(self) -> bool:
        """Whether the source looked at the apps, and anybody can know when."""
        return bool(known(self.reported_at) and known(self.looked_from or self.reported_at))

    def looked(self, now: datetime) -> datetime | None:
        """When the source looked at the apps; None if it did not, or if nobody can know when."""
        return self.saw_at(now) if self.is_dated else None

    def saw_at(self, now: datetime) -> datetime | None:
        """The latest time of the look, by which the apps count that it saw."""
        return happened(self.reported_at, now)

    def recency(self, now: datetime) -> tuple[datetime, datetime]:
        """The key that orders looks: by time, then by expiry. A look at an unknown time comes first, so that it hides none."""
        return (self.saw_at(now) or LONG_AGO, self.expires_at or LONG_AGO)

    @property
    def saw_device(self) -> bool | None:
        """Whether the look was at the whole device, for people: not at one profile of it. None if there was no look."""
        return self.apps_complete and not self.profile

    @property
    def lag(self) -> timedelta:
        """How much earlier than ``reported_at`` the source may have looked at the apps, as far as anybody knows."""
        known_from = self.looked_from if self.is_dated else None
        return self.reported_at - known_from if self.reported_at and known_from else timedelta()

    def received(self, now: datetime) -> "Report":
        """The report as received ``now``. A fact that is dated in the future would hide every later one."""
        return replace(self._redated(lambda _, span: span.heard(now)), first_seen=now, last_seen=now)

    def after(self, old: "Report | None", now: datetime) -> "Report":
        """The report to keep after an older one of the same source and id. The later look at the apps counts; of equally old
        ones, or if the older one's time is unknown, the one that came last. Without apps the older look is kept. So it is with
        verdicts and denials, each by its own time; and a date that is told again makes nothing younger. One that is ``gone`` changes nothing else."""
        if old is None:
            return replace(self, adds=False)
        return self._first_heard(old)._after(old._first_heard(self), now)

    def _after(self, old: "Report", now: datetime) -> "Report":
        one, other = self.recency(now), old.recency(now)
        new = self._completed(old) if self.adds else self
        if self.looked_from and not self.is_dated:  # it clears nothing, and is known when it is told again
            new = replace(new, apps=self.apps | old.apps)
        kept = old
        if self.gone:
            kept = replace(old, gone=True)
        elif one >= other:
            kept = new
        elif self.reported_at is None and (self.expires_at is None or one[1] >= other[1]):
            kept = new._with(old, _LOOK)
        if not self.gone:
            kept = kept._with(self._later(old, _OF_VERDICT, now), VERDICT)
            kept = kept._with(self._later(old, _OF_DENIAL, now), DENIAL)
        seen = max(happened(old.last_seen, now) or LONG_AGO, self.last_seen)
        return replace(kept, first_seen=min(old.first_seen, self.first_seen), last_seen=seen, adds=False)

    def _later(self, old: "Report", dates: _Dates, now: datetime) -> "Report":
        """Whichever came later; a bad word comes when it is heard. A good one of unknown time clears nothing: a bad one stays, with the dates by
        which that is known when it is told again."""
        mine, its = self._span(dates), old._span(dates)
        if mine is None:
            return old
        before = (its and happened(its.at, now)) or LONG_AGO
        if before > LONG_AGO and self._is_good(dates) and happened(mine.since, now) is None:
            marked = old._redated(lambda each, span: mine if each is dates else span)
            if not known(mine.at):
                return old
            return self if old._is_good(dates) else marked
        return self if (happened(mine.at, now) or now) >= before else old

    def _is_good(self, dates: _Dates) -> bool:
        if dates is _OF_DENIAL:
            return bool(self.denied)
        return AGAINST.isdisjoint((self.compliance, self.threat))

    def _span(self, dates: _Dates) -> When | None:
        told: tuple[datetime | None, ...] = tuple(getattr(self, name) for name in dates)
        always = told[dates is _OF_LOOK]
        return When(told[0] or always, told[1] or always) if always else None

    def _first_heard(self, other: "Report") -> "Report":
        mine, its = ((each.reported_at, each.compliance_at, each.denied_at) for each in (self, other))
        if mine == its:  # as at most runs
            return self
        return self._redated(lambda dates, span: span.first(other._span(dates)))

    def _redated(self, change: Callable[[_Dates, When], When]) -> "Report":
        times: dict[str, datetime | None] = {}
        for dates in (_OF_LOOK, _OF_VERDICT, _OF_DENIAL):
            span = self._span(dates)
            if span is None or (new := change(dates, span)) == span:
                continue
            times |= dict(zip(dates, new, strict=True))
            if new.since == new.at:
                times[dates[dates is not _OF_LOOK]] = None
            if dates is _OF_DENIAL and self.denied_until:
                times["denied_until"] = self.denied_until - (span.since - new.since)
        return replace(self, **times) if times else self  # type: ignore[arg-type]

    def _with(self, other: "Report", names: Iterable[str]) -> "Report":
        return self if other is self else replace(self, **{name: getattr(other, name) for name in names})

    def _completed(self, old: "Report") -> "Report":
        told = {kind for kind, _ in self.names}
        return replace(
            self,
            owner=self.owner or old.owner,
            kind=self.kind or old.kind,
            os=self.os or old.os,
            os_version=self.os_version or (old.os_version if self.os in ("", old.os) else ""),
            managed=old.managed if self.managed is None else self.managed,
            status=old.status if self.status == "none" else self.status,
            enrolment=old.enrolment if self.enrolment is Enrolment.UNKNOWN else self.enrolment,
            handed=self.handed or (old.handed and not self.owner),
            names=self.names | {name for name in old.names if name[0] not in told},
        )


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A contradiction between the sources of a device, or a name that two devices claim."""

    reason: Reason
    about: str
    """The subject, such as a name. Within one device the pair of ``reason`` and ``about`` is unique."""
    detail: str = field(compare=False)
    since: datetime = field(default=LONG_AGO, compare=False)


@dataclass(frozen=True, slots=True)
class Device:
    """One device: the reports of every source, under all their names for it, and when it was marked as lost."""

    id: str
    reports: tuple[Report, ...] = ()
    """Sorted by source and id."""
    former_ids: frozenset[str] = frozenset()
    """The ids of devices that were merged into this one."""
    ceded_names: frozenset[Name] = frozenset()
    """Names that a report of this device claims but that belong to another device."""
    findings: tuple[Contradiction, ...] = ()
    lost_at: datetime | None = None
    first_seen: datetime = field(default=LONG_AGO, compare=False)
    last_seen: datetime = field(default=LONG_AGO, compare=False)
    number: int = field(default=0, compare=False)
    """The key of the device in the store, or 0 if it is not stored yet."""
    changed: int = field(default=0, compare=False)
    """The number of the change in the store that last changed this device; 0 if it is not known."""

    def __str__(self) -> str:
        """For people: its id, and its names at its sources."""
        return f"{self.id} ({', '.join(f'{each.id} at {each.source}' for each in self.reports)})"

    @property
    def claims(self) -> frozenset[Name]:
        """Every name that a report gives the device."""
        return frozenset[Name]().union(*(report.names for report in self.reports))

    @property
    def names(self) -> frozenset[Name]:
        """Every name by which the device is found."""
        return self.claims - self.ceded_names

    def report(self, slot: ReportKey) -> Report | None:
        """The report of this source under this id; None if there is none."""
        return next((report for report in self.reports if report.key == slot), None)

    def with_report(self, report: Report, now: datetime) -> "Device":
        """The device with this report in place of the one of the same source and id."""
        others = [each for each in self.reports if each.key != report.key]
        return replace(
            self,
            reports=_in_order([*others, report]),
            first_seen=min(self.first_seen, report.first_seen),
            last_seen=max(happened(self.last_seen, now) or LONG_AGO, report.last_seen),
        )

    def without(self, slot: ReportKey) -> "Device":
        """The device as if this source had never reported it under this id."""
        return replace(self, reports=tuple(each for each in self.reports if each.key != slot))


def merged(devices: Iterable[Device]) -> Device:
    """Merge devices that turned out to be one, under the id of the oldest. It is lost if one of them is."""
    oldest, *others = sorted(devices, key=lambda device: (device.first_seen, device.id))
    return reduce(_merged, others, oldest)


def _merged(kept: Device, other: Device) -> Device:
    return replace(
        kept,
        reports=_in_order([*kept.reports, *other.reports]),
        former_ids=kept.former_ids | other.former_ids | {other.id},
        ceded_names=frozenset(),
        lost_at=min((at for at in (kept.lost_at, other.lost_at) if at), default=None),
        last_seen=max(kept.last_seen, other.last_seen),
        changed=max(kept.changed, other.changed),
    )


def _in_order(reports: Iterable[Report]) -> tuple[Report, ...]:
    return tuple(sorted(reports, key=lambda report: report.key))


def new_id(slot: ReportKey, attempt: int = 0) -> str:
    """Make the id of a device from the first source that reports it, at every gate the same: twelve characters of base32, to
    type, without 0, 1, 8 and 9. ``attempt`` counts up if the id is taken."""
    told = "\0".join((*slot, str(attempt) if attempt else ""))
    text = b32encode(sha256(told.encode("utf-8", "backslashreplace")).digest())[:12].decode().lower()
    return _with_hyphens(text)


def typed_id(text: str) -> str:
    """A typed id in the form that is stored: capitals and missing hyphens do not matter."""
    bare = text.strip().lower().replace("-", "")
    return _with_hyphens(bare) if len(bare) == 12 else text


def _with_hyphens(text: str) -> str:
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"
