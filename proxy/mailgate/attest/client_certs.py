"""TLS client certificates: from the certificates of a handshake to a `CertificateResult`, in numbered steps.

TLS, here or at a trusted proxy, has proved that the sender holds the key. Whether the certificate says anything is
decided here, the same for both, and at every request: the connection may be older than what is known by now. In order,
the first that fails decides:

1. The certificates are short enough to be looked at.
2. They are X.509 certificates. Those that were verified before, and whose time it still is, go on at 6.
3. The leaf is for client authentication, where it says what it is for, and is no authority.
4. A chain leads to one of the authorities: signatures, basic constraints, path length, no unknown critical
   extension (RFC 5280, section 6, by the cryptography library).
5. It is the time of the leaf, and of every other certificate in that chain.
6. None of them was revoked, and of the leaf that can be told.
"""

from base64 import urlsafe_b64encode
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import pairwise

from cachetools import LRUCache
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Store, VerificationError

from mailgate.attest.cert_names import Match, names_of
from mailgate.attest.chain import key_of, path_to, read_certificate, too_long
from mailgate.attest.refused import RefusedError
from mailgate.attest.revocation import Revocation
from mailgate.model import CertificateResult, Reason


@dataclass(frozen=True, slots=True)
class _Verified:
    """Certificates whose chain is good. Time and revocation are asked at every use."""

    result: CertificateResult
    not_before: datetime
    not_after: datetime
    signed: tuple[tuple[bytes, int], ...]
    """Issuer's key and serial number of every certificate in the chain but the authority, the leaf's first."""


class CertificateVerifier:
    """Checks client certificates against fixed authorities. Built anew when any of its files changes.

    Chains that were verified are kept by their SHA-256, ``cache_size`` at most. For one thread at a time.
    """

    def __init__(
        self,
        authorities: Sequence[x509.Certificate],
        *,
        matches: Sequence[Match] = (),
        revocation: Revocation | None = None,
        cache_size: int = 10_000,
    ) -> None:
        self.revocation = revocation or Revocation()
        self._store = Store(list(authorities))
        self._matches = tuple(matches)
        self._verified: MutableMapping[bytes, _Verified] = LRUCache(cache_size)

    def verify(self, chain: Sequence[bytes], now: datetime) -> CertificateResult:
        """What the certificates prove, DER, the leaf first. Never raises on input."""
        try:
            return self._verify(chain, now)
        except RefusedError as refusal:
            return CertificateResult(refused=refusal.reason, detail=refusal.detail)
        except Exception as error:  # noqa: BLE001 - whatever a parser trips over is the input's fault
            detail = f"cannot be read ({type(error).__name__})"
            return CertificateResult(refused=Reason.CERTIFICATE_MALFORMED, detail=detail)

    def again(self, before: CertificateResult, now: datetime) -> CertificateResult:
        """The same certificates by what is known now. What was refused stays so."""
        return before if before.refused else self.verify(before.chain, now)

    def _verify(self, chain: Sequence[bytes], now: datetime) -> CertificateResult:
        # 1. Short enough.
        if expected := too_long(chain):
            raise RefusedError(Reason.CERTIFICATE_OVERSIZE, expected)
        # 2. Certificates; those that were verified stand for everything up to 4.
        digest = sha256(b"".join(sha256(each).digest() for each in chain)).digest()
        verified = self._verified.get(digest)
        if verified is None or not verified.not_before <= now <= verified.not_after:
            # 3. to 5.
            verified = self._chain(chain, now)
            self._verified[digest] = verified
        # 6. Asked anew at every use.
        self._check_revocation(verified, now)
        return verified.result

    def _chain(self, chain: Sequence[bytes], now: datetime) -> _Verified:
        leaf, *intermediates = [read_certificate(each) for each in chain]
        # 3. For clients, and no authority.
        _check_purpose(leaf)
        # 5. The leaf's own time, which deserves a reason of its own.
        _check_time(leaf, now)
        # 4. A chain to an authority, and the time of each certificate in it.
        try:
            found = path_to(self._store, leaf, intermediates, now)
        except VerificationError as error:
            raise RefusedError(
                Reason.CERTIFICATE_UNTRUSTED, "expected a chain to one of the authorities"
            ) from error
        thumbprint = urlsafe_b64encode(sha256(chain[0]).digest()).rstrip(b"=").decode()
        return _Verified(
            CertificateResult(thumbprint, names_of(leaf, self._matches), tuple(chain)),
            max(each.not_valid_before_utc for each in found),
            min(each.not_valid_after_utc for each in found),
            tuple(
                (key_of(above), each.serial_number)
                for each, above in pairwise([*found, found[0]] if len(found) == 1 else found)
            ),
        )

    def _check_revocation(self, verified: _Verified, now: datetime) -> None:
        if any(self.revocation.revoked(*each) for each in verified.signed):
            raise RefusedError(Reason.CERTIFICATE_REVOKED, "it or an authority above it was revoked")
        unknown = self.revocation.unknown(verified.signed[0][0], now)
        if unknown:
            raise RefusedError(Reason.CERTIFICATE_REVOCATION_UNKNOWN, unknown)


def _check_purpose(leaf: x509.Certificate) -> None:
    extensions = leaf.extensions
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise RefusedError(Reason.CERTIFICATE_PURPOSE_WRONG, "it is an authority's: expected a device's")
        if isinstance(value, x509.ExtendedKeyUsage) and _CLIENT.isdisjoint(value):
            raise RefusedError(Reason.CERTIFICATE_PURPOSE_WRONG, "expected one for client authentication")
        if isinstance(value, x509.KeyUsage) and not value.digital_signature:
            raise RefusedError(Reason.CERTIFICATE_PURPOSE_WRONG, "expected a key that may sign")


_CLIENT = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


def _check_time(leaf: x509.Certificate, now: datetime) -> None:
    """RFC 5280, section 4.1.2.5: both ends belong to the time. No leeway: nothing here was made this minute."""
    if now < leaf.not_valid_before_utc:
        raise RefusedError(Reason.CERTIFICATE_NOT_YET_VALID, "notBefore is in the future")
    if now > leaf.not_valid_after_utc:
        raise RefusedError(Reason.CERTIFICATE_EXPIRED, "notAfter has passed")
