"""Decides which names a source may report, and how much its reports count.

Issuers of attestations and device managements belong to the company and are believed. A device that enrols at the gate
is believed only in what it proved: that it holds a key. Otherwise somebody's laptop could enrol as a colleague's phone,
or as its owner's blocked phone that is now clean.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mailgate.devices.device import Report
from mailgate.devices.names import (
    CERT,
    DIRECTORY,
    EAS,
    KEY,
    SERIAL,
    STRONG,
    UDID,
    Name,
    eas_forms,
    eas_text,
    serial_text,
    storable,
    udid_text,
)
from mailgate.model import (
    AppsReport,
    AttestationResult,
    Compliance,
    Denial,
    Enrolment,
    Kind,
    ManagementVerdict,
    Posture,
    PostureState,
    Threat,
)

ENROLLED = "enrolled"
"""The source of what enrolled devices say about themselves."""

REPORTER = "reporter"
"""The source of what attested apps answer about the phones that they are on (``attest/report.py``)."""

_PROVEN = (KEY, CERT)
"""The kinds of names that a device proves with every request."""


def source_of(proof: AttestationResult) -> str:
    """The source of a verified proof: its issuer, or ``ENROLLED`` if the device describes itself and a gate only signed that."""
    return ENROLLED if proof.self_reported else proof.issuer


def is_self_reported(source: str) -> bool:
    """Whether this source only repeats what the device says about itself."""
    return source == ENROLLED


ASLEEP = "asleep"
"""What people are told in place of ``stale`` (``is_asleep``)."""


def is_asleep(state: str, kind: str | None, sources: Collection[str]) -> bool:
    """Whether the report on a computer is old because a browser alone makes it, which does so while it is open. That is no fault: such a
    report counts for as long as its token. Whether the browser was closed, or has no extension any more, it does not say."""
    own = bool(sources) and all(map(is_self_reported, sources))
    return state == PostureState.STALE and kind == Kind.LAPTOP and own


def told_state(posture: Posture) -> str:
    """The state of a device as people are told it."""
    asleep = is_asleep(posture.state, posture.kind, posture.sources)
    return ASLEEP if asleep else posture.state.value


def vouches(report: Report) -> bool:
    """Whether somebody vouches for the device and its owner: not itself, an app on it, or who handed the report in."""
    return not (report.handed or is_self_reported(report.source) or report.source == REPORTER)


def rank(source: str, precedence: Sequence[str]) -> int:
    """The rank of a source; 0 counts most. Listed sources come first, then all others equally, then a device's own word."""
    if is_self_reported(source):
        return len(precedence) + 1
    return precedence.index(source) if source in precedence else len(precedence)


def report_by(
    source: str,
    device_id: str,
    owner: str = "",
    kind: Kind | None = None,
    os: str = "",
    os_version: str = "",
    *,
    managed: bool | None = None,
    status: str = "none",
    apps: AppsReport | None = None,
    expires: datetime | None = None,
    serial: str = "",
    udid: str = "",
    directory: str = "",
    eas_ids: Iterable[str] = (),
    keys: Iterable[str] = (),
    certificates: Iterable[str] = (),
    enrolment: Enrolment = Enrolment.UNKNOWN,
    verdict: ManagementVerdict | None = None,
    denial: Denial | None = None,
    gone: bool = False,
    adds: bool = False,
) -> Report:
    """Make the report of a source with the names that it may report, without empty ones and placeholders. ``apps`` is None if
    the source does not know the installed apps, ``verdict`` if it does not judge the device, ``denial`` if nobody checked."""
    told = [(SERIAL, serial_text(serial)), (UDID, udid_text(udid)), (DIRECTORY, udid_text(directory))]
    told += [(KEY, key) for key in keys] + [(CERT, each) for each in certificates]
    told += [(EAS, form) for eas_id in eas_ids for form in _eas_forms(eas_id)]
    return Report(
        source=source,
        id=storable(device_id),
        owner=owner,
        kind=kind,
        os=os,
        os_version=os_version,
        managed=managed,
        status=status,
        apps=apps.present if apps else frozenset(),
        apps_complete=apps.complete if apps else None,
        asked=apps.asked if apps else None,
        profile=apps.profile if apps else "",
        reported_at=apps.at if apps else None,
        looked_from=apps.at - apps.lag if apps and apps.lag else None,
        expires_at=expires,
        compliance=verdict.compliance if verdict else Compliance.NONE,
        compliance_at=verdict.at if verdict else None,
        compliance_apps=verdict.apps if verdict else frozenset(),
        threat=verdict.threat if verdict else Threat.NONE,
        denied=denial.apps if denial else frozenset(),
        denied_at=denial.at if denial else None,
        denied_until=denial.until if denial else None,
        denied_by=denial.by if denial else "",
        not_denied=denial.failed if denial else "",
        enrolment=enrolment,
        gone=gone,
        adds=adds,
        names=frozenset(_usable(source, told)),
    )


def without_look(report: Report) -> Report:
    """The report without what it says of apps, so that an older look is kept."""
    return replace(
        report,
        apps=frozenset(),
        apps_complete=None,
        asked=None,
        profile="",
        reported_at=None,
        looked_from=None,
    )


def linking_names(report: Report) -> frozenset[Name]:
    """The names by which the reports of several sources are matched. A device's own word links by one proven name: with two,
    who holds the key of a blocked phone and the certificate of a clean laptop would clean the phone by the laptop's reports."""
    if not is_self_reported(report.source):
        return report.names
    return frozenset(sorted(report.names, key=lambda name: (STRONG.index(name[0]), name))[:1])


def _usable(source: str, told: Iterable[Name]) -> Iterator[Name]:
    allowed = _PROVEN if is_self_reported(source) else STRONG
    for kind, text in told:
        if kind in allowed and not is_placeholder(kind, text):
            yield (kind, storable(text))


def _eas_forms(eas_id: str) -> frozenset[str]:
    return frozenset() if is_placeholder(EAS, eas_text(eas_id)) else eas_forms(eas_id)


def source_name(source: str) -> str:
    """The display name of a source: an issuer by its host, a connector by its name in the settings."""
    return source.partition("://")[2].rstrip("/") or source


PLACEHOLDERS = frozenset(
    (
        # not available, or nothing
        "n/a na nil none notapplicable notavailable null undefined unknown "
        # firmware without a serial number, or that its maker did not fill in (DMI), and the UUID of such mainboards
        "notspecified unspecified invalid defaultstring empty oem serial serialnumber systemserialnumber chassisserialnumber "
        "tobefilledbyoem 03000200040005000006000700080009 "
        # Android's mail app while an account is set up, an emulated phone, and a system
        "validate emulator android "
        # serial numbers of many test boards and cheap tablets
        "0123456789 0123456789abcdef 1234567890 123456789 12345678 "
        # the one hardware address that Android and iOS give to every app, and the one id that Android 2.2 gave to many phones
        "020000000000 9774d56d682e549c"
    ).split()
)
"""Texts that name no device, in lower case and without filling."""

MIN_LENGTHS = {SERIAL: 4, UDID: 8, DIRECTORY: 8, EAS: 4}
"""The fewest characters of a name, by kind. A shorter name is too likely to occur twice."""

_ONE_CHARACTER = re.compile(r"(.)\1*", re.DOTALL)
_FILLING = re.compile(r"[\s:._{}-]+")


def is_placeholder(kind: str, text: str) -> bool:
    """Whether this text names no device: filling or one character alone, a text that many devices have, or one too short."""
    bare = _FILLING.sub("", text.lower())
    return (
        not bare
        or bare in PLACEHOLDERS
        or _ONE_CHARACTER.fullmatch(bare) is not None
        or len(bare) < MIN_LENGTHS.get(kind, 0)
    )
