"""Reads the facts of a request from the fields that may be believed."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailgate.gateway.http1.fields import Field, Fields
from mailgate.gateway.http1.grammar import values
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.http1.trusted_headers import Origin, forgeable
from mailgate.model import DEFAULT_PLACE, ActiveSyncPlace, CertificateResult, RequestFacts
from mailgate.policy.login_names import NO_LOGINS, Logins

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(slots=True)
class Incoming:
    """A request as the gate sees it: the facts that decide, and the parts that are verified or used apart from rules."""

    facts: RequestFacts
    origin: Origin
    attestations: list[bytes]
    proofs: list[bytes]
    login: str | None
    """The name in Basic credentials, which is only a claim until the webmail has checked the password; None without
    credentials."""
    certificate: tuple[bytes, ...] | CertificateResult = ()
    """The client's certificates as they came, or why they could not be read (``http1/client_certs/presented.py``)."""
    body: bytes = b""
    """The whole body. It is read only if the request is for the gate itself."""
    answer_fields: list[tuple[str, str]] = field(default_factory=list)
    """Fields that the answer must carry, whether the gate or the webmail gives it."""


def read_facts(
    head: RequestHead,
    origin: Origin,
    certificate: tuple[bytes, ...] | CertificateResult = (),
    logins: Logins = NO_LOGINS,
    activesync: ActiveSyncPlace = DEFAULT_PLACE,
    *,
    over_https: bool = False,
) -> Incoming:
    """Read the facts of one request. ``over_https``: whether browsers ask by https, whatever this connection is. Fields that a client could forge are left out (``gateway/http1/trusted_headers.py``)."""
    fields = head.fields
    facts = RequestFacts(
        head.method.decode("ascii"),
        head.target.decode("ascii"),
        origin.scheme,
        origin.host.decode("latin-1"),
        origin.remote,
        _headers(fields),
        logins.person(_text(origin.user) or "") or None if origin.user else None,
        activesync=activesync,
        over_https=over_https or origin.scheme == "https",
    )
    login = basic_user(fields)
    return Incoming(
        facts,
        origin,
        values(fields, b"device-attestation"),
        values(fields, b"dpop"),
        login and logins.person(login),
        certificate,
    )


def _headers(fields: Fields) -> dict[str, str]:
    """The headers without those that a client could forge."""
    return {
        key.decode("ascii"): (b"; " if key == b"cookie" else b", ").join(fields.values(key)).decode("latin-1")
        for key in fields.row.places
        if not forgeable(key)
    }


def basic_user(fields: Sequence[Field]) -> str | None:
    """The login name in Basic credentials (RFC 7617), as the client claims it; None without them. The webmail checks
    the password."""
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
