"""The common part of all formats of hardware evidence: the expectations, the trusted roots, and the first steps.

1. The certificates are short enough to be read.
2. They are X.509 certificates.
3. Each of them except the root is in its time.
4. Each is signed by the next, up to one of the roots. All of them are needed, in this order.
5. None of them was revoked.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import Store, VerificationError
from joserfc.jwk import ECKey, OKPKey

from mailgate.attest import Refused
from mailgate.attest.certificates import path_to, read_certificate, too_long
from mailgate.model import AttestedApp, Reason


@dataclass(frozen=True, slots=True)
class ExpectedEvidence:
    """The expectations for evidence: the gate's own nonce, the key that enrols, and maybe the app that holds it."""

    challenge: bytes
    thumbprint: str
    """The thumbprint of the key (RFC 7638, SHA-256), as a proof names it."""
    now: datetime
    app: "ExpectedApp | None" = None
    """The app that must hold the key; None if any may."""
    integrity: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedApp:
    """An app that may answer for its device, as the settings have it. Each system has its own."""

    name: str

    def check(self, app: AttestedApp, now: datetime) -> None:
        """Raises `Refused` for an app that does not count, or no longer."""
        raise NotImplementedError


@dataclass(frozen=True)
class Roots:
    """The trusted roots of one format. ``revoked`` has serial numbers."""

    certificates: Sequence[x509.Certificate]
    revoked: frozenset[int] = frozenset()

    @cached_property
    def _store(self) -> Store:
        return Store(list(self.certificates))

    def verified(self, chain: Sequence[bytes], now: datetime) -> list[x509.Certificate]:
        """Do steps 1 to 5. Returns the certificates as presented, the leaf first. Raises `Refused`."""
        # 1. Short enough.
        if expected := too_long(chain):
            raise Refused(Reason.EVIDENCE_OVERSIZE, expected)
        # 2. Certificates.
        presented = [_parsed(each) for each in chain]
        if not presented:
            raise Refused(Reason.EVIDENCE_MALFORMED, "expected certificates")
        below = presented[:-1] if self._is_root(presented[-1]) else presented
        # 3. Their time.
        _check_time(below, now)
        # 4. A path to a root.
        self._check_path(below, now)
        # 5. None of them was revoked, including the root.
        self.check_serials(serials_of(presented))
        return presented

    def check_serials(self, serials: Iterable[str]) -> None:
        """Do step 5 again for these serial numbers in hex. Raises `Refused`."""
        if any(int(each, 16) in self.revoked for each in serials):
            raise Refused(Reason.EVIDENCE_REVOKED, "a certificate of the chain was revoked")

    def _is_root(self, certificate: x509.Certificate) -> bool:
        """Whether the certificate has the name and the key of a root. The maker may have signed the same root again."""
        return any(
            root.subject == certificate.subject and root.public_key() == certificate.public_key()
            for root in self.certificates
        )

    def _check_path(self, below: Sequence[x509.Certificate], now: datetime) -> None:
        try:
            path = path_to(self._store, below, now)[:-1] if below else None
        except VerificationError:
            path = None
        if path != list(below):
            raise Refused(Reason.EVIDENCE_UNTRUSTED, "expected certificates in order, up to one of the roots")


def _check_time(below: Sequence[x509.Certificate], now: datetime) -> None:
    if any(now < each.not_valid_before_utc for each in below):
        raise Refused(Reason.EVIDENCE_NOT_YET_VALID, "a notBefore is in the future")
    if any(now > each.not_valid_after_utc for each in below):
        raise Refused(Reason.EVIDENCE_EXPIRED, "a notAfter has passed")


def _parsed(der: bytes) -> x509.Certificate:
    try:
        certificate = read_certificate(der)
        # the library parses extensions only when they are read, and their errors are needed here
        _ = certificate.extensions
    except ValueError:
        raise Refused(Reason.EVIDENCE_MALFORMED, "expected X.509 certificates in DER") from None
    return certificate


def serials_of(chain: Iterable[x509.Certificate]) -> tuple[str, ...]:
    """The serial numbers in hex, as lists of revoked keys have them."""
    return tuple(f"{each.serial_number:x}" for each in chain)


def thumbprint_of(certificate: x509.Certificate) -> str:
    """The RFC 7638 thumbprint of the certificate's key; empty for a key that no proof can have."""
    key = certificate.public_key()
    kind = next((kind for family, kind in _KINDS.items() if isinstance(key, family)), None)
    if kind is None:
        return ""
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(kind.import_key(pem).thumbprint())


_KINDS: dict[type, type[ECKey] | type[OKPKey]] = {
    ec.EllipticCurvePublicKey: ECKey,
    ed25519.Ed25519PublicKey: OKPKey,
}


def values_of(certificate: x509.Certificate, oids: Iterable[x509.ObjectIdentifier]) -> dict[str, bytes]:
    """The raw values of these extensions by dotted name, without missing ones."""
    wanted = set(oids)
    return {
        extension.oid.dotted_string: extension.value.public_bytes()
        for extension in certificate.extensions
        if extension.oid in wanted
    }


class StatusError(ValueError):
    """A list of revoked keys that cannot be read. The message says what is expected."""


def read_status(text: str) -> frozenset[int]:
    """The revoked serial numbers, in hex in ``entries`` of Android's attestation status list. ``SUSPENDED`` counts like ``REVOKED``: while it
    lasts, the key must not be believed. Raises StatusError for anything else, so that a broken list never counts as an empty one."""
    try:
        entries = json.loads(text)["entries"]
        serials = frozenset(int(serial, 16) for serial in entries)
        known = {entry["status"] for entry in entries.values()} <= {"REVOKED", "SUSPENDED"}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StatusError('use {"entries": {"SERIAL IN HEX": {"status": "REVOKED"}}}') from error
    if not known:
        raise StatusError("use REVOKED or SUSPENDED as status")
    return serials
