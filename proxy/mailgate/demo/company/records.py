"""Makes the reports on a device: of its management or its own enrolment, and of the issuer of its tokens."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from mailgate.attest.mint import TEST_ISSUER
from mailgate.demo.company.devices import FLEET, INTUNE, JAMF, CompanyDevice, DeviceProblem
from mailgate.devices.device import Report
from mailgate.devices.trust import ENROLLED, report_by
from mailgate.model import AppsReport, Kind


def first_records(owned: CompanyDevice) -> Iterator[Report]:
    """The first reports on the device."""
    return _records(owned, owned.joined, owned.before if owned.changed else owned.apps, gone=False)


def last_records(owned: CompanyDevice) -> Iterator[Report]:
    """The last reports on it."""
    return _records(owned, owned.looked, owned.apps, gone=owned.problem is DeviceProblem.GONE)


def eas_id(owned: CompanyDevice) -> str:
    """The ActiveSync id of its mail app; empty if it has none."""
    return f"DEMO{owned.number:08X}" if owned.make.mail_app else ""


def thumbprint(owned: CompanyDevice) -> str:
    """The thumbprint of the key that it proves (RFC 7638)."""
    return urlsafe_b64encode(sha256(f"demo key {owned.number}".encode()).digest()).rstrip(b"=").decode()


def own_id(owned: CompanyDevice, source: str) -> str:
    """A source's id for it, in the form of that source's ids."""
    if source in (JAMF, FLEET):
        return str(owned.number + 1)
    return f"{source.rpartition('/')[2].partition('.')[0]}-{owned.number:06d}"


def _records(owned: CompanyDevice, at: datetime, apps: frozenset[str], *, gone: bool) -> Iterator[Report]:
    if not owned.source:
        return
    lag = timedelta(days=7) if owned.source == INTUNE else timedelta()
    seen = AppsReport(apps, complete=owned.problem is not DeviceProblem.PARTIAL, at=at, lag=lag)
    yield _record(owned, owned.source, None if owned.problem is DeviceProblem.MISSING else seen, gone=gone)
    if owned.proves and owned.source != ENROLLED and owned.problem is not DeviceProblem.MISSING:
        yield _record(owned, TEST_ISSUER, replace(seen, lag=timedelta()), gone=gone)


def _record(owned: CompanyDevice, source: str, apps: AppsReport | None, *, gone: bool) -> Report:
    own, proven = source == ENROLLED, source in (ENROLLED, TEST_ISSUER)
    contradicts = source == TEST_ISSUER
    other_owner = contradicts and owned.problem is DeviceProblem.OWNER
    other_system = contradicts and owned.problem is DeviceProblem.SYSTEM
    return report_by(
        source,
        own_id(owned, source),
        owner=f"former.{owned.person.login}" if other_owner else owned.person.login,
        kind=owned.make.kind,
        os=("android" if owned.make.os != "android" else "ios") if other_system else owned.make.os,
        os_version="" if other_system else owned.version,
        managed=None if own else True,
        status="none" if own else "affirming",
        apps=apps,
        serial="" if proven else f"DM{owned.number:07d}",
        eas_ids=() if own or owned.make.kind is Kind.LAPTOP else (eas_id(owned),),
        keys=(thumbprint(owned),) if proven else (),
        gone=gone,
    )
