"""Read the facts of a request: what is believed, and what was dropped on the way in."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from mailgate.gateway.http1.fields import LINES, LONGEST_LINE, Field, once
from mailgate.gateway.http1.grammar import values
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.trust import Network, Origin, forgeable, origin_of
from mailgate.model import CertificateResult, RequestFacts
from mailgate.policy.logins import NO_LOGINS, Logins

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(slots=True)
class Incoming:
    """A request as the gate sees it: the facts that decide, and the parts that only the verifier may read."""

    facts: RequestFacts
    origin: Origin
    attestations: list[bytes]
    proofs: list[bytes]
    login: str | None
    """The name in Basic credentials: only a claim, until the webmail has checked the password."""
    certificate: tuple[bytes, ...] | CertificateResult = ()
    """The client's certificates as they came, or why what came is none (``client_certs/presented.py``)."""
    body: bytes = b""
    """The whole body, of a request to the gate itself alone."""
    answer_fields: list[tuple[str, str]] = field(default_factory=list)
    """What the answer must carry, whatever it is and whoever gives it."""


def read_facts(
    head: RequestHead,
    *,
    peer: str,
    secure: bool,
    trusted: tuple[Network, ...],
    certificate: tuple[bytes, ...] | CertificateResult = (),
    logins: Logins = NO_LOGINS,
) -> Incoming:
    """Facts of one request. Fields that could be forged are left out of them (``trust.py``)."""
    told = _told(head.fields)
    origin = origin_of(head.fields, peer=peer, secure=secure, host=head.host, trusted=trusted)
    facts = RequestFacts(
        head.method.decode("ascii"),
        head.target.decode("ascii"),
        origin.scheme,
        origin.host.decode("latin-1"),
        origin.remote,
        told.headers,
        logins.person(_text(origin.user) or "") or None if origin.user else None,
    )
    login = told.login and logins.person(told.login)
    return Incoming(facts, origin, told.attestations, told.proofs, login, certificate)


class _Told(NamedTuple):
    """What the fields say, whatever the request line is."""

    headers: dict[str, str]
    attestations: list[bytes]
    proofs: list[bytes]
    login: str | None


@once
def _told(fields: Sequence[Field]) -> _Told:
    return _Told(
        _headers(fields),
        values(fields, b"device-attestation"),
        values(fields, b"dpop"),
        basic_user(fields),
    )


def _headers(fields: Sequence[Field]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for each in fields:
        known = _known_header(each) if len(each[0]) + len(each[1]) <= LONGEST_LINE else _header(each)
        if known is not None:
            name, text = known
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _header(of: Field) -> tuple[str, str] | None:
    """None of what a client could forge."""
    name, value = of
    return None if forgeable(name) else (name.decode("ascii").lower(), value.decode("latin-1"))


_known_header = lru_cache(LINES)(_header)


def basic_user(fields: Sequence[Field]) -> str | None:
    """The login name of Basic credentials (RFC 7617): who the client says it is. The webmail checks the password."""
    for value in values(fields, b"authorization"):
        scheme, _, credentials = value.partition(b" ")
        if scheme.lower() != b"basic":
            continue
        try:
            name, colon, _ = base64.b64decode(credentials.strip(), validate=True).partition(b":")
        except binascii.Error:
            return None
        return _text(name) if colon else None
    return None


def _text(name: bytes) -> str | None:
    try:
        user = name.decode()
    except UnicodeDecodeError:
        return None
    return user if user and not CONTROL.search(user) else None
