"""Reads the facts of a request from the fields that may be believed."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailgate.http.fields import Field, Fields
from mailgate.http.forgeable import forgeable
from mailgate.http.grammar import values
from mailgate.http.request import RequestHead
from mailgate.http.trusted_headers import Origin
from mailgate.model import DEFAULT_PLACE, ActiveSyncPlace, CertificateResult, RequestFacts
from mailgate.policy.people import NO_LOGINS, Logins

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
    """The client's certificates as they came, or why they could not be read (``http/client_certs.py``)."""
    login_token: bytes = b""
    """The token of the login that a trusted proxy has taken; empty if there is none. Of several this makes one that is refused."""
    body: bytes = b""
    """The whole body. It is read only if the request is for the gate itself."""
    fields: Fields = field(default_factory=Fields)
    """The fields as they came, those that nobody believes among them."""
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
    login_header: bytes = b"",
) -> Incoming:
    """Read the facts of one request. ``over_https``: whether browsers ask by https, whatever this connection is. ``login_header``: the
    field with the token of a login, in lower case. Fields that a client could forge are left out (``http/trusted_headers.py``)."""
    fields = head.fields
    facts = RequestFacts(
        head.method.decode("ascii"),
        head.target.decode("ascii"),
        origin.scheme,
        origin.host.decode("latin-1"),
        origin.remote,
        _headers(fields),
        person_told(origin.user, logins) or None,
        activesync=activesync,
        over_https=over_https or origin.scheme == "https",
    )
    login = basic_user(fields)
    tokens = fields.values(login_header) if login_header and origin.by_proxy else []
    return Incoming(
        facts,
        origin,
        values(fields, b"device-attestation"),
        values(fields, b"dpop"),
        login and logins.person(login),
        certificate,
        b",".join(tokens),
        fields=fields,
    )


def _headers(fields: Fields) -> dict[str, str]:
    """The headers without those that a client could forge."""
    return {
        key.decode("ascii"): (b"; " if key == b"cookie" else b", ").join(fields.values(key)).decode("latin-1")
        for key in fields.row.places
        if not forgeable(key)
    }


def person_told(name: bytes, logins: Logins) -> str:
    """The person of this login; empty if nobody is named."""
    return logins.person(_text(name) or "")


def basic_user(fields: Sequence[Field]) -> str | None:
    """The login name in Basic credentials (RFC 7617), which the client only claims; None without them."""
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


def is_navigation(facts: RequestFacts) -> bool:
    """Whether a browser will show the answer as a page, by Fetch metadata if they were sent and by Accept otherwise."""
    mode = facts.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    if "x-requested-with" in facts.headers or facts.headers.get("content-type", "").startswith(
        "application/json"
    ):
        return False
    return "text/html" in facts.headers.get("accept", "")


def is_page_load(facts: RequestFacts) -> bool:
    """Whether this is a navigation that can be answered with another page first and then repeated without harm."""
    return facts.method == "GET" and is_navigation(facts)


def is_first_page_load(facts: RequestFacts) -> bool:
    """Whether this is the page load of a whole tab or window, and not of a frame or of a download by a link, which does not accept HTML
    (measured with Chromium 150). If a service worker asks in place of its page, browsers name no destination but still accept HTML."""
    destination = facts.headers.get("sec-fetch-dest", "document")
    by_a_worker = destination == "empty" and "text/html" in facts.headers.get("accept", "")
    return is_page_load(facts) and (destination == "document" or by_a_worker)


def from_own_page(facts: RequestFacts, public_url: str) -> bool:
    """Whether a POST comes from a page of this site: by Fetch metadata, else by Origin, else by Referer, since text browsers send only that."""
    if "sec-fetch-site" in facts.headers:
        return facts.headers["sec-fetch-site"] == "same-origin"
    page = "/".join(facts.headers.get("referer", "").split("/", 3)[:3])
    return facts.headers.get("origin", page) in (f"{facts.scheme}://{facts.host}", public_url)
