"""Hardware evidence that comes with an enrolment. The facts that the maker of the device confirms become a report of their own.

A serial number that a device claims proves nothing. A serial number that its hardware confirms is a name, with which
the key that enrols and the reports of a device management become one device (``devices/trust.py``).
"""

from collections.abc import Mapping
from datetime import datetime

from mailgate.attest import NonceOrigin, Nonces
from mailgate.attest.errors import EvidenceRefusedError
from mailgate.attest.evidence import read_evidence, verify_evidence
from mailgate.attest.hardware import Expected, Roots
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import HardwareResult, Reason


def hardware_result(
    said: object, believed: Mapping[str, Roots], nonces: Nonces, thumbprint: str, now: datetime
) -> HardwareResult:
    """Verify evidence about the key with this thumbprint. Never raises on input. ``believed`` has the roots by
    format."""
    try:
        evidence = read_evidence(said)
    except EvidenceRefusedError as refusal:
        return HardwareResult("", refused=refusal.reason, detail=refusal.detail)
    if nonces.read(evidence.nonce, now).origin not in (NonceOrigin.SHARED, NonceOrigin.OWN):
        detail = "expected a nonce of this gate from the last minutes"
        return HardwareResult(evidence.format, refused=Reason.EVIDENCE_CHALLENGE_WRONG, detail=detail)
    expected = Expected(evidence.nonce.encode(), thumbprint, now)
    return verify_evidence(evidence, believed, expected)


def report_of_hardware(vouched: HardwareResult, thumbprint: str) -> Report:
    """The report of the maker about the device with this key. It says nothing about apps, so it makes no device clean."""
    return report_by(
        source=vouched.format,
        device_id=thumbprint,
        os=vouched.os,
        os_version=vouched.os_version,
        serial=vouched.serial,
        udid=vouched.udid,
        keys=(thumbprint,),
    )
