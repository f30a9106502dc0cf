"""What of the webmail's answer reaches who may have no mail, and what the webmail is asked."""

import asyncio
import gzip
from dataclasses import replace

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.wire import exchange, facts_of, settle
from tests.unit.http.proxy.test_forward import Pool
from tests.unit.http.proxy.test_upstream import connected

from mailgate.classify import classify
from mailgate.gateway.directions import answer_with_directions, ask_for_login, has_no_login
from mailgate.http.proxy.autodiscover import MAX_BODY, AutodiscoverEditor
from mailgate.http.proxy.forward import Forwarder
from mailgate.http.proxy.heads import Rewrite
from mailgate.http.proxy.upstream import UpstreamClosed, UpstreamMalformed
from mailgate.http.request import RequestRefused
from mailgate.model import Access, AttestationResult, Posture

ASKED = b"POST /Autodiscover/Autodiscover.xml HTTP/1.1"
OPTIONS = b"OPTIONS /Microsoft-Server-ActiveSync HTTP/1.1"
PUBLIC, INNER = "https://mail.example.com", "http://10.0.0.7:9080"
OWN = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
DOCUMENT = f"<Autodiscover xmlns='{OWN}'><Url>{INNER}/EWS</Url><Name>Zo\u00eb</Name></Autodiscover>"
LED_HERE = DOCUMENT.replace(INNER, PUBLIC)
MAIL = b"<html>Your salary</html>"
TO_NO_ONE = b"HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nX-Mail: Your salary\r\n"


def whole(body, *lines, status=b"200 OK"):
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, fields, len(body), body)


async def told(*answer, line=ASKED, fields=(b"Content-Type: text/xml", b"Content-Length: 5"), body=b"<ask>"):
    """The answer of the gate to what the webmail has sent, what the webmail was sent, and what the client was sent before."""
    asked = exchange(line, *fields, body=body) if line.startswith(b"POST") else exchange(line, *fields)
    pool = Pool(connected(None))
    way = Forwarder(
        pool,
        Rewrite.between(PUBLIC, INNER),
        b"mail.example.com",
        5,
        AutodiscoverEditor.between(PUBLIC, INNER),
    )
    incoming = facts_of(asked.head, peer="192.0.2.7", secure=False, trusted=())
    running = asyncio.ensure_future(answer_with_directions(way, asked, incoming))
    await settle()
    for piece in answer:
        pool.used[-1].data_received(piece)
        await settle()
    if not running.done():
        pool.used[-1].connection_lost(None)
    result = await running
    assert pool.used[-1].closed
    return result, pool.used[-1]._transport.written, asked.connection.transport.written


@pytest.mark.parametrize(
    ("body", "lines", "kind"),
    [
        (DOCUMENT.encode(), [b"Content-Type: text/xml"], "text/xml; charset=utf-8"),
        (DOCUMENT.encode(), [b"Content-Type: text/html; charset=utf-8"], "text/xml; charset=utf-8"),
        (DOCUMENT.encode("latin-1"), [b"Content-Type: text/xml; charset=iso-8859-1"], "text/xml; charset=iso-8859-1"),
        (DOCUMENT.encode(), [], "text/xml; charset=utf-8"),
        (DOCUMENT.encode("utf-16"), [b"Content-Type: text/xml"], "text/xml; charset=utf-16"),
        (DOCUMENT.encode("utf-8-sig"), [b"Content-Type: text/xml"], "text/xml; charset=utf-8"),
        (gzip.compress(DOCUMENT.encode()), [b"Content-Encoding: gzip"], "text/xml; charset=utf-8"),
    ],
)  # fmt: skip
async def test_an_answer_of_autodiscover_is_passed_on(body, lines, kind):
    answer, _, _ = await told(whole(body, *lines, b"Set-Cookie: s=1", b"X-Mail: Your salary"))
    assert (answer.status, answer.content_type, answer.headers) == (200, kind, ())
    charset = "utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else kind.partition("=")[2]
    assert answer.body.decode(charset).lstrip("\ufeff") == LED_HERE


async def test_an_answer_of_version_2_is_passed_on():
    body = b'{"Protocol":"ActiveSync","Url":"http://10.0.0.7:9080/Microsoft-Server-ActiveSync"}'
    answer, _, _ = await told(
        whole(body, b"Content-Type: application/json"),
        line=b"GET /autodiscover/autodiscover.json?Email=a@example.com&Protocol=ActiveSync HTTP/1.1",
        fields=(),
    )
    assert (answer.status, answer.content_type) == (200, "application/json; charset=utf-8")
    assert answer.body == body.replace(INNER.encode(), PUBLIC.encode())


@pytest.mark.parametrize(
    "answer",
    [
        [TO_NO_ONE + b"Content-Length: 24\r\n\r\n" + MAIL],
        [TO_NO_ONE + b"Content-Type: text/xml\r\nContent-Length: 24\r\n\r\n" + MAIL],
        [TO_NO_ONE + b"Transfer-Encoding: chunked\r\n\r\n18\r\n" + MAIL + b"\r\n0\r\nX-Mail: Your salary\r\n\r\n"],
        [whole(MAIL, status=b"206 Your salary")],
        [whole(MAIL, status=b"207 Multi-Status")],
        [whole(DOCUMENT.encode() + MAIL)],
        [whole(gzip.compress(MAIL), b"Content-Encoding: gzip")],
        [b"HTTP/1.1 204 No Content\r\nX-Mail: Your salary\r\n\r\n"],
        [TO_NO_ONE + b"Content-Length: 999999\r\n\r\n", b" " * (MAX_BODY + 1)],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </Your-salary>\r\n\r\n" + whole(MAIL)],
    ],
)  # fmt: skip
async def test_any_other_success_is_none_and_nothing_of_it_is_passed_on(answer):
    got, _, before = await told(*answer)
    assert (got.status, got.body, got.headers, before) == (404, b"", (), b"")


@pytest.mark.parametrize(
    "status", [b"401 Your salary", b"403 Forbidden", b"500 Oops", b"503 Busy", b"451 Elsewhere"]
)
async def test_another_answer_keeps_its_status_and_a_few_headers(status):
    got, _, _ = await told(
        whole(MAIL, b'WWW-Authenticate: Basic realm="mail"', b"Set-Cookie: s=1", b"Retry-After: 9", status=status)
    )  # fmt: skip
    assert (got.status, got.body) == (int(status[:3]), b"")
    assert got.headers == (("WWW-Authenticate", 'Basic realm="mail"'), ("Retry-After", "9"))


@pytest.mark.parametrize("status", [301, 302, 307])
@pytest.mark.parametrize(
    ("sent", "told_as"),
    [(b"https://auto.example.com/x", "https://auto.example.com/x"), (f"{INNER}/x".encode(), f"{PUBLIC}/x")],
)
async def test_a_way_elsewhere_is_told_without_its_page(status, sent, told_as):
    got, _, _ = await told(whole(MAIL, b"Location: " + sent, status=b"%d Found" % status))
    assert (got.status, got.body, got.headers) == (status, b"", (("Location", told_as),))


async def test_a_status_that_is_none_is_the_webmails_mistake():
    assert (await told(whole(MAIL, status=b"449 Retry")))[0].status == 502


async def test_options_are_told_without_a_body():
    versions = b"MS-ASProtocolVersions: 14.1,16.1"
    got, asked, _ = await told(
        whole(MAIL, versions, b"Allow: OPTIONS,POST", b"Set-Cookie: s=1", b"DAV: 1", b"Content-Type: text/html"),
        line=OPTIONS,
        fields=(b"Authorization: Basic YTpi",),
    )  # fmt: skip
    assert (got.status, got.body, got.content_type) == (200, b"", "")
    assert got.headers == (("Allow", "OPTIONS,POST"), ("DAV", "1"), ("MS-ASProtocolVersions", "14.1,16.1"))
    assert asked.startswith(OPTIONS)
    document = whole(DOCUMENT.encode(), b"Content-Type: text/xml")
    assert (await told(document, line=OPTIONS, fields=()))[0].body == b""


async def test_the_webmail_is_asked_without_a_session_and_with_the_login():
    fields = (
        b"Content-Type: text/xml", b"Content-Length: 5", b"Cookie: s=1", b"Authorization: Basic YTpi", b"COOKIE: t=2",
        b"If-None-Match: *", b"Expect: 100-continue", b"Accept-Encoding: br", b"Range: bytes=0-9",
    )  # fmt: skip
    _, asked, before = await told(whole(b""), fields=fields)
    head, _, body = asked.partition(b"\r\n\r\n")
    assert body == b"<ask>"
    assert b"\r\nAuthorization: Basic YTpi" in head
    for gone in (b"cookie", b"if-none-match", b"expect", b"range:", b"br\r\n"):
        assert gone not in head.lower()
    assert before == b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_a_long_question_is_refused_before_the_webmail_is_asked():
    with pytest.raises(RequestRefused) as refused:
        await told(fields=(b"Content-Type: text/xml", b"Content-Length: 16385"), body=b"x" * 16385)
    assert refused.value.status == 413


@pytest.mark.parametrize(
    ("answer", "error"),
    [([], UpstreamClosed), ([b"HTTP/1.1 100 Continue\r\n\r\n"] * 40, UpstreamMalformed),
     ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<Auto"], UpstreamMalformed)],
)  # fmt: skip
async def test_a_broken_answer_is_no_way(answer, error):
    with pytest.raises(error):
        await told(*answer)


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
