"""Verifies Apple Managed Device Attestation: a chain of certificates in which Apple states what it knows about a device.

A device management gets it by ``DeviceInformation`` (``DevicePropertiesAttestation``), and a device by ACME
(``device-attest-01``). Source: apple/device-management, ``mdm/commands/information.device.yaml``. Steps 1 to 5 are those
of `hardware`, and then these follow. The first that fails decides:

6. There is a freshness code.
7. It belongs to the gate's challenge: it is the challenge itself, its SHA-256 (as in ACME), or the SHA-256 of the challenge, a
   full stop and the thumbprint of the key that enrols.
8. The leaf's key is the key that enrols, or the freshness code names that key: ``DeviceInformation`` attests a key that
   never leaves the device's own system.
9. The properties can be read. On a Mac, System Integrity Protection is on and secure boot is full.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1

from mailgate.attest import Refused
from mailgate.attest.hardware import ExpectedEvidence, Roots, thumbprint_of, values_of
from mailgate.model import HardwareResult, Reason

FORMAT = "apple-device"

_ARC = "1.2.840.113635.100.8."
_SERIAL, _UDID, _FRESHNESS = f"{_ARC}9.1", f"{_ARC}9.2", f"{_ARC}11.1"
_OS_VERSION, _SIP, _SECURE_BOOT = f"{_ARC}10.1", f"{_ARC}13.1", f"{_ARC}13.2"
_ALONGSIDE = {
    f"{_ARC}9.4": "software_update_id",
    f"{_ARC}10.2": "sepos_version",
    f"{_ARC}10.3": "llb_version",
    f"{_ARC}13.3": "kernel_extensions",
}
_PROPERTIES = [
    x509.ObjectIdentifier(oid)
    for oid in (_SERIAL, _UDID, _FRESHNESS, _OS_VERSION, _SIP, _SECURE_BOOT, *_ALONGSIDE)
]
_LONGEST = 128


def verify_apple_device(chain: Sequence[bytes], roots: Roots, expected: ExpectedEvidence) -> HardwareResult:
    """Verify a chain, and return what it proves. Certificates are in DER, the leaf first. Raises `Refused`."""
    # 1. to 5.
    leaf = roots.verified(chain, expected.now)[0]
    told = values_of(leaf, _PROPERTIES)
    # 6. to 8. About this enrolment.
    _check_binding(told, thumbprint_of(leaf), expected)
    # 9. Apple's properties of the device.
    properties = {oid: _read(value) for oid, value in told.items() if oid != _FRESHNESS}
    _check_mac(properties)
    return HardwareResult(
        FORMAT,
        hardware="secure-enclave",
        os="macos" if _SIP in properties else "",
        os_version=properties.get(_OS_VERSION, ""),
        serial=properties.get(_SERIAL, ""),
        udid=properties.get(_UDID, ""),
        claims=tuple((name, properties[oid]) for oid, name in _ALONGSIDE.items() if properties.get(oid)),
    )


def _check_binding(told: Mapping[str, bytes], leaf: str, expected: ExpectedEvidence) -> None:
    if _FRESHNESS not in told:
        raise Refused(Reason.EVIDENCE_EXTENSION_MISSING, f"expected the extension {_FRESHNESS}")
    code, challenge = told[_FRESHNESS], expected.challenge
    bound = sha256(challenge + b"." + expected.thumbprint.encode()).digest()
    if not any(_is(code, of) for of in (challenge, sha256(challenge).digest(), bound)):
        raise Refused(
            Reason.EVIDENCE_CHALLENGE_WRONG, "the freshness code was not made from the gate's nonce"
        )
    if leaf != expected.thumbprint and not _is(code, bound):
        raise Refused(Reason.EVIDENCE_KEY_MISMATCH, "neither the leaf nor the freshness code has the key")


def _is(code: bytes, wanted: bytes) -> bool:
    """Whether the code is these bytes, bare or as an OCTET STRING."""
    return code in (wanted, bytes([0x04, len(wanted)]) + wanted)


def _read(value: bytes) -> str:
    """A property as text. Apple writes most properties bare and some as a DER value, and no text begins like a DER value."""
    kind = _DER_TEXTS.get(value[:1])
    text = _der(kind, value) if kind else value.decode("utf-8")
    if not text.isprintable() or len(text) > _LONGEST:
        raise Refused(Reason.EVIDENCE_MALFORMED, "expected the properties as texts or numbers")
    return text


_DER_TEXTS: Mapping[bytes, type] = {
    b"\x01": bool,
    b"\x02": int,
    b"\x0c": str,
    b"\x13": asn1.PrintableString,
    b"\x16": asn1.IA5String,
}


def _der(kind: type, value: bytes) -> str:
    read: Any = asn1.decode_der(kind, value)
    if isinstance(read, int):
        return str(int(read))  # true and false as 1 and 0
    return read if isinstance(read, str) else str(read.as_str())


def _check_mac(properties: Mapping[str, str]) -> None:
    """Check the properties that only a Mac has. A status of 0 means on, and secure boot is a word."""
    if properties.get(_SIP, "0") != "0":
        raise Refused(Reason.EVIDENCE_INTEGRITY_OFF, "System Integrity Protection is off")
    if properties.get(_SECURE_BOOT, "Full Security") != "Full Security":
        raise Refused(Reason.EVIDENCE_BOOT_UNVERIFIED, "secure boot is not full")
