"""A device, and what each source reports of it."""

from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import reduce
from hashlib import sha256

from mailgate.devices.names import Name
from mailgate.model import Kind, Reason

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Slot = tuple[str, str]
"""A source and its own id for a device."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one source says of one device: an issuer of attestations, a connector, or the gate where devices enrol.

    Made by ``trust.report_by``. Apps that are not listed never get this far.
    """

    source: str
    id: str
    """The source's own name for the device."""
    owner: str = ""
    """Login name of the person whose device it is."""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    status: str = "none"
    """EAR tier: ``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    apps: frozenset[str] = frozenset()
    """Listed apps that are there, by their key in ``apps.yaml``."""
    apps_complete: bool | None = None
    """False where only managed apps could be seen; None where no apps were reported."""
    reported_at: datetime | None = None
    """When its apps were looked at; None where no apps were reported."""
    expires_at: datetime | None = None
    gone: bool = False
    """The source has it no longer: wiped, retired, unenrolled."""
    names: frozenset[Name] = frozenset()
    """What the source may call it by (``trust.py``)."""
    first_seen: datetime = field(default=LONG_AGO, compare=False)
    last_seen: datetime = field(default=LONG_AGO, compare=False)
    adds: bool = field(default=False, compare=False)
    """Only part of what the source knows: what is empty here is as the source said before. What is stored is whole."""

    @property
    def slot(self) -> Slot:
        return (self.source, self.id)

    @property
    def age(self) -> tuple[datetime, datetime]:
        """Orders the looks of one source at one device: when, then how long that may be believed."""
        return (self.reported_at or LONG_AGO, self.expires_at or LONG_AGO)

    def received(self, now: datetime) -> "Report":
        """As it came ``now``: no look is from the future, or it would hide every later one."""
        looked = self.reported_at and min(self.reported_at, now)
        return replace(self, reported_at=looked, first_seen=now, last_seen=now)

    def after(self, old: "Report | None") -> "Report":
        """What is to be kept of this report after an older one of the same source and id.

        Of two looks the later counts, of two equally old ones the last to come. A report that looked at no apps
        brings what else it knows and leaves the look as it was; one that says ``gone`` leaves everything.
        """
        if old is None:
            return replace(self, adds=False)
        new = self._completed(old) if self.adds else self
        kept = old
        if self.gone:
            kept = replace(old, gone=True)
        elif self.age >= old.age:
            kept = new
        elif self.reported_at is None and (self.expires_at is None or self.age[1] >= old.age[1]):
            kept = replace(
                new,
                status=old.status,
                apps=old.apps,
                apps_complete=old.apps_complete,
                reported_at=old.reported_at,
                expires_at=old.expires_at,
            )
        return replace(
            kept, first_seen=old.first_seen, last_seen=max(old.last_seen, self.last_seen), adds=False
        )

    def _completed(self, old: "Report") -> "Report":
        """What this one leaves empty as the older one had it, of each kind of name too. Looks at apps stay apart."""
        told = {kind for kind, _ in self.names}
        return replace(
            self,
            owner=self.owner or old.owner,
            kind=self.kind or old.kind,
            os=self.os or old.os,
            os_version=self.os_version or old.os_version,
            managed=old.managed if self.managed is None else self.managed,
            status=old.status if self.status == "none" else self.status,
            names=self.names | {name for name in old.names if name[0] not in told},
        )


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Something that sources do not agree on about a device, or that two devices claim."""

    reason: Reason
    about: str
    """What it is about, such as a name: of one device no two contradictions have the same reason and this."""
    detail: str = field(compare=False)
    since: datetime = field(default=LONG_AGO, compare=False)


@dataclass(frozen=True, slots=True)
class Device:
    """One device, whatever it is called: every source's report, and what the company says of it."""

    id: str
    reports: tuple[Report, ...] = ()
    """In the order of source and id."""
    former: frozenset[str] = frozenset()
    """Ids of devices that turned out to be this one."""
    ceded: frozenset[Name] = frozenset()
    """Names that a report claims and another device has."""
    findings: tuple[Contradiction, ...] = ()
    lost_at: datetime | None = None
    first_seen: datetime = field(default=LONG_AGO, compare=False)
    last_seen: datetime = field(default=LONG_AGO, compare=False)
    number: int = field(default=0, compare=False)
    """Its key in the store; 0 before it is there."""
    changed: int = field(default=0, compare=False)
    """The number of the change in the store that this is as of."""

    @property
    def claims(self) -> frozenset[Name]:
        """Every name that a report has for it."""
        if len(self.reports) == 1:  # most devices have one
            return self.reports[0].names
        return frozenset[Name]().union(*(report.names for report in self.reports))

    @property
    def names(self) -> frozenset[Name]:
        """Every name that it is found by."""
        return self.claims - self.ceded if self.ceded else self.claims

    def report(self, slot: Slot) -> Report | None:
        """What this source says under this id."""
        return next((report for report in self.reports if report.slot == slot), None)

    def with_report(self, report: Report) -> "Device":
        """The device with this report in the place of the one of the same source and id."""
        others = [each for each in self.reports if each.slot != report.slot]
        return replace(
            self,
            reports=_in_order([*others, report]),
            first_seen=min(self.first_seen, report.first_seen),
            last_seen=max(self.last_seen, report.last_seen),
        )

    def without(self, slot: Slot) -> "Device":
        """The device as if this source had never reported it under this id."""
        return replace(self, reports=tuple(each for each in self.reports if each.slot != slot))


def merged(devices: Iterable[Device]) -> Device:
    """One device of several that turned out to be one. It has the id of the oldest; where one is lost, it is lost."""
    oldest, *others = sorted(devices, key=lambda device: (device.first_seen, device.id))
    return reduce(_merged, others, oldest)


def _merged(kept: Device, other: Device) -> Device:
    return replace(
        kept,
        reports=_in_order([*kept.reports, *other.reports]),
        former=kept.former | other.former | {other.id},
        ceded=frozenset(),
        lost_at=min((at for at in (kept.lost_at, other.lost_at) if at), default=None),
        last_seen=max(kept.last_seen, other.last_seen),
        changed=max(kept.changed, other.changed),
    )


def _in_order(reports: Iterable[Report]) -> tuple[Report, ...]:
    return tuple(sorted(reports, key=lambda report: report.slot))


def new_id(slot: Slot, attempt: int = 0) -> str:
    """The id of a device that this source is the first to report: the same at every gate, short enough to type.

    Twelve letters and digits of base32, which has no 0, 1, 8 or 9 to mistake for a letter. ``attempt`` counts up
    where the id is taken.
    """
    told = "\0".join((*slot, str(attempt) if attempt else ""))
    text = b32encode(sha256(told.encode("utf-8", "backslashreplace")).digest()[:10])[:12].decode().lower()
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"


def typed_id(text: str) -> str:
    """An id as a person types it, in the form that is stored: capitals and missing hyphens do not matter."""
    bare = text.strip().lower().replace("-", "")
    return f"{bare[:4]}-{bare[4:8]}-{bare[8:]}" if len(bare) == 12 else text
