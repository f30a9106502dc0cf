"""The results of attestations (RFC 9334), certificates and hardware evidence of a device."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from mailgate.model.client import Kind
from mailgate.model.device import AppsReport, Enrolment
from mailgate.model.reasons import Reason

THUMBPRINT = r"[A-Za-z0-9_-]{43}"
"""The form of a key's RFC 7638 thumbprint with SHA-256."""
MAX_CERTIFICATES = 6
"""The most certificates of a chain: the leaf and the authorities above it."""


class ExtensionWord(NamedTuple):
    """What the company's extension says of its browser and computer. Nobody vouches for any of it: whoever holds the key can make
    it up."""

    version: str = ""
    install_type: str = "other"
    """How it was installed: ``admin``, ``normal``, ``sideload``, ``development`` or ``other``."""
    managed: bool = False
    """Whether a policy of the browser sets it up."""
    browser: str = ""
    browser_version: str = ""
    """The whole version, which user agents cut short; empty if the browser does not tell it."""
    os_version: str = ""
    """The true version of the system; empty if the browser always names the same one."""
    disk_encrypted: bool | None = None
    """What a helper on the computer says; None if there is none, or it could not tell. The same holds for the next two."""
    screen_lock: bool | None = None
    firewall: bool | None = None


@dataclass(frozen=True, slots=True)
class AttestationResult:
    """The verifier's result for signed evidence (RFC 9334): a device that proved its key, or the reason why not. Exactly one of
    ``device_id`` and ``refused`` is set. A refused one is worth no more than none."""

    device_id: str = ""
    issuer: str = ""
    key_thumbprint: str = ""
    kind: Kind | None = None
    os: str = ""
    os_version: str = ""
    managed: bool | None = None
    enrolment: Enrolment = Enrolment.UNKNOWN
    user: str = ""
    eas_ids: tuple[str, ...] = ()
    apps: AppsReport | None = None
    status: str = "none"
    """EAR tier: ``affirming``, ``warning``, ``contraindicated`` or ``none``."""
    expires: datetime | None = None
    self_reported: bool = False
    """Whether the device described itself and a gate only signed that. Then only the key is proved."""
    extension: ExtensionWord | None = None
    """What its extension says, if it is a browser that has one."""
    refused: Reason | None = None
    detail: str = ""
    clock_off: timedelta | None = None
    """How far the device's clock is ahead, if its own key signed a proof with another time than now; otherwise None."""


@dataclass(frozen=True, slots=True)
class CertificateResult:
    """The proof in a TLS client certificate: a key that a configured authority signed, or the reason why it is refused. Exactly
    one of ``thumbprint`` and ``refused`` is set. A refused one is worth no more than none."""

    thumbprint: str = ""
    """base64url of the SHA-256 of the DER certificate (``x5t#S256``, RFC 8705, section 3.1)."""
    names: tuple[tuple[str, str], ...] = ()
    """The names of the device: pairs of a kind (``serial``, ``udid``, ``mdm``, ``eas``) and a name."""
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    """The chain as it was presented, in DER, the leaf first. It is kept so that it can be checked again."""
    persons: tuple[str, ...] = field(default=(), repr=False)
    """The logins of the person for whom it was issued, if the settings say where they stand in it."""
    refused: Reason | None = None
    detail: str = ""
    expires: datetime | None = None
    """When the certificate, one above it or the revocation list expires; None if it is refused."""


Evidence = TypeVar("Evidence", AttestationResult, CertificateResult)


def accepted(offered: Evidence | None) -> Evidence | None:
    """Evidence that was offered, if it was accepted."""
    return offered if offered is not None and offered.refused is None else None


@dataclass(frozen=True, slots=True)
class AttestedApp:
    """The app that holds a key, as the maker of its device confirms it. The key speaks for this app alone."""

    format: str
    name: str
    """The Android package, or the team and bundle id of an iOS app, like ``ABCDE12345.com.example.reporter``."""
    signers: tuple[str, ...] = ()
    """The SHA-256 of the certificates that signed the package, in hex, sorted. An iOS app has none."""
    version: int = 0
    """The version code of the package at that time. Android lets no older one follow it."""
    schema: int = 0
    """The version of Android's attestation format."""
    patch: int = 0
    """The patch level of the system, like 202611; 0 if it is not told."""
    serials: tuple[str, ...] = ()
    """The serial numbers of the certificates above the key, in hex: they may be revoked later."""
    environment: str = ""
    """The environment of App Attest: ``production`` or ``development``."""
    key: str = ""
    """The public key with which an iOS app signs each report, in base64 of DER. An Android app signs with the key itself."""


@dataclass(frozen=True, slots=True)
class VerifiedLogin:
    """What the token of a login says that a trusted proxy passes on, verified by the gate. Of a ``refused`` one only that it
    came is known: it may name any device."""

    person: str
    device: str
    """The id of the device in the company's directory on which the login was made; empty if the token names none."""
    expires: datetime
    refused: bool = False
    """Whether it is not believed, or no longer."""


@dataclass(frozen=True, slots=True)
class HardwareResult:
    """The facts that a device's maker confirms by its hardware, or why the evidence is refused: exactly one of ``hardware`` and
    ``refused`` is set. It says nothing about apps."""

    format: str
    hardware: str = ""
    """The place of the key: ``tee``, ``strongbox`` or ``secure-enclave``."""
    os: str = ""
    os_version: str = ""
    patch_level: str = ""
    """The patch level of the system, like ``2026-11``; empty if the evidence does not have it."""
    serial: str = ""
    udid: str = ""
    claims: tuple[tuple[str, str], ...] = ()
    """The other claims of the evidence, as pairs of name and value."""
    app: AttestedApp | None = None
    """The app that holds the key; None if nobody asked for it."""
    refused: Reason | None = None
    detail: str = ""
