"""A valid response reaches the client byte for byte, but for what belongs to one connection only."""

import asyncio
import gzip
from datetime import UTC
from email.utils import parsedate_to_datetime

import pytest
from tests.integration.gateway.asking import GET, relayed
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import Field, request
from tests.integration.gateway.scripted_upstream import OK, Upstream
from tests.integration.gateway.wire import Response, Wire

THIS_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"via"}
TOLERATED = THIS_HOP | {b"date"}
"""RFC 9110, section 6.6.1, wants a Date from a recipient that forwards a response without one."""


def end_to_end(response: Response, besides: frozenset[bytes] = frozenset()) -> list[Field]:
    return [f for f in response.fields if f[0].lower() not in THIS_HOP | besides]


STATUS_LINES = [
    b"200 OK", b"200 ", b"200 Fine, thanks", b"200 \xc3\xa9\xff", b"200 a\tb  c", b"200  padded", b"201 Created", b"207 Multi-Status", b"226 IM Used",
    b"299 Odd", b"300 x", b"308 x", b"400 Bad Request", b"401 x", b"404 Gibt es nicht", b"418 I'm a teapot", b"423 Locked", b"449 Retry After Provisioning",
    b"451 x", b"499 ", b"500 Kaputt", b"502 theirs", b"507 Insufficient Storage", b"599 x",
]  # fmt: skip


@pytest.mark.parametrize("line", STATUS_LINES, ids=repr)
async def test_every_status_line_is_relayed_unchanged(
    connect: Connect, upstream: Upstream, line: bytes
) -> None:
    response = await relayed(connect, upstream, b"HTTP/1.1 " + line + b"\r\nContent-Length: 4\r\n\r\nbody")
    assert response.head.start == (b"HTTP/1.1", line[:3], line[4:])
    assert (response.content, response.complete) == (b"body", True)


FIELDS: list[list[Field]] = [
    [(b"X-B", b"1"), (b"x-a", b"2"), (b"X-b", b"3"), (b"X-B", b"1")],
    [(b"Set-Cookie", b"a=b; Path=/"), (b"X-Between", b""), (b"Set-Cookie", b"c=d; Expires=Tue, 15 Nov 1994 08:12:31 GMT"), (b"set-cookie", b"a=b; Path=/")],
    [(b"Set-Cookie", b"a"), (b"Set-Cookie", b""), (b"Set-Cookie", b"a=\xe9;;  HttpOnly;SameSite=None"), (b"Set-Cookie2", b"x")],
    [(b"WWW-Authenticate", b'Basic realm="a, b"'), (b"WWW-Authenticate", b"Negotiate"), (b"www-authenticate", b'Digest realm="c"')],
    [(b"Server", b"theirs/1"), (b"Date", b"Tue, 15 Nov 1994 08:12:31 GMT"), (b"X-Powered-By", b"x"), (b"Content-Type", b"text/html;charset=\xfc")],
    [(b"Cache-Control", b"public, max-age=60"), (b"Expires", b"0"), (b"Age", b"7"), (b"Vary", b"*"), (b"ETag", b'W/"a,b"')],
    [(b"Content-Security-Policy", b"default-src 'self'"), (b"Strict-Transport-Security", b"max-age=1"), (b"X-Frame-Options", b"DENY")],
    [(b"MS-Server-ActiveSync", b"15.2"), (b"MS-ASProtocolVersions", b"2.5,16.1"), (b"DAV", b"1, 2, access-control"), (b"Allow", b"")],
    [(b"X_Under", b"kept"), (b"X-Obs", b"\x80\xff"), (b"X-Inner", b'a  b\t"c'), (b"X-Mail-Gate-Like", b"theirs")],
    [(b"X-Long", b"v" * 9000)],
    [(b"X-%d" % n, b"") for n in range(90)],
]  # fmt: skip


@pytest.mark.parametrize("fields", FIELDS, ids=lambda fields: fields[0][0].decode())
async def test_fields_keep_order_case_number_and_bytes(
    connect: Connect, upstream: Upstream, fields: list[Field]
) -> None:
    lines = b"".join(b"%s: %s\r\n" % field for field in fields)
    response = await relayed(connect, upstream, b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n")
    added = TOLERATED if b"Date" not in dict(fields) else THIS_HOP
    assert [f for f in response.fields if f[0].lower() not in added] == [*fields, (b"Content-Length", b"0")]


async def test_a_date_is_added_where_there_is_none(connect: Connect, upstream: Upstream) -> None:
    """RFC 9110, section 6.6.1."""
    (date,) = (await relayed(connect, upstream, OK)).values("Date")
    assert date.endswith(b" GMT")
    assert parsedate_to_datetime(date.decode()).tzinfo is UTC


@pytest.mark.parametrize("date", [b"Tue, 15 Nov 1994 08:12:31 GMT", b"yesterday", b""])
async def test_a_date_that_is_there_is_left_alone(connect: Connect, upstream: Upstream, date: bytes) -> None:
    answer = OK.replace(b"\r\n", b"\r\nDATE: " + date + b"\r\n", 1)
    assert (await relayed(connect, upstream, answer)).values("Date") == [date]


async def test_nothing_else_is_invented(connect: Connect, upstream: Upstream) -> None:
    response = await relayed(connect, upstream, OK)
    assert end_to_end(response, frozenset({b"date"})) == [(b"Content-Length", b"2")]


async def test_fields_of_this_hop_are_dropped(connect: Connect, upstream: Upstream) -> None:
    response = await relayed(
        connect,
        upstream,
        b"HTTP/1.1 200 OK\r\nX-Hop: secret\r\nConnection: x-hop, keep-alive\r\nKeep-Alive: timeout=secret\r\n"
        b"Proxy-Connection: secret\r\nUpgrade: secret/1\r\nContent-Length: 0\r\nX-End: kept\r\n\r\n",
    )
    assert b"secret" not in response.head.raw
    assert response.values("X-End") == [b"kept"]
    assert b"x-hop" not in response.head.members("Connection")


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"x-odd"])
async def test_encodings_are_left_alone(connect: Connect, upstream: Upstream, encoding: bytes) -> None:
    body = gzip.compress(b"hello" * 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(body))
    response = await relayed(connect, upstream, head + body)
    assert response.content == body
    assert response.values("Content-Encoding") == [encoding]


BODILESS = {
    "HEAD with length": (b"HEAD", b"200 OK\r\nContent-Length: 5"),
    "HEAD with long length": (b"HEAD", b"200 OK\r\nContent-Length: 5000000000"),
    "HEAD with 404": (b"HEAD", b"404 No\r\nContent-Length: 9"),
    "304 with length": (b"GET", b'304 Not Modified\r\nETag: "a"\r\nContent-Length: 5'),
    "304 without": (b"GET", b'304 Not Modified\r\nETag: "a"'),
    "304 for HEAD": (b"HEAD", b"304 Not Modified\r\nContent-Length: 5"),
}


@pytest.mark.parametrize(("method", "head"), BODILESS.values(), ids=BODILESS)
async def test_a_length_without_a_body_stays(
    connect: Connect, upstream: Upstream, method: bytes, head: bytes
) -> None:
    """The length that a GET would have had stays; no body follows, and the connection stays in step."""
    upstream.play(b"HTTP/1.1 " + head + b"\r\n\r\n")
    wire = await connect()
    await wire.send(request(method + b" / HTTP/1.1") + request(b"GET /next HTTP/1.1"))
    response = await wire.final(method)
    length = [line.split(b": ")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
    assert response.head.start[1] == head[:3]
    assert response.values("Content-Length") == length
    assert (await wire.final()).content == b"ok"


async def test_answers_to_head_without_a_length_stay_in_step(connect: Connect, upstream: Upstream) -> None:
    for framing in (b"Transfer-Encoding: chunked\r\n", b"X-None: here\r\n"):
        upstream.play(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n")
    wire = await connect()
    await wire.send(request(b"HEAD / HTTP/1.1") * 2 + request(GET))
    assert [(await wire.final(m)).status for m in (b"HEAD", b"HEAD", b"GET")] == [200, 200, 200]
    assert not wire.buffer


@pytest.mark.parametrize(
    "field", [b"", b"Content-Length: 0\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"]
)
async def test_204_has_no_body_and_no_length(connect: Connect, upstream: Upstream, field: bytes) -> None:
    """RFC 9110, section 8.6, and RFC 9112, section 6.1: neither field may stand in a 204."""
    upstream.play(b"HTTP/1.1 204 No Content\r\n" + field + b"\r\n")
    wire = await connect()
    await wire.send(request(GET) * 2)
    response = await wire.final()
    assert response.status == 204
    assert response.values("Content-Length") + response.values("Transfer-Encoding") == []
    assert (await wire.final()).content == b"ok"


async def interim(wire: Wire) -> list[tuple[int, bytes, list[Field]]]:
    seen = []
    while (response := await wire.response()).status < 200:
        seen.append((response.status, response.reason, end_to_end(response)))
    assert response.content == b"ok"
    return seen


async def test_interim_responses_pass_in_order(connect: Connect, upstream: Upstream) -> None:
    """RFC 9110, section 15.2: a proxy MUST forward 1xx responses."""
    upstream.play(
        b"HTTP/1.1 100 Go on\r\n\r\n"
        b"HTTP/1.1 102 Processing\r\n\r\n"
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n"
        b"HTTP/1.1 103 \r\nlink: </c>\r\n\r\n"
        b"HTTP/1.1 199 Odd\r\nX-A: \xe9\r\n\r\n" + OK
    )
    wire = await connect()
    await wire.send(request(GET))
    assert await interim(wire) == [
        (100, b"Go on", []),
        (102, b"Processing", []),
        (103, b"Early Hints", [(b"Link", b"</a.css>; rel=preload"), (b"Link", b"</b.js>; rel=preload")]),
        (103, b"", [(b"link", b"</c>")]),
        (199, b"Odd", [(b"X-A", b"\xe9")]),
    ]


async def test_an_interim_response_is_not_held_back(connect: Connect, upstream: Upstream) -> None:
    finish = asyncio.Event()
    upstream.play(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", finish, OK)
    wire = await connect()
    await wire.send(request(GET))
    assert (await wire.response()).status == 103
    finish.set()
    assert (await wire.response()).status == 200


async def test_http_1_0_gets_no_interim_response(connect: Connect, upstream: Upstream) -> None:
    upstream.play(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 x\r\n\r\n" + OK)
    wire = await connect()
    await wire.send(request(b"GET / HTTP/1.0"))
    assert (await wire.response()).content == b"ok"
