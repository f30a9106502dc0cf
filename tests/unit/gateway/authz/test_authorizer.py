"""A yes, how long it may be kept, and a no that no proxy takes for a yes."""

from datetime import timedelta

import pytest
from tests.unit.clock import Clock
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import exchange

from mailgate.gateway.answer import Answer
from mailgate.gateway.authz.authorizer import (
    FETCHABLE_FOR,
    MAX_WAITING_BYTES,
    OVERHEAD_BYTES,
    Authorizer,
    Dialect,
    original_request,
)
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.grammar import values
from mailgate.http.request import RequestRefused
from mailgate.http.trusted_headers import Origin
from mailgate.model import Access, Client, Decision, Effect, Kind, Posture, Reason, RequestFacts, User

ACCESS = Access(RequestFacts(), Client(Kind.PHONE, handheld=True), Posture(), NOW, User("zoë b@example.com"))
YES = Decision(Effect.ALLOW, Reason.RULE_MATCHED, "clean", "v1")
NO = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "v1")


def authorizer(dialect=Dialect.NGINX, seconds=2, clock=None):
    return Authorizer(dialect, clock or Clock(NOW), timedelta(seconds=seconds))


def incoming(**more):
    origin = Origin("192.0.2.9", "https", b"mail.example.com", b"192.0.2.9")
    return Incoming(
        RequestFacts(), origin, more.pop("attestations", []), more.pop("proofs", []), None, **more
    )


def let_in(on, asked=None, left=60.0):
    answer = on.let_in(asked or incoming(), ACCESS, YES, "REF", NOW + timedelta(seconds=left))
    assert answer.status == 200
    return dict(answer.headers)


def test_a_yes_tells_what_is_known():
    assert let_in(authorizer(seconds=0)) == {
        "X-Device-Decision": "allow",
        "X-Device-Reason": "rule-matched",
        "X-Device-Class": "phone",
        "X-Device-Assurance": "claimed",
        "X-Device-User": "zo%C3%AB%20b@example.com",
        "X-Device-Reference": "REF",
    }


@pytest.mark.parametrize(
    ("seconds", "asked", "left", "kept"),
    [
        (2, incoming(), 60, "2"),
        (2, incoming(), 1.9, "1"),
        (2, incoming(), 0.9, None),
        (2, incoming(), 0, None),
        (0, incoming(), 60, None),
        (2, incoming(attestations=[b"token"]), 60, "2"),
        (2, incoming(attestations=[b"token"], proofs=[b"proof"]), 60, None),
        (2, incoming(answer_fields=[("DPoP-Nonce", "n")]), 60, None),
        (2, incoming(login_token=b"a.b.c"), 60, None),
    ],
)
def test_a_yes_is_kept_no_longer_than_it_is_true(seconds, asked, left, kept):
    assert let_in(authorizer(seconds=seconds), asked, left).get("X-Accel-Expires") == kept


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize(
    ("status", "given", "own"), [(200, 403, "200"), (403, 403, None), (401, 401, None), (502, 502, None)]
)
def test_a_no_never_has_a_status_of_success(dialect, status, given, own):
    worded = Answer(
        status, b"no", headers=(("X-Device-Reason", "prohibited-app"), ("Vary", "Accept-Language"))
    )
    answer = authorizer(dialect).keep_out(worded, (), ACCESS, NO, "REF")
    headers = dict(answer.headers)
    if dialect is Dialect.NGINX and status not in (401, 403):  # it takes any other for an error
        given, own = 403, str(status)
    assert (answer.status, answer.body, headers.get("X-Device-Status")) == (given, b"no", own)
    assert [name for name, _ in answer.headers].count("X-Device-Reason") == 1
    assert (headers["X-Device-Decision"], headers["Vary"]) == ("block", "Accept-Language")
    assert "X-Accel-Expires" not in headers


def test_an_answer_is_fetched_once_and_in_time():
    clock = Clock(NOW)
    on = authorizer(clock=clock)
    for reference in ("ONE", "TWO"):
        on.keep_out(Answer(403, reference.encode()), (), ACCESS, NO, reference)
    assert on.fetch("ONE") == Answer(403, b"ONE")
    assert on.fetch("ONE") is None
    clock.now += FETCHABLE_FOR
    assert on.fetch("TWO") is None


def test_answers_that_wait_have_bounded_room():
    on = authorizer()
    big = Answer(403, bytes(MAX_WAITING_BYTES // 4 - OVERHEAD_BYTES))
    for number in range(10):
        on.keep_out(big, (), ACCESS, NO, str(number))
    assert [on.fetch(str(number)) is not None for number in range(10)] == [False] * 6 + [True] * 4


def test_answers_without_a_body_take_room_as_well():
    on, most = authorizer(), MAX_WAITING_BYTES // OVERHEAD_BYTES
    for number in range(most + 1):
        on.keep_out(Answer(403), (), ACCESS, NO, str(number))
    assert on.fetch("0") is None
    assert all(on.fetch(str(number)) for number in range(1, most + 1))


@pytest.mark.parametrize("dialect", [each for each in Dialect if each is not Dialect.NGINX])
def test_only_nginx_has_answers_fetched(dialect):
    on = authorizer(dialect)
    on.keep_out(Answer(403, b"no"), (), ACCESS, NO, "REF")
    assert on.fetch("REF") is None


@pytest.mark.parametrize(
    ("dialect", "path", "serves"),
    [
        (Dialect.NGINX, "/.mailgate/authz", True),
        (Dialect.NGINX, "/.mailgate/authz/refusal", True),
        (Dialect.NGINX, "/.mailgate/authz/", False),
        (Dialect.CADDY, "/.mailgate/authz", True),
        (Dialect.CADDY, "/.mailgate/authz/refusal", False),
        (Dialect.ENVOY, "/.mailgate/authz", False),
        (Dialect.ENVOY, "/.mailgate/authz/inbox", True),
        (Dialect.ENVOY, "/.mailgate/authzinbox", False),
        (Dialect.ENVOY, "/.mailgate/status", False),
    ],
)
def test_each_dialect_is_asked_at_its_own_address(dialect, path, serves):
    assert authorizer(dialect).serves(path) is serves


def test_a_nonce_goes_with_the_answer_that_waits():
    on, nonce = authorizer(), ("DPoP-Nonce", "n")
    on.keep_out(Answer(401, b"no"), [nonce], ACCESS, NO, "REF")
    assert on.fetch("REF") == Answer(401, b"no", headers=(nonce,))


CLIENT = b"X-Original-For: 192.0.2.9"
"""Of Envoy's questions; the others are told the client by X-Forwarded-For."""
ADDRESS = (b"X-Forwarded-For: 192.0.2.9", b"X-Forwarded-Proto: https", b"X-Forwarded-Host: mail.example.com")
ORIGINAL = (b"X-Original-Method: PUT", b"X-Original-URI: /inbox?page=2")
FORWARDED = (b"X-Forwarded-Method: PUT", b"X-Forwarded-Uri: /inbox?page=2")
SENT = {
    Dialect.NGINX: ORIGINAL,
    Dialect.HAPROXY: ORIGINAL,
    Dialect.CADDY: FORWARDED,
    Dialect.TRAEFIK: FORWARDED,
    Dialect.ENVOY: (CLIENT,),
}
AT = b"GET /.mailgate/authz HTTP/1.1"
ENVOY = b"PUT /.mailgate/authz/inbox?page=2 HTTP/1.1"


def asked(dialect, *fields, line=AT):
    return original_request(exchange(line, *fields).head, dialect)


@pytest.mark.parametrize("dialect", Dialect)
async def test_method_and_target_are_those_of_the_original_request(dialect):
    line = ENVOY if dialect is Dialect.ENVOY else AT
    head = asked(dialect, *ADDRESS, *SENT[dialect], line=line)
    assert (head.method, head.target) == (b"PUT", b"/inbox?page=2")


@pytest.mark.parametrize("dialect", Dialect)
async def test_a_field_without_a_value_is_like_none(dialect):
    """Where it comes again it is part of a list, as which a proxy writes it into its key."""
    line = ENVOY if dialect is Dialect.ENVOY else AT
    more = (b"Sec-Fetch-Mode: ", b"Accept: ", b"accept: text/html", b"Depth: 1")
    fields = asked(dialect, *ADDRESS, *SENT[dialect], *more, line=line).fields
    told = [fields.values(name) for name in (b"sec-fetch-mode", b"accept", b"depth")]
    assert told == [[], [b"", b"text/html"], [b"1"]]


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("other", [ORIGINAL, FORWARDED])
async def test_fields_of_another_dialect_are_not_read(dialect, other):
    """A client may have sent them."""
    forged = [field.replace(b"PUT", b"GET").replace(b"/inbox", b"/forged") for field in other]
    own = SENT[dialect]
    line = ENVOY if dialect is Dialect.ENVOY else AT
    if own == other:
        return
    head = asked(dialect, *ADDRESS, *forged, *own, line=line)
    assert (head.method, head.target) == (b"PUT", b"/inbox?page=2")


@pytest.mark.parametrize("dialect", Dialect)
async def test_a_missing_or_repeated_field_is_refused(dialect):
    fields = [*(ADDRESS[1:2] if dialect is Dialect.ENVOY else ADDRESS), *SENT[dialect]]
    for index in range(len(fields)):
        for wrong in ([], [fields[index]] * 2, [fields[index].partition(b":")[0] + b": "]):
            with pytest.raises(RequestRefused) as refused:
                asked(dialect, *fields[:index], *wrong, *fields[index + 1 :], line=ENVOY)
            assert (refused.value.status, refused.value.reason) == (400, Reason.REQUEST_AMBIGUOUS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"X-Original-Method", b"GET /other HTTP/1.1"),
        (b"X-Original-Method", b"G:T"),
        (b"X-Original-URI", b"inbox"),
        (b"X-Original-URI", b"https://other.example/inbox"),
        (b"X-Original-URI", b"/in box"),
        (b"X-Original-URI", b"*"),
        (b"X-Original-URI", b"/\xff"),
        (b"X-Forwarded-Proto", b"wss"),
        (b"X-Forwarded-Host", b"mail.example.com/x"),
    ],
)
async def test_a_malformed_original_request_is_refused(name, value):
    fields = [each for each in (*ADDRESS, *ORIGINAL) if not each.startswith(name + b":")]
    with pytest.raises(RequestRefused) as refused:
        asked(Dialect.NGINX, *fields, name + b": " + value)
    assert refused.value.status == 400


async def test_a_body_stays_with_the_proxy():
    head = asked(Dialect.NGINX, *ADDRESS, *ORIGINAL, b"Content-Length: 5")
    assert not head.has_body


async def test_the_address_of_envoys_client_is_told_from_envoys_own():
    """It appends an address of its own machine to whatever a client has sent as X-Forwarded-For."""
    forged = b"X-Forwarded-For: 198.51.100.1,172.16.44.100"
    head = asked(Dialect.ENVOY, forged, ADDRESS[1], CLIENT, line=ENVOY)
    assert values(head.fields, b"x-forwarded-for") == [b"192.0.2.9"]
