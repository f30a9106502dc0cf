"""Reads ``KeyDescription``, the extension that an Android device writes about one of its keys, strictly in DER.

The schema comes from source.android.com, "Key and ID attestation": a SEQUENCE of eight. The last two are lists of the
properties that the system and the secure hardware confirm. Of the list of the system only the app that made the key is read
(``attestationApplicationId``): no hardware knows apps. It counts where a locked boot loader started a system of the maker's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat import asn1

OID = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.1.17")

TEE, STRONGBOX = 1, 2
"""Values of ``SecurityLevel``. 0 means software only."""
VERIFIED = 0
"""The ``VerifiedBootState`` of a system that the maker signed. 1 is signed by the owner, 2 by nobody, and 3 wrongly."""
GENERATED = 0
"""The ``origin`` of a key that was made in the hardware and was never outside of it."""

_ENUMERATED = b"\x0a"
_ORIGIN, _ROOT_OF_TRUST, _OS_VERSION, _OS_PATCH = 702, 704, 705, 706
_SERIAL, _MODEL, _VENDOR_PATCH, _BOOT_PATCH = 713, 717, 718, 719
_APPLICATION = 709


class DescriptionError(ValueError):
    """The bytes are no ``KeyDescription``. The message says where they are wrong and repeats none of them."""


@dataclass(frozen=True, slots=True)
class RootOfTrust:
    """The boot loader's statements about itself and about the system that it started."""

    locked: bool
    boot_state: int


@dataclass(frozen=True, slots=True)
class KeyDescription:
    """The values that are read; 0 and empty texts where there are none. ``level`` is the lower level of the attestation's
    and the key's."""

    schema: int
    """``attestationVersion``."""
    level: int
    challenge: bytes
    application: bytes | None
    """``AttestationApplicationId`` in DER, by the system's word; None if it does not tell the app."""
    origin: int | None
    root_of_trust: RootOfTrust | None
    os_version: int
    os_patch: int
    vendor_patch: int
    boot_patch: int
    serial: str
    model: str


@asn1.sequence
class _Description:
    attestation_version: int
    attestation_level: asn1.TLV
    key_version: int
    key_level: asn1.TLV
    challenge: bytes
    unique_id: bytes
    by_software: list[asn1.TLV]
    by_hardware: list[asn1.TLV]


@asn1.sequence
class _RootOfTrust:
    boot_key: bytes
    locked: bool
    boot_state: asn1.TLV
    boot_hash: bytes | None


def read_description(data: bytes) -> KeyDescription:
    """Read a description. Raises DescriptionError for anything but one whole description."""
    try:
        return _read(asn1.decode_der(_Description, data))
    except DescriptionError:
        raise
    except ValueError as error:
        raise DescriptionError("expected a KeyDescription in DER") from error


def _read(read: _Description) -> KeyDescription:
    by_system, told = _tagged(read.by_software), _tagged(read.by_hardware)
    application, root = by_system.get(_APPLICATION), told.get(_ROOT_OF_TRUST)
    return KeyDescription(
        schema=read.attestation_version,
        level=min(_enumerated(read.attestation_level), _enumerated(read.key_level)),
        challenge=read.challenge,
        application=asn1.decode_der(bytes, application) if application is not None else None,
        origin=_whole(told, _ORIGIN) if _ORIGIN in told else None,
        root_of_trust=_root_of_trust(root) if root is not None else None,
        os_version=_whole(told, _OS_VERSION),
        os_patch=_whole(told, _OS_PATCH),
        vendor_patch=_whole(told, _VENDOR_PATCH),
        boot_patch=_whole(told, _BOOT_PATCH),
        serial=_text(told, _SERIAL),
        model=_text(told, _MODEL),
    )


def _tagged(members: Sequence[asn1.TLV]) -> Mapping[int, bytes]:
    """The members of an ``AuthorizationList`` by their number. Unknown members are not read."""
    told: dict[int, bytes] = {}
    for member in members:
        number = _number(bytes(member.tag_bytes))
        if number in told:
            raise DescriptionError(f"expected [{number}] once")
        told[number] = bytes(member.data)
    return told


def _number(tag: bytes) -> int:
    """The number of a context-specific, constructed tag (X.690, section 8.1.2), which is the form of an explicit tag."""
    if tag[0] & 0xE0 != 0xA0:
        raise DescriptionError("expected explicit tags")
    number = 0
    for octet in tag[1:] or [tag[0] & 0x1F]:
        number = number << 7 | octet & 0x7F
    return number


def _root_of_trust(data: bytes) -> RootOfTrust:
    read = asn1.decode_der(_RootOfTrust, data)
    return RootOfTrust(read.locked, _enumerated(read.boot_state))


def _enumerated(value: asn1.TLV) -> int:
    number = int.from_bytes(value.data)
    if value.tag_bytes != _ENUMERATED or len(value.data) != 1 or number > 0x7F:
        raise DescriptionError("expected an ENUMERATED of 0 to 127")
    return number


def _whole(told: Mapping[int, bytes], tag: int) -> int:
    if tag not in told:
        return 0
    number = asn1.decode_der(int, told[tag])
    if not 0 <= number < 2**31:
        raise DescriptionError(f"expected a number in [{tag}]")
    return number


def _text(told: Mapping[int, bytes], tag: int) -> str:
    if tag not in told:
        return ""
    text = asn1.decode_der(bytes, told[tag]).decode("utf-8")
    if not text.isprintable() or len(text) > 64:
        raise DescriptionError(f"expected a text in [{tag}]")
    return text
