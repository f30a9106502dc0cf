"""What is proved of a device: by attestations (RFC 9334), by certificates, and by its hardware."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailgate.model.client import Kind
from mailgate.model.device import AppsReport
from mailgate.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class AttestationResult:
    """What the verifier makes of signed evidence (RFC 9334): a device that proved its key, or why not.

    Exactly one of ``device_id`` and ``refused`` is set. A refused attestation is worth no more than none.
    """

    device_id: str = ""
    issuer: str = ""
    key_thumbprint: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    user: str = ""
    eas_ids: tuple[str, ...] = ()
    apps: AppsReport | None = None
    status: str = "none"
    """EAR tier: ``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    expires: datetime | None = None
    self_reported: bool = False
    """The device said so of itself, and a gate signed it: only the key is proved."""
    refused: Reason | None = None
    detail: str = ""
    clock_off: timedelta | None = None
    """How far the device's clock is ahead, where its own key has signed a proof of another time than now."""


@dataclass(frozen=True, slots=True)
class CertificateResult:
    """What a TLS client certificate proves: a key that a configured authority signed, or why it counts for nothing.

    Exactly one of ``thumbprint`` and ``refused`` is set. A refused certificate is worth no more than none.
    """

    thumbprint: str = ""
    """base64url of the SHA-256 of the DER certificate (``x5t#S256``, RFC 8705, section 3.1)."""
    names: tuple[tuple[str, str], ...] = ()
    """What it calls the device: pairs of the kind of a name (``serial``, ``udid``, ``mdm``, ``eas``) and the name."""
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    """As presented, DER, the leaf first: so that it can be checked again."""
    refused: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HardwareResult:
    """What the maker of a device vouches for by its hardware, or why it counts for nothing.

    Exactly one of ``hardware`` and ``refused`` is set. It says nothing about the apps on the device.
    """

    format: str
    hardware: str = ""
    """Where the key lives: ``tee``, ``strongbox`` or ``secure-enclave``."""
    os: str = ""
    os_version: str = ""
    patch_level: str = ""
    """Of the system, as ``2026-11``; empty where it is not told."""
    serial: str = ""
    udid: str = ""
    claims: tuple[tuple[str, str], ...] = ()
    """Whatever else is told: pairs of name and value."""
    refused: Reason | None = None
    detail: str = ""
