"""Evidence by hardware beside an enrolment: what the maker of a device vouches for becomes a record of its own.

A serial number that a device tells of itself is only said; one that its hardware vouches for is a name, by which the
key that enrols and what a device management reports become one device (``devices/trust.py``).
"""

from collections.abc import Mapping
from datetime import datetime

from mailgate.attest import Nonces, Sort
from mailgate.attest.evidence import read_evidence, verify_evidence
from mailgate.attest.hardware import Expected, Roots
from mailgate.attest.refused import RefusedError
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import HardwareResult, Reason


def vouched_for(
    said: object, believed: Mapping[str, Roots], nonces: Nonces, thumbprint: str, now: datetime
) -> HardwareResult:
    """What evidence proves of the key with this thumbprint. Never raises on input. ``believed``: whose, by format."""
    try:
        evidence = read_evidence(said)
    except RefusedError as refusal:
        return HardwareResult("", refused=refusal.reason, detail=refusal.detail)
    if nonces.read(evidence.nonce, now).sort not in (Sort.SHARED, Sort.OWN):
        detail = "expected a nonce that this gate gave out in the last minutes"
        return HardwareResult(evidence.format, refused=Reason.EVIDENCE_CHALLENGE_WRONG, detail=detail)
    expected = Expected(evidence.nonce.encode(), thumbprint, now)
    return verify_evidence(evidence, believed, expected)


def record_of(vouched: HardwareResult, thumbprint: str) -> Report:
    """What the maker says of the device with this key. It knows of no apps, so that it makes no device clean."""
    return report_by(
        source=vouched.format,
        device_id=thumbprint,
        os=vouched.os,
        os_version=vouched.os_version,
        serial=vouched.serial,
        udid=vouched.udid,
        keys=(thumbprint,),
    )
