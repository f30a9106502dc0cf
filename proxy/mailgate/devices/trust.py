"""Which source may say what: the names that it may bring, and how much its word counts.

Issuers of attestations and device managements are the company's own, and are believed. What a device says of itself
when it enrols at the gate is believed in so far as it proved it: that it holds a key. Else somebody's laptop could
enrol as a colleague's phone, or as the own blocked one that is clean now.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from mailgate.devices.device import Report
from mailgate.devices.names import (
    CERT,
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
from mailgate.devices.placeholders import why_nothing
from mailgate.model import AttestationResult, DeviceRecord

ENROLLED = "enrolled"
"""The source of what devices say of themselves after they enrolled at the gate."""

_PROVEN = (KEY, CERT)
"""Kinds of names that a device proves with every request."""


def source_of(proof: AttestationResult) -> str:
    """Whose word a verified proof is: the issuer's, unless a gate only signed what the device says of itself."""
    return ENROLLED if proof.self_reported else proof.issuer


def by_own_word(source: str) -> bool:
    """Whether this source only repeats what the device says of itself."""
    return source == ENROLLED


def rank(source: str, precedence: Sequence[str]) -> int:
    """How much the word of a source counts, 0 the most: as listed, then all others alike, then a device's own word."""
    if by_own_word(source):
        return len(precedence) + 1
    return precedence.index(source) if source in precedence else len(precedence)


def report_from(record: DeviceRecord, now: datetime) -> Report:
    """What is kept of a record that came ``now``: names that are none stay out, and no look is from the future."""
    apps = record.apps
    return Report(
        source=record.source,
        id=storable(record.id),
        owner=record.owner,
        kind=record.kind,
        os=record.os,
        os_version=record.os_version,
        managed=record.managed,
        status=record.status,
        apps=apps.present if apps else frozenset(),
        apps_complete=apps.complete if apps else None,
        reported_at=min(apps.at, now) if apps else None,
        expires_at=record.expires,
        gone=record.gone,
        adds=record.adds,
        names=frozenset(_names(record)),
        first_seen=now,
        last_seen=now,
    )


def links(report: Report) -> frozenset[Name]:
    """The names by which this report finds, or is found as, a device of another source.

    A device's own word links by one proven name alone. With two it could make two devices one: whoever holds the
    key of a blocked phone and the certificate of a clean laptop would clean the phone with the laptop's reports.
    """
    if not by_own_word(report.source):
        return report.names
    return frozenset(sorted(report.names, key=lambda name: (STRONG.index(name[0]), name))[:1])


def _names(record: DeviceRecord) -> Iterator[Name]:
    allowed = _PROVEN if by_own_word(record.source) else STRONG
    for kind, text in _told(record):
        if kind in allowed and not why_nothing(kind, text):
            yield (kind, storable(text))


def _told(record: DeviceRecord) -> Iterator[Name]:
    yield (SERIAL, serial_text(record.serial))
    yield (UDID, udid_text(record.udid))
    for key in record.keys:
        yield (KEY, key)
    for certificate in record.certificates:
        yield (CERT, certificate)
    for eas_id in record.eas_ids:
        if not why_nothing(EAS, eas_text(eas_id)):
            for form in eas_forms(eas_id):
                yield (EAS, form)
