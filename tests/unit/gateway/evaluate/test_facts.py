"""The facts of a request."""

import base64
import tracemalloc
from ipaddress import ip_network

import pytest
from tests.unit.gateway.wire import facts_of

from mailgate.gateway.evaluate.facts import (
    basic_user,
    from_own_page,
    is_first_page_load,
    is_navigation,
    is_page_load,
)
from mailgate.http.request import parse_request_head
from mailgate.model import RequestFacts
from mailgate.policy.people import Logins


def incoming(*fields, target=b"/a%2F?q=%41", trusted=(), peer="192.0.2.1", **more):
    lines = [b"GET " + target + b" HTTP/1.1", b"Host: mail.example.com", *fields, b"", b""]
    head = parse_request_head(b"\r\n".join(lines), max_fields=99)
    return facts_of(head, peer=peer, secure=False, trusted=trusted, **more)


def test_facts_are_what_was_sent():
    facts = incoming(b"User-Agent: x", b"Accept: a", b"ACCEPT: b", b"X: \xe9").facts
    assert (facts.method, facts.target, facts.scheme) == ("GET", "/a%2F?q=%41", "http")
    assert (facts.host, facts.remote, facts.user) == ("mail.example.com", "192.0.2.1", None)
    assert facts.headers == {"host": "mail.example.com", "user-agent": "x", "accept": "a, b", "x": "é"}


def test_facts_hold_nothing_that_could_be_forged():
    forged = (
        b"X-Forwarded-For: 1.1.1.1",
        b"X_Forwarded_User: a",
        b"Client-Cert: b",
        b"DPoP: c",
        b"Remote_User: d",
    )
    facts = incoming(*forged).facts
    assert facts.headers == {"host": "mail.example.com"}
    assert facts.remote == "192.0.2.1"


def test_headers_of_a_trusted_proxy_are_no_facts():
    proxies = (ip_network("192.0.2.0/24"),)
    facts = incoming(b"X-Forwarded-For: 203.0.113.9", b"X-Forwarded-Proto: https", trusted=proxies).facts
    assert (facts.remote, facts.scheme) == ("203.0.113.9", "https")
    assert facts.headers == {"host": "mail.example.com"}


def test_attestations_are_kept_for_the_verifier_alone_each_field_by_itself():
    """Two headers are a reason to refuse: they must not be joined before they are counted."""
    seen = incoming(
        b"Device-Attestation: a", b"device-attestation: b", b"DPoP: c", b"Device_Attestation: forged"
    )
    assert (seen.attestations, seen.proofs) == ([b"a", b"b"], [b"c"])
    assert seen.facts.headers == {"host": "mail.example.com"}


@pytest.mark.parametrize(
    ("name", "user"),
    [(b"ann@example.com", "ann@example.com"), ("änn".encode(), "änn"), (b"\xe4nn", None), (b"", None)],
)
def test_only_a_trusted_proxy_names_the_user(name, user):
    field = b"X-Forwarded-User: " + name
    assert incoming(field, trusted=(ip_network("192.0.2.0/24"),)).facts.user == user
    assert incoming(field).facts.user is None


@pytest.mark.parametrize(
    ("peer", "sent", "token"),
    [
        ("192.0.2.1", [b"X-Forwarded-Id-Token: a.b.c"], b"a.b.c"),
        ("203.0.113.9", [b"X-Forwarded-Id-Token: a.b.c"], b""),
        ("192.0.2.1", [b"X-Forwarded-Id-Token: a.b.c", b"X-Forwarded-Id-Token: d.e.f"], b"a.b.c,d.e.f"),
        ("192.0.2.1", [b"X_Forwarded_Id_Token: a.b.c"], b""),
        ("192.0.2.1", [b"OIDC-Id-Token: a.b.c"], b""),
    ],
)
def test_the_token_of_a_login_is_a_trusted_proxys_and_two_are_none_that_is_believed(peer, sent, token):
    trusted = (ip_network("192.0.2.0/24"),)
    read = incoming(*sent, peer=peer, trusted=trusted, login_header=b"x-forwarded-id-token")
    assert read.login_token == token
    assert not any("token" in name for name in read.facts.headers)
    assert incoming(*sent, peer=peer, trusted=trusted).login_token == b""


def test_a_login_is_kept_apart_from_the_user():
    """Anyone can claim it: the handler says on which protocol it counts."""
    seen = incoming(b"Authorization: Basic " + base64.b64encode(b"ann:secret"))
    assert (seen.login, seen.facts.user) == ("ann", None)


def basic(text, scheme=b"Basic "):
    return (b"Authorization", scheme + base64.b64encode(text))


@pytest.mark.parametrize(
    ("field", "user"),
    [
        (basic(b"ann@example.com:secret"), "ann@example.com"),
        (basic(b"ann:a:b"), "ann"),
        (basic("änn:x".encode(), b"BASIC   "), "änn"),
        (basic(b":secret"), None),
        (basic(b"no colon"), None),
        (basic(b"\xff:latin"), None),
        (basic(b"two\nlines:x"), None),
        (basic(b"nul\x00:x"), None),
        (basic("\x85:x".encode()), None),
        ((b"authorization", b"Basic !!!"), None),
        ((b"authorization", b"Basic YW5uOng"), None),
        ((b"authorization", b"Basic"), None),
        ((b"authorization", b"Bearer YW5uOng="), None),
        ((b"x-authorization", b"Basic YW5uOng="), None),
    ],
)
def test_the_login_name_of_basic_credentials(field, user):
    """RFC 7617, 2: UTF-8, up to the first colon, without control characters."""
    assert basic_user([field]) == user


def test_the_first_basic_credentials_count():
    assert basic_user([(b"Authorization", b"Bearer x"), basic(b"ann:x"), basic(b"bob:x")]) == "ann"


def test_little_is_kept_of_long_names_and_addresses_that_clients_make_up():
    """A memory that is bounded in entries alone would hold the longest of them."""
    long, times = b"a" * 20_000, 100
    tracemalloc.start()
    for number in range(times):
        own = b"%b%d" % (long, number)
        facts = incoming(
            b"X%b: b" % own, b"X-Forwarded-For: 2001:db8::1%%%b" % own, trusted=(ip_network("192.0.2.1"),)
        ).facts
        assert facts.headers[f"x{own.decode()}"] == "b"
        assert facts.remote == "192.0.2.1"
    del facts, own
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < times * len(long) / 10


@pytest.mark.parametrize(
    ("login", "person"),
    [
        ("EXAMPLE\\ada", "ada"),
        ("ada@Example.com", "ada"),
        ("OTHER\\ada", "OTHER\\ada"),
        ("ada@example.com.", "ada@example.com."),
    ],
)
def test_a_login_names_the_same_person_in_every_header(login, person):
    fields = (b"X-Forwarded-User: " + login.encode(), b": ".join(basic(login.encode() + b":x")))
    ours = Logins.of(["EXAMPLE", "example.com"])
    read = incoming(*fields, trusted=(ip_network("192.0.2.1"),), logins=ours)
    assert (read.facts.user, read.login) == (person, person)
    assert read.origin.user == login.encode(), "the webmail is told what the proxy said"


BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("headers", "navigates"),
    [
        ({"sec-fetch-mode": "navigate"}, True),
        ({"sec-fetch-mode": "cors", "accept": BROWSER}, False),
        ({"sec-fetch-mode": "no-cors", "accept": BROWSER}, False),
        ({"sec-fetch-mode": "websocket"}, False),
        ({"accept": BROWSER}, True),
        ({"accept": BROWSER, "x-requested-with": "XMLHttpRequest"}, False),
        ({"accept": BROWSER, "content-type": "application/json"}, False),
        ({"accept": "application/json"}, False),
        ({"accept": "*/*"}, False),
        ({}, False),
    ],
)
def test_fetch_metadata_or_accept_tell_a_navigation(headers, navigates):
    """Fetch metadata decide where they were sent (W3C Fetch Metadata, 2.3), Accept otherwise."""
    assert is_navigation(RequestFacts(headers=headers)) is navigates


@pytest.mark.parametrize(("method", "loads"), [("GET", True), ("POST", False), ("HEAD", False)])
def test_only_a_get_can_be_asked_again_without_harm(method, loads):
    assert is_page_load(RequestFacts(method=method, headers={"sec-fetch-mode": "navigate"})) is loads


@pytest.mark.parametrize(
    ("headers", "first"),
    [
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, True),
        ({"sec-fetch-mode": "navigate"}, True),
        ({"accept": BROWSER}, True),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "frame"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "object"}, False),
        ({"sec-fetch-mode": "no-cors", "sec-fetch-dest": "document"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "empty", "accept": BROWSER}, True),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "empty"}, False),
        ({"sec-fetch-mode": "navigate", "sec-fetch-dest": "empty", "accept": "*/*"}, False),
        ({"sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "accept": BROWSER}, False),
    ],
)
def test_a_frame_is_no_first_page_load(headers, first):
    assert is_first_page_load(RequestFacts(headers=headers)) is first
    assert not is_first_page_load(RequestFacts(method="POST", headers=headers))


PUBLIC = "https://mail.example.com"


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
        ({"sec-fetch-site": "same-site", "origin": PUBLIC}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"origin": PUBLIC}, True),
        ({"origin": "http://10.0.0.1"}, True),
        ({"origin": "null"}, False),
        ({"origin": "https://evil.example"}, False),
        ({}, False),
    ],
)
def test_a_post_from_a_page_of_this_site_is_recognised(headers, own):
    facts = RequestFacts(method="POST", scheme="http", host="10.0.0.1", headers=headers)
    assert from_own_page(facts, PUBLIC) is own
