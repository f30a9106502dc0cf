"""What a refused mail app without a login is asked, and by whom."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import exchange, facts_of, settle
from tests.unit.http.proxy.test_forward import Pool
from tests.unit.http.proxy.test_upstream import connected

from mailgate.classify import classify
from mailgate.gateway.refusals.login_challenge import ask_for_login, has_no_login
from mailgate.http.proxy.forward import Forwarder
from mailgate.http.proxy.heads import Rewrite
from mailgate.model import Access, AttestationResult, Posture

PING = b"POST /Microsoft-Server-ActiveSync?Cmd=Ping&DeviceId=a&DeviceType=iPhone HTTP/1.1"
BASIC = b'WWW-Authenticate: Basic realm="mail"\r\n'


def incoming_of(asked):
    return facts_of(asked.head, peer="192.0.2.7", secure=False, trusted=())


def access_of(incoming, **changed):
    return Access(incoming.facts, classify(incoming.facts), Posture(), NOW, **changed)


async def answered(*answers, line=PING):
    """What becomes of the webmail's answers, each on a connection of its own, and what the webmail was sent."""
    asked = exchange(
        line, b"Content-Type: application/vnd.ms-sync.wbxml", b"Content-Length: 5", body=b"12345"
    )
    pool = Pool(*(connected(None) for _ in range(2)))
    forwarder = Forwarder(pool, Rewrite.between("http://a", "http://b"), b"mail.example.com", 5)
    running = asyncio.ensure_future(ask_for_login(forwarder, asked.head, incoming_of(asked)))
    for answer in answers:
        await settle()
        pool.used[-1].data_received(answer)
    return await running, pool


def asked_of(pool):
    """The request line of each question."""
    return [used._transport.written.partition(b"\r\n")[0] for used in pool.used]


@pytest.mark.parametrize(
    ("line", "fields", "nameless"),
    [
        (PING, (), True),
        (PING, (b"Authorization: Basic YTpi",), False),
        (PING, (b"Authorization: Bearer x",), False),
        (PING, (b"Cookie: session=1",), False),
        (PING, (b"Authorization: ", b"Cookie: "), True),
        (PING.replace(b"POST", b"GET"), (), True),
        (b"POST /inbox HTTP/1.1", (), False),
        (b"PROPFIND /SOGo/dav/ada/ HTTP/1.1", (), True),
        (b"PROPFIND /SOGo/dav/ada/ HTTP/1.1", (b"Authorization: Basic YTpi",), False),
        (b"GET /.well-known/carddav HTTP/1.1", (), True),
        (b"PUT /SOGo/dav/ada/Calendar/1.ics HTTP/1.1", (), True),
        (b"DELETE /SOGo/dav/ada/Calendar/1.ics HTTP/1.1", (), True),
        (b"POST /EWS/Exchange.asmx HTTP/1.1", (), True),
        (b"POST /mapi/emsmdb/ HTTP/1.1", (), True),
        (b"GET /.well-known/jmap HTTP/1.1", (), True),
    ],
)
async def test_a_mail_app_without_credentials_has_no_login(line, fields, nameless):
    incoming = incoming_of(exchange(line, *fields))
    assert has_no_login(access_of(incoming), incoming) is nameless


async def test_a_signed_device_or_a_person_that_a_proxy_names_has_logged_in():
    incoming = incoming_of(exchange(PING))
    assert not has_no_login(access_of(incoming, attestation=AttestationResult(device_id="1")), incoming)
    named = replace(incoming, facts=replace(incoming.facts, user="ada"))
    assert not has_no_login(access_of(named), named)


async def test_only_the_challenge_of_the_webmail_is_passed_on():
    answer, pool = await answered(
        b"HTTP/1.1 401 Unauthorized\r\n" + BASIC + b"WWW-Authenticate: Negotiate\r\nSet-Cookie: a=b\r\n"
        b"Content-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    )
    assert (answer.status, answer.body) == (401, b"")
    assert answer.headers == (("WWW-Authenticate", 'Basic realm="mail"'), ("WWW-Authenticate", "Negotiate"))
    assert pool.used[0]._transport.aborted


async def test_the_webmail_sees_no_body_and_nothing_that_speaks_of_one():
    """A POST with ``Content-Length: 0`` is what SOGo answers with 403."""
    _, pool = await answered(b"HTTP/1.1 401 X\r\n" + BASIC + b"\r\n")
    head, _, body = pool.used[0]._transport.written.partition(b"\r\n\r\n")
    assert head.startswith(PING.replace(b"POST", b"OPTIONS"))
    assert b"content-" not in head.lower()
    assert body == b""


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"PROPFIND", b"REPORT"])
async def test_a_method_that_reads_is_asked_as_it_came(method):
    line = method + b" /dav/ada/ HTTP/1.1"
    answer, pool = await answered(b"HTTP/1.1 401 X\r\n" + BASIC + b"\r\n", line=line)
    assert (answer.status, asked_of(pool)) == (401, [line])


@pytest.mark.parametrize(
    "method", [b"POST", b"PUT", b"DELETE", b"MKCALENDAR", b"MOVE", b"LOCK", b"RPC_IN_DATA"]
)
async def test_no_other_method_reaches_a_webmail_that_has_seen_no_login(method):
    line = method + b" /dav/ada/1.ics HTTP/1.1"
    answer, pool = await answered(
        b"HTTP/1.1 204 X\r\nAllow: GET\r\n\r\n", b"HTTP/1.1 401 X\r\n" + BASIC + b"\r\n", line=line
    )
    assert answer.status == 401
    assert asked_of(pool) == [b"OPTIONS /dav/ada/1.ics HTTP/1.1", b"GET /dav/ada/1.ics HTTP/1.1"]
    assert all(used._transport.aborted for used in pool.used)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmail",
        b"HTTP/1.1 200 OK\r\n" + BASIC + b"\r\n",
        b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_webmail_that_asks_for_no_login_is_not_heard(answer):
    assert (await answered(answer, answer))[0] is None


async def test_interim_answers_are_waited_through():
    answer, _ = await answered(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 X\r\n" + BASIC + b"\r\n")
    assert answer.status == 401
