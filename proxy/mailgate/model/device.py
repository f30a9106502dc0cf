"""The knowledge about a device: the reports of its sources, the state of those sources, and its posture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mailgate.model.client import Kind
from mailgate.model.reasons import Finding


@dataclass(frozen=True, slots=True)
class AppsReport:
    """The listed apps on a device. Apps on no list are dropped before this is made."""

    present: frozenset[str]
    """Keys of ``apps.yaml``."""
    complete: bool
    """False if the source could not see every app."""
    at: datetime
    """The latest time at which the source can have looked."""
    lag: timedelta = timedelta()
    """How much earlier it may have looked."""
    asked: frozenset[str] | None = None
    """The listed apps that this look could answer for, by their keys; None if it could for all of them."""
    profile: str = ""
    """The only profile of Android that it saw, like ``personal``; empty if it saw the device."""


class Enrolment(StrEnum):
    """How a device is enrolled. It decides which apps its management can see (docs/devices.md)."""

    FULLY_MANAGED = "fully-managed"
    DEDICATED = "dedicated"
    WORK_PROFILE_COMPANY = "work-profile-company"
    WORK_PROFILE_PERSONAL = "work-profile-personal"
    DEVICE_ADMINISTRATOR = "device-administrator"
    SUPERVISED = "supervised"
    DEVICE_ENROLMENT = "device-enrolment"
    USER_ENROLMENT = "user-enrolment"
    NONE = "none"
    """It is in no management."""
    UNKNOWN = "unknown"


class Compliance(StrEnum):
    """The verdict of a device's management."""

    COMPLIANT = "compliant"
    GRACE = "grace"
    """Not compliant, and given time until that has a consequence."""
    NONCOMPLIANT = "noncompliant"
    UNKNOWN = "unknown"
    """The management has no verdict, or it is too old."""
    NONE = "none"
    """No source gives verdicts on the device."""


class Threat(StrEnum):
    """How much a device is endangered, in the words of its management."""

    SECURED = "secured"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    COMPROMISED = "compromised"
    UNKNOWN = "unknown"
    NONE = "none"
    """No source says."""


@dataclass(frozen=True, slots=True)
class ManagementVerdict:
    """What a device's management says of it by its own rules. It never says by itself that an app is absent."""

    compliance: Compliance
    at: datetime
    """The earliest time at which the device can have been judged."""
    apps: frozenset[str] = frozenset()
    """Keys of the listed apps that a policy which was judged after its last change looks for."""
    threat: Threat = Threat.NONE


@dataclass(frozen=True, slots=True)
class Denial:
    """A check of whether a device's management keeps listed apps from running, whatever came of it."""

    apps: frozenset[str]
    """Keys of the apps that verifiably cannot run; none if a check failed."""
    at: datetime
    """The earliest time at which the device can have been so."""
    until: datetime | None = None
    """When it ends; None if it ends with the age of looks of this source."""
    by: str = ""
    """The policy and its version, for people."""
    failed: str = ""
    """The first check that failed, a word of ``NotDenied``; empty if none did."""


class NotDenied(StrEnum):
    """Why it is not proved that a device's management keeps every listed app from running: the first check that failed. The
    words stand in the order of the checks."""

    NOT_COMPANY_OWNED = "not-company-owned"
    MANAGEMENT_UNKNOWN = "management-unknown"
    NOT_SUPERVISED = "not-supervised"
    NOT_ACTIVE = "not-active"
    OTHER_POLICY_DUE = "other-policy-due"
    POLICY_UNREAD = "policy-unread"
    POLICY_VERSION_UNKNOWN = "policy-version-unknown"
    DECLARATION_NOT_REPORTED = "declaration-not-reported"
    DECLARATION_OUTDATED = "declaration-outdated"
    DECLARATION_INVALID = "declaration-invalid"
    DECLARATION_INACTIVE = "declaration-inactive"
    APP_NOT_BLOCKED = "app-not-blocked"
    UNTRUSTED_APPS_ALLOWED = "untrusted-apps-allowed"
    PRIVATE_SPACE_ALLOWED = "private-space-allowed"
    DEVELOPER_SETTINGS_ALLOWED = "developer-settings-allowed"
    OTHER_USERS_ALLOWED = "other-users-allowed"
    NEWER_POLICY_OPEN = "newer-policy-open"
    BLOCKED_APP_INSTALLED = "blocked-app-installed"
    POLICY_NOT_APPLIED = "policy-not-applied"
    REPORT_TOO_OLD = "report-too-old"


class Absence(StrEnum):
    """How it is known that a clean device has no listed app."""

    SEEN = "seen"
    """Somebody looked, and no listed app was there."""
    ENFORCED = "enforced"
    """Of some apps it is known only that they cannot run."""


class CheckResult(StrEnum):
    """The result of asking a source about one device now."""

    ASKED = "asked"
    """The device was asked. Its answer counts when it comes, usually within seconds."""
    TAKEN = "taken"
    """The source has answered. Its answer counts from now on."""
    GONE = "gone"
    """The source said that it does not have the device. Nothing else is treated as this answer."""
    WAIT = "wait"
    """The device was asked about a moment ago."""
    CANNOT = "cannot"
    """This source cannot be asked about one device."""
    FAILED = "failed"
    """The source, or the store, did not answer."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of one connector. Its source counts as failing from the first run that failed until a run succeeds."""

    name: str
    last_attempt: datetime | None = None
    """When the last run ended, successful or not; None before the first."""
    last_success: datetime | None = None
    last_full: datetime | None = None
    """When the last run ended that listed every device; None before the first."""
    failing_since: datetime | None = None
    trouble: str = ""
    """The trouble in the last run, the word of a ``Trouble`` (``errors.py``); empty if there was none."""
    status: int = 0
    """The HTTP status with which the source gave that trouble; 0 if it did not answer with one."""
    trouble_since: datetime | None = None
    """When the first of the runs ended that all had this trouble; None if there is none."""
    running_since: datetime | None = None
    """When the run began that is going on; None if none is."""
    retrying: str = ""
    """The trouble for which that run sends a request again, the word of a ``Trouble``; empty if the source answers."""
    retry_at: datetime | None = None
    """When it sends that request again, as the source asked; None if no request waits."""
    cursor: datetime | None = None
    """The time from which the next run asks for changes; None if it has to read everything."""
    listed: str = ""
    """The fingerprint of what the last full run looked for: the listed apps, and the settings of the connector."""
    devices: int = 0
    """How many devices the last full run listed."""
    taken: int = 0
    """How many records the last run brought."""
    gone: int = 0
    """How many devices the last full run found gone."""
    held: int = 0
    """How many devices were missing from the last full run, too many to be believed gone, and were kept."""
    narrowed: int = 0
    """How many devices the source sees less of than before and whose older report counts until ``narrows_at``."""
    narrows_at: datetime | None = None


class PostureState(StrEnum):
    """The knowledge about a device in one word. Only ``clean`` means clean; ``listed``, that an app on it is on a list."""

    CLEAN = "clean"
    LISTED = "listed"
    PARTIAL = "partial"
    STALE = "stale"
    MISSING = "missing"
    UNAVAILABLE = "unavailable"


class Witness(NamedTuple):
    """A look that saw apps: by which source, when at the latest, and how much earlier it may have been."""

    source: str
    at: datetime
    lag: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Posture:
    """The stored, expiring view of one device."""

    state: PostureState = PostureState.MISSING
    device_id: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    owner: str = ""
    apps: tuple[str, ...] = ()
    """Listed apps present (keys of ``apps.yaml``), sorted."""
    lists: tuple[str, ...] = ()
    """The lists with those apps, sorted."""
    source: str = ""
    """The source whose report decides the state."""
    sources: tuple[str, ...] = ()
    """Every source that has the device, sorted."""
    reported_at: datetime | None = None
    """The latest time at which the source can have looked at the apps."""
    lag: timedelta = timedelta()
    """How much earlier it may have looked."""
    expires_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    """The contradictions between its sources."""
    lost: bool = False
    """Whether the device is marked as lost, by the company or by its owner."""
    first_seen: datetime | None = None
    """When the device first became known."""
    last_state: PostureState | None = None
    """The last known state if ``state`` is ``unavailable``. It is used until ``expires_at``."""
    by_person: bool = False
    """Whether it is that of all phones and tablets of the person who has logged in, since a browser names no device."""
    enrolment: Enrolment = Enrolment.UNKNOWN
    compliance: Compliance = Compliance.NONE
    compliance_at: datetime | None = None
    """The earliest time at which its management can have judged it; None if there is no verdict."""
    compliance_until: datetime | None = None
    """When the verdict, or the threat, becomes unknown by its age; None if that does not happen."""
    compliance_apps: tuple[str, ...] = ()
    """Keys of the listed apps that the verdict says were looked for, sorted."""
    compliance_covers: bool = False
    """Whether these are all apps on lists that have an id for its system."""
    threat: Threat = Threat.NONE
    absence: Absence | None = None
    """How it is known that no listed app is there; None unless the state, or the last known one, is ``clean``."""
    denied: tuple[str, ...] = ()
    """Keys of the listed apps that verifiably cannot run now, sorted."""
    denied_by: str = ""
    """The policy, with its version, that keeps them from running."""
    held: tuple[str, ...] = ()
    """Keys of the listed apps that were seen and count as absent only until ``expires_at`` at the latest, sorted."""
    held_lists: tuple[str, ...] = ()
    """The lists with those apps, sorted."""
    not_denied: str = ""
    """The first check that failed, a word of ``NotDenied``, if a listed app may run; empty if nobody checked."""
    unseen: tuple[str, ...] = ()
    """Keys of the apps on lists that nobody saw absent and that may run, if others were; sorted."""
    last_known_until: datetime | None = None
    """Set while a source cannot be asked, if the device will be ``unavailable`` at ``expires_at``: until when ``last_state``
    will count then."""
    by_denial: bool = False
    """Whether what decides the state is no look, but a check of what cannot run, which is as of ``reported_at``."""
    witness: Witness | None = None
    """The last look that saw all of ``apps``, which the one that decides the state may not have seen; None if there is none."""

    @property
    def looked_from(self) -> datetime | None:
        """The earliest time at which the source can have looked at the apps; None if it did not."""
        return self.reported_at and self.reported_at - self.lag

    def look(self, *, at_apps: bool) -> Witness | None:
        """The look to name for a decision: of one because of apps that are there, by who saw them. None if nobody looked: who checks what
        cannot run does not see what is there."""
        if at_apps:
            return self.witness
        if self.reported_at is None or self.by_denial:
            return None
        return Witness(self.source, self.reported_at, self.lag)


VERDICT_AGE = timedelta(hours=24)
"""How old a verdict may be if the settings of its source do not say."""

Away = Mapping[str, datetime]
"""The sources that cannot be asked, each with the time since when."""


@dataclass(frozen=True, slots=True)
class PostureTerms:
    """How far reports are believed: by the gate, and alike by whoever foretells or explains what it does."""

    max_age: timedelta
    """The age after which a report has expired, if its own end does not come sooner. It counts from the earliest time at
    which the source can have looked."""
    last_known_for: timedelta = timedelta()
    """How much longer a report counts as what was last known, if it has expired while its source was away."""
    precedence: tuple[str, ...] = ()
    """The names of sources, the most trusted first. All others rank equally after them."""
    away: Away = field(default_factory=dict)
    ages: Mapping[str, timedelta] = field(default_factory=dict)
    """What counts in place of ``max_age`` for some sources, by their names."""
    verdict_ages: Mapping[str, timedelta] = field(default_factory=dict)
    """How old the verdict of a source may be, by its name."""

    by_person: bool = False
    """Whether the browser of a phone or tablet that names no device goes by all those of the person who has logged in."""

    def age_of(self, source: str) -> timedelta:
        """How old a look of this source may be."""
        return self.ages.get(source, self.max_age)

    def verdict_age_of(self, source: str) -> timedelta:
        """How old a verdict of this source may be."""
        return self.verdict_ages.get(source, VERDICT_AGE)

    @property
    def oldest(self) -> timedelta:
        """How old a look of any source may be."""
        return max((self.max_age, *self.ages.values()))
