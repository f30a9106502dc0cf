"""Reads which certificates were revoked, from revocation lists (RFC 5280, section 5) and a list of serial numbers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from mailgate.attest.certificates import key_of

MAX_LISTS = 100
_PEM = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_SERIAL = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*|[0-9A-Fa-f]{1,40}", re.ASCII)

Issuer: TypeAlias = bytes
"""An authority's key (``chain.key_of``). Two authorities with one name, as after a change of keys, have separate lists."""


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
        return min(
            (each.next_update for each in self.lists.values() if each.next_update <= now), default=None
        )

    @property
    def next_update(self) -> datetime | None:
        """When the first list becomes stale; None if there are no lists."""
        return min((each.next_update for each in self.lists.values()), default=None)


def read_lists(data: bytes, authorities: Sequence[x509.Certificate]) -> dict[Issuer, RevocationList]:
    """Read the lists in a PEM or DER file. Each must be signed by one of the authorities. The newest list of an issuer counts.

    :raises RevocationError: for a list that is malformed, partial, or not signed by an authority that may.
    """
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
    """Read serial numbers in hex, one on each line, with or without colons, as openssl prints them. ``#`` begins a comment.

    :raises RevocationError: with the number of the first line that holds no serial number.
    """
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
