"""What is asked about, in the words of each proxy."""

import pytest
from tests.unit.gateway.wire import exchange

from mailgate.gateway.authz.original import Dialect, original_request
from mailgate.http.grammar import values
from mailgate.http.request import RequestRefused
from mailgate.model import Reason

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
