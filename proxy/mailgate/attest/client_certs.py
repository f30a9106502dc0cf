"""Verifies TLS client certificates, from the certificates of a handshake to a `CertificateResult`, in numbered steps.

TLS, here or at a trusted proxy, has proved that the sender holds the key. This file decides whether the certificate counts. It
does so in the same way for both and at every request, since a connection may be older than a revocation. The steps are tried
in order, and the first that fails decides:

1. The certificates are short enough to be read.
2. They are X.509 certificates. Certificates that were verified before and are still in their time go on at 6.
3. The leaf is for client authentication, if it says what it is for, and it is no authority.
4. A chain leads to one of the authorities: signatures, basic constraints, path length, no unknown critical
   extension (RFC 5280, section 6, by the cryptography library).
5. The leaf and every other certificate in that chain are in their time. The leaf's time is checked before step 4, so that an
   expired leaf has its own reason.
6. None of them was revoked, and the revocation of the leaf is known.
"""

import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import TypeAlias

from cachetools import LRUCache
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Store, VerificationError

from mailgate.attest import Refused
from mailgate.attest.certificates import (
    PERSON,
    NamePattern,
    key_of,
    names_of,
    path_to,
    read_certificate,
    too_long,
)
from mailgate.attest.jose import base64url
from mailgate.model import CertificateResult, Reason

MAX_LISTS = 100
_PEM = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_SERIAL = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*|[0-9A-Fa-f]{1,40}", re.ASCII)

Issuer: TypeAlias = bytes
"""An authority's key (``key_of``). Two authorities with one name, as after a change of keys, have separate lists."""


class RevocationError(ValueError):
    """A file cannot be used for revocation. The message says what is wrong and what is expected."""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """The certificates that one authority has revoked, by its newest list."""

    serials: frozenset[int]
    next_update: datetime
    """When the list becomes stale. The authority publishes a newer list by then."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Everything that is known about revocation. If there is no list at all, no certificate needs one."""

    lists: Mapping[Issuer, RevocationList] = field(default_factory=dict)
    serials: frozenset[int] = frozenset()
    """Serial numbers that are revoked for every issuer."""
    accepts_stale: bool = False
    """Whether a stale list is still used. If not, no certificate that it covers is accepted."""

    def revoked(self, issuer: Issuer, serial: int) -> bool:
        """Whether a certificate was revoked. A stale list revokes like a fresh one."""
        listed = self.lists.get(issuer)
        return serial in self.serials or (listed is not None and serial in listed.serials)

    def unknown(self, issuer: Issuer, now: datetime) -> str:
        """Why the revocation of this issuer's certificates is unknown; empty if it is known."""
        if not self.lists:
            return ""
        listed = self.lists.get(issuer)
        if listed is None:
            return "there is no revocation list of its issuer"
        stale = now >= listed.next_update and not self.accepts_stale
        return "the revocation list of its issuer is stale" if stale else ""

    def known_until(self, issuer: Issuer) -> datetime | None:
        """When the revocation of this issuer's certificates becomes unknown; None if it does not."""
        listed = self.lists.get(issuer)
        return listed.next_update if listed is not None and not self.accepts_stale else None

    def stale_since(self, now: datetime) -> datetime | None:
        """When the first of the stale lists became stale; None if no list is stale."""
        return self.next_update if self.next_update and self.next_update <= now else None

    @property
    def next_update(self) -> datetime | None:
        """When the first list becomes stale; None if there are no lists."""
        return min((each.next_update for each in self.lists.values()), default=None)


def read_lists(data: bytes, authorities: Sequence[x509.Certificate]) -> dict[Issuer, RevocationList]:
    """Read the lists in a PEM or DER file. The newest list of an issuer counts. Raises RevocationError for one that is malformed, partial, or
    not signed by an authority that may."""
    found: dict[Issuer, tuple[datetime, RevocationList]] = {}
    for number, crl in enumerate(_parsed(data), 1):
        try:
            issuer = _issuer(crl, authorities)
            made, listed = _checked(crl)
        except RevocationError as error:
            raise RevocationError(f"list {number}: {error}") from error
        if issuer not in found or found[issuer][0] < made:
            found[issuer] = made, listed
    return {issuer: listed for issuer, (_, listed) in found.items()}


def _parsed(data: bytes) -> list[x509.CertificateRevocationList]:
    try:
        if data[:1] == b"\x30":
            return [x509.load_der_x509_crl(data)]
        found = [x509.load_pem_x509_crl(block) for block in _PEM.findall(data)]
    except ValueError as error:
        raise RevocationError(
            "cannot be read as a certificate revocation list; expected PEM or DER"
        ) from error
    if not found or len(found) > MAX_LISTS:
        raise RevocationError(
            f"no certificate revocation list, or more than {MAX_LISTS}; expected PEM or DER"
        )
    return found


def _issuer(crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]) -> Issuer:
    for authority in authorities:
        with suppress(TypeError, ValueError, UnsupportedAlgorithm):  # a key that cannot sign lists
            if crl.issuer == authority.subject and crl.is_signature_valid(authority.public_key()):  # type: ignore[arg-type]
                return key_of(authority)
    raise RevocationError("signed by none of the authorities; expected one of those in their file")


def _checked(crl: x509.CertificateRevocationList) -> tuple[datetime, RevocationList]:
    if crl.next_update_utc is None:
        raise RevocationError("no nextUpdate; RFC 5280, section 5.1.2.5, expects one")
    try:
        partial = [extension for extension in crl.extensions if extension.critical]
    except ValueError as error:
        raise RevocationError("an extension that cannot be read") from error
    if partial:
        # a delta, a list for some reasons, or one about other issuers (RFC 5280, sections 5.2.4 and 5.2.5)
        raise RevocationError("a partial list; expected the full list of its issuer's own certificates")
    return crl.last_update_utc, RevocationList(
        frozenset(each.serial_number for each in crl), crl.next_update_utc
    )


def read_serials(lines: Iterable[str]) -> frozenset[int]:
    """Read serial numbers in hex, one a line, as openssl prints them. ``#`` begins a comment. Raises RevocationError."""
    serials = set()
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if text and not _SERIAL.fullmatch(text):
            raise RevocationError(
                f"line {number} is no serial number; expected hex digits, like 0A3F or 0A:3F"
            )
        if text:
            serials.add(int(text.replace(":", ""), 16))
    return frozenset(serials)


MAX_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Verified:
    """Certificates with a good chain. Time and revocation are checked at every use."""

    result: CertificateResult
    not_before: datetime
    not_after: datetime
    signed: tuple[tuple[bytes, int], ...]
    """The issuer's key and the serial number of every certificate in the chain except the authority, the leaf's first."""


class CertificateVerifier:
    """Checks client certificates against fixed authorities. A new one is built when any of its files changes.

    It keeps at most ``MAX_REMEMBERED`` verified chains by their SHA-256. Only one thread may use it at a time.
    """

    def __init__(
        self,
        authorities: Sequence[x509.Certificate],
        *,
        matches: Sequence[NamePattern] = (),
        revocation: Revocation | None = None,
        person: Callable[[str], str] = str,
    ) -> None:
        """``person`` returns the person of a login (``policy/people.py``)."""
        self.revocation = revocation or Revocation()
        self._store = Store(list(authorities))
        self._matches = tuple(matches)
        self._person = person
        self._verified: MutableMapping[bytes, _Verified] = LRUCache(MAX_REMEMBERED)

    def verify(self, chain: Sequence[bytes], now: datetime) -> CertificateResult:
        """Verify certificates, and return what they prove. They are in DER, the leaf first. Never raises on input."""
        try:
            return self._verify(chain, now)
        except Refused as refusal:
            return CertificateResult(refused=refusal.reason, detail=refusal.detail)
        except Exception as error:  # noqa: BLE001 - any error of a parser is a fault of the input
            detail = f"cannot be read ({type(error).__name__})"
            return CertificateResult(refused=Reason.CERTIFICATE_MALFORMED, detail=detail)

    def recheck(self, before: CertificateResult, now: datetime) -> CertificateResult:
        """Check the same certificates again by what is known now. A refused certificate stays refused."""
        return before if before.refused else self.verify(before.chain, now)

    def _verify(self, chain: Sequence[bytes], now: datetime) -> CertificateResult:
        # 1. Short enough.
        if expected := too_long(chain):
            raise Refused(Reason.CERTIFICATE_OVERSIZE, expected)
        # 2. Certificates. Verified ones have passed everything up to 4.
        digest = sha256(b"".join(sha256(each).digest() for each in chain)).digest()
        verified = self._verified.get(digest)
        if verified is None or not verified.not_before <= now <= verified.not_after:
            # 3. to 5.
            verified = self._chain(chain, now)
            self._verified[digest] = verified
        # 6. Revocation is checked at every use.
        self._check_revocation(verified, now)
        ends = (verified.not_after, self.revocation.known_until(verified.signed[0][0]))
        return replace(verified.result, expires=min(end for end in ends if end))

    def _chain(self, chain: Sequence[bytes], now: datetime) -> _Verified:
        presented = [read_certificate(each) for each in chain]
        leaf, *_ = presented
        # 3. The leaf is for clients and no authority.
        _check_purpose(leaf)
        # 5. The validity of the leaf has its own reason.
        _check_time(leaf, now)
        # 4. A chain to an authority, and the time of each certificate in it.
        try:
            found = path_to(self._store, presented, now)
        except VerificationError as error:
            raise Refused(
                Reason.CERTIFICATE_UNTRUSTED, "expected a chain to one of the authorities"
            ) from error
        thumbprint = base64url(sha256(chain[0]).digest())
        named = names_of(leaf, self._matches)
        names = tuple(each for each in named if each[0] != PERSON)
        persons = tuple(self._person(login) for kind, login in named if kind == PERSON)
        return _Verified(
            CertificateResult(thumbprint, names, tuple(chain), persons),
            max(each.not_valid_before_utc for each in found),
            min(each.not_valid_after_utc for each in found),
            tuple(
                (key_of(above), each.serial_number)
                for each, above in zip(found, found[1:] or found, strict=False)
            ),
        )

    def _check_revocation(self, verified: _Verified, now: datetime) -> None:
        if any(self.revocation.revoked(*each) for each in verified.signed):
            raise Refused(Reason.CERTIFICATE_REVOKED, "it or an authority above it was revoked")
        unknown = self.revocation.unknown(verified.signed[0][0], now)
        if unknown:
            raise Refused(Reason.CERTIFICATE_REVOCATION_UNKNOWN, unknown)


def _check_purpose(leaf: x509.Certificate) -> None:
    extensions = leaf.extensions
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise Refused(Reason.CERTIFICATE_PURPOSE_WRONG, "it is an authority's: expected a device's")
        if isinstance(value, x509.ExtendedKeyUsage) and _CLIENT.isdisjoint(value):
            raise Refused(Reason.CERTIFICATE_PURPOSE_WRONG, "expected one for client authentication")
        if isinstance(value, x509.KeyUsage) and not value.digital_signature:
            raise Refused(Reason.CERTIFICATE_PURPOSE_WRONG, "expected a key that may sign")


_CLIENT = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


def _check_time(leaf: x509.Certificate, now: datetime) -> None:
    """Both ends are included (RFC 5280, section 4.1.2.5). No leeway is needed: no certificate is used in its first minute."""
    if now < leaf.not_valid_before_utc:
        raise Refused(Reason.CERTIFICATE_NOT_YET_VALID, "notBefore is in the future")
    if now > leaf.not_valid_after_utc:
        raise Refused(Reason.CERTIFICATE_EXPIRED, "notAfter has passed")
