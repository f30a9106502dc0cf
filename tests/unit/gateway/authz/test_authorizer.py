"""A yes, how long it may be kept, and a no that no proxy takes for a yes."""

from datetime import timedelta

import pytest
from tests.unit.clock import Clock
from tests.unit.gateway.gates import NOW

from mailgate.gateway.answer import Answer
from mailgate.gateway.authz.authorizer import FETCHABLE_FOR, MAX_WAITING_BYTES, OVERHEAD_BYTES, Authorizer
from mailgate.gateway.authz.original import Dialect
from mailgate.gateway.evaluate.facts import Incoming
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
