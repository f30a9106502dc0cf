"""What a person's own page has to show, as plain data."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from mailgate.gateway.pages.view import View
from mailgate.model import Kind, PostureState

SHOWN = 5
"""Rows of a kind that the page shows: the download has all."""
Value = str | int | bool | date | datetime | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Field:
    """One field as it is stored; ``name`` is that of ``stored.LABELS``."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Source:
    """Who reports of a device, and when it last looked at the apps on it."""

    name: str
    looked_at: datetime | None = None
    complete: bool | None = None
    """False where it sees work apps alone; None where it sees no apps."""


class Came(StrEnum):
    """What came of asking a source."""

    FOUND = "found"
    CLEAR = "clear"
    PARTLY = "partly"
    """No listed app, but only work apps can be seen."""
    UNSEEN = "unseen"
    """It does not see which apps are there."""
    UNKNOWN = "unknown"
    """It does not know the device (any more)."""
    ASKED = "asked"
    """It has told the device to report, which answers by itself."""
    SILENT = "silent"
    """It did not answer."""
    NOBODY = "nobody"
    """No source of the device can be asked."""
    TOO_SOON = "too-soon"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one source said when it was asked."""

    came: Came
    source: str = ""
    apps: tuple[str, ...] = ()
    looked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When a device asked for mail last."""

    at: datetime
    program: str
    """What it asked with; empty where nobody knows."""


@dataclass(frozen=True, slots=True)
class Exempted:
    """An exemption without which there would be no mail."""

    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """One device: what it gets and why, who reports of it, what is stored and until when."""

    mark: str
    """Names it in forms and addresses: letters, digits and hyphens."""
    verdict: View
    """What it gets and what would change that, as the block page has it."""
    state: PostureState
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    model: str = ""
    tail: str = ""
    """The end of an id that people can compare."""
    here: bool = False
    """Whether this very request comes from it."""
    exempted: Exempted | None = None
    last: LastSeen | None = None
    sayable: bool = False
    """Whether its owner may say here that it is lost or not theirs."""
    noted: bool = False
    """Whether they have just said so."""
    lost: bool = False
    apps: tuple[str, ...] = ()
    """Display names of the listed apps on it."""
    sources: tuple[Source, ...] = ()
    asked: tuple[Asked, ...] = ()
    findings: tuple[str, ...] = ()
    """Codes of what its sources contradict each other in."""
    stored: tuple[tuple[Field, ...], ...] = ()
    """What is stored of the device itself, then of each report."""
    since: datetime | None = None
    until: datetime | None = None
    """When it is deleted unless it reports again; None where nothing is stored."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row that is kept of requests or mails, and when it is deleted."""

    fields: tuple[Field, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class StoredRecords:
    """Every row that is stored of a person beside their devices, by what it is about."""

    requests: tuple[Record, ...] = ()
    quarantine_mails: tuple[Record, ...] = ()
    mails: tuple[Record, ...] = ()
    """Mails about rules."""
    language: tuple[Record, ...] = ()
    enrolments: tuple[Record, ...] = ()
    exemptions: tuple[Record, ...] = ()
    help_requests: tuple[Record, ...] = ()

    def by_kind(self) -> dict[str, tuple[Record, ...]]:
        """The rows by the name of their kind."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


NO_RECORDS = StoredRecords()


@dataclass(frozen=True, slots=True)
class EmployeeView:
    """The whole page. Every text may be hostile: pages escape all of it."""

    here: View
    """What this browser gets."""
    person: str = ""
    known_by: str = ""
    """``proxy``, ``device`` or ``login``; empty where nobody is known."""
    login: str = "none"
    """What came of a login: ``wrong``, ``too-many``, ``untold``, or something that needs no word."""
    sign_in: bool = False
    """Whether logging in can be offered."""
    devices: tuple[DeviceCard, ...] = ()
    records: StoredRecords = NO_RECORDS
    unread: bool = False
    """Whether what is stored could not be read."""
    more: int = 0
    """Rows about requests that are stored but not shown."""
    exempted: Exempted | None = None
    """What lets this browser in, where nothing else would."""
    listed: tuple[str, ...] = ()
    """Display names of the apps that are looked for."""
    keeping_out: tuple[str, ...] = ()
    """Those of them that keep mail out."""
    contact: str = ""
    codes: bool = False
    """Whether a code can be had here."""
    code: str = ""
    """The one that was just made."""
    fingerprint: str = ""
    """The ETag of ``/.mailgate/status`` as it is now: another one means that the page is out of date."""

    @property
    def nothing(self) -> bool:
        """Whether nothing at all is stored."""
        return not (self.devices or any(self.records.by_kind().values()) or self.unread)
