"""The content of a person's own page, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mailgate.devices.device import Report
from mailgate.gateway.pages.view import View
from mailgate.model import Kind, PostureState
from mailgate.store import HelpRequest

MAX_SHOWN = 5
"""How many rows of a kind the page shows. The download has all."""
Stored = Mapping[str, object]
"""The stored fields of a row, by the names of ``me.LABELS``: texts, numbers, days, times and tuples of texts."""


class SourceResult(StrEnum):
    FOUND = "found"
    CLEAR = "clear"
    PARTLY = "partly"
    """No listed app, but not every app can be seen."""
    UNSEEN = "unseen"
    """It does not see which apps are installed."""
    UNKNOWN = "unknown"
    """It does not know the device, or no longer."""
    ASKED = "asked"
    """It has asked the device to report, and the device will answer by itself."""
    SILENT = "silent"
    NOBODY = "nobody"
    """No source of the device can be asked."""
    TOO_SOON = "too-soon"


@dataclass(frozen=True, slots=True)
class AskedSource:
    result: SourceResult
    source: str = ""
    apps: tuple[str, ...] = ()
    looked_at: datetime | None = None
    lag: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class LastSeen:
    at: datetime
    program: str


@dataclass(frozen=True, slots=True)
class ExemptionView:
    """The exemption without which the device would get no mail."""

    why: str
    until: datetime | None = None
    own: bool = False
    """Whether the person let themselves in."""


@dataclass(frozen=True, slots=True)
class OwnerReports:
    """The reports that the owner may make about a device here, and those that they have just made."""

    can_report: bool = False
    to_confirm: bool = False
    """Whether they have to confirm that it is lost."""
    undo: bool = False
    """Whether they may still take back the report that it is lost."""
    too_late: bool = False
    """Whether they tried to take it back too late."""
    noted: bool = False
    """Whether they have just reported that it is not theirs."""


NO_OWNER_REPORTS = OwnerReports()


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """One device: its verdict and the reason, the sources that report it, and what is stored and until when."""

    mark: str
    """Its name in forms and addresses: letters, digits and hyphens."""
    verdict: View
    state: PostureState
    asleep: bool = False
    """Whether its browser alone reports on it, and does not now (``devices/trust.py``)."""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    model: str = ""
    tail: str = ""
    """The end of an id, for people to compare."""
    here: bool = False
    exempted: ExemptionView | None = None
    last: LastSeen | None = None
    owner_reports: OwnerReports = NO_OWNER_REPORTS
    lost: bool = False
    apps: tuple[str, ...] = ()
    """Display names of the listed apps on it."""
    denied: tuple[str, ...] = ()
    """Display names of the listed apps of which it is only known that they cannot run on it."""
    not_denied: str = ""
    """Why it is not certain of every listed app that it cannot run, a word of ``NotDenied``; empty if nobody checked."""
    sources: tuple[Report, ...] = ()
    """What each source that has it reports."""
    asked: tuple[AskedSource, ...] = ()
    findings: tuple[str, ...] = ()
    """Reason codes of the contradictions between its sources."""
    stored: tuple[Stored, ...] = ()
    """The stored fields of the device itself, then of each report."""
    since: datetime | None = None
    until: datetime | None = None
    """When it is deleted unless it reports again; None if nothing is stored."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One stored row of requests or mails, and when it is deleted."""

    fields: Stored
    until: datetime


class StoredRecords(NamedTuple):
    """Every row that is stored about a person besides their devices, by kind."""

    requests: tuple[StoredRecord, ...] = ()
    quarantine_mails: tuple[StoredRecord, ...] = ()
    mails: tuple[StoredRecord, ...] = ()
    language: tuple[StoredRecord, ...] = ()
    enrolments: tuple[StoredRecord, ...] = ()
    exemptions: tuple[StoredRecord, ...] = ()
    help_requests: tuple[StoredRecord, ...] = ()
    looks: tuple[StoredRecord, ...] = ()


NO_RECORDS = StoredRecords()


@dataclass(frozen=True, slots=True)
class EmployeeView:
    """The whole page. Every text may be hostile, so pages escape all of it."""

    here: View
    unchecked: bool = False
    """Whether this browser has to be probed before mail opens: what it gets is not known until then."""
    person: str = ""
    known_by: str = ""
    """``proxy``, ``device`` or ``login``; empty if the person is unknown."""
    login: str = "none"
    """The result of a login: ``wrong``, ``too-many``, ``untold``, or one that the page does not mention."""
    sign_in: bool = False
    devices: tuple[DeviceCard, ...] = ()
    records: StoredRecords = NO_RECORDS
    waiting: tuple[HelpRequest, ...] = ()
    """The requests for help that are open or were answered lately."""
    unread: bool = False
    more: int = 0
    """How many rows about requests are stored but not shown."""
    exempted: ExemptionView | None = None
    """The exemption without which this browser would get no mail."""
    listed: tuple[str, ...] = ()
    """Display names of the apps that are watched."""
    keeping_out: tuple[str, ...] = ()
    """Display names of those that keep mail away now."""
    later: tuple[str, ...] = ()
    """Display names of those that will keep mail away once the dates of their rules have come."""
    unlisted_from: tuple[str, ...] = ()
    """The sources of these devices that send apps which are not listed, too."""
    contact: str = ""
    codes: bool = False
    code: str = ""
    fingerprint: str = ""
    """The current ETag of ``/.mailgate/status``. If it changes, the page is out of date."""

    @property
    def nothing(self) -> bool:
        return not (self.devices or any(self.records) or self.unread)
