"""What is no HTTP/1.1 request, or could be read as two, is refused; the connection closes; the upstream never sees a byte."""

import asyncio

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.refusal import assert_refused, assert_unseen, refusal
from tests.integration.gateway.scripted_upstream import Upstream

GET = b"GET / HTTP/1.1"
POST = b"POST / HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"


REQUEST_LINES = {
    "0.9": b"GET /",
    "0.9 with empty version": b"GET / ",
    "1.10": b"GET / HTTP/1.10",
    "01.1": b"GET / HTTP/01.1",
    "1": b"GET / HTTP/1",
    "1,1": b"GET / HTTP/1,1",
    "2.0": b"GET / HTTP/2.0",
    "3.0": b"GET / HTTP/3.0",
    "0.9 spelt out": b"GET / HTTP/0.9",
    "lower-case name": b"GET / http/1.1",
    "other name": b"GET / HTTPS/1.1",
    "trailing space": b"GET / HTTP/1.1 ",
    "trailing word": b"GET / HTTP/1.1 x",
    "leading space": b" GET / HTTP/1.1",
    "two spaces before target": b"GET  / HTTP/1.1",
    "two spaces behind target": b"GET /  HTTP/1.1",
    "tab": b"GET\t/ HTTP/1.1",
    "tab behind target": b"GET /\tHTTP/1.1",
    "form feed": b"GET\x0c/ HTTP/1.1",
    "space in target": b"GET /a b HTTP/1.1",
    "no target": b"GET HTTP/1.1",
    "no method": b"/ HTTP/1.1",
    "method with slash": b"G/T / HTTP/1.1",
    "method with colon": b"GET: / HTTP/1.1",
    "method with parenthesis": b"GE(T / HTTP/1.1",
    "method with control": b"GE\x01T / HTTP/1.1",
    "method with obs-text": b"G\xc9T / HTTP/1.1",
    "method with quote": b'"GET" / HTTP/1.1',
    "NUL in target": b"GET /a\x00b HTTP/1.1",
    "control in target": b"GET /a\x01b HTTP/1.1",
    "escape in target": b"GET /a\x1bb HTTP/1.1",
    "DEL in target": b"GET /a\x7fb HTTP/1.1",
    "UTF-8 in target": "GET /é HTTP/1.1".encode(),
    "latin-1 in target": b"GET /\xe9 HTTP/1.1",
    "bare CR in target": b"GET /a\rb HTTP/1.1",
    "bare CR behind the line": b"GET / HTTP/1.1\r",
    "fragment": b"GET /a#b HTTP/1.1",
    "empty fragment": b"GET /# HTTP/1.1",
    "relative target": b"GET inbox HTTP/1.1",
    "query alone": b"GET ?a=b HTTP/1.1",
    "dot": b"GET . HTTP/1.1",
    "asterisk for GET": b"GET * HTTP/1.1",
    "asterisk and more": b"OPTIONS *x HTTP/1.1",
    "authority for GET": b"GET mail.example.com:80 HTTP/1.1",
    "CONNECT": b"CONNECT mail.example.com:443 HTTP/1.1",
    "CONNECT origin": b"CONNECT / HTTP/1.1",
    "CONNECT absolute": b"CONNECT http://mail.example.com/ HTTP/1.1",
    "absolute without host": b"GET http:///x HTTP/1.1",
    "absolute with userinfo": b"GET http://joe@mail.example.com/ HTTP/1.1",
    "absolute with bad port": b"GET http://mail.example.com:8x/ HTTP/1.1",
    "absolute with other scheme": b"GET ftp://mail.example.com/ HTTP/1.1",
    "absolute https, though not over TLS (RFC 9110, section 7.4)": b"GET https://mail.example.com/ HTTP/1.1",
    "absolute with fragment": b"GET http://mail.example.com/#a HTTP/1.1",
}


@pytest.mark.parametrize("line", REQUEST_LINES.values(), ids=REQUEST_LINES)
async def test_a_malformed_request_line_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, line: bytes
) -> None:
    await assert_refused(connect, upstream, gate, request(line))


async def test_an_http2_preface_is_refused(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    await assert_refused(
        connect, upstream, gate, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    )


async def test_tls_on_a_plain_port_is_dropped(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(range(128)) + b"\r\n\r\n")
    await wire.end()
    await assert_unseen(connect, upstream, gate)


FIELDS = {
    "obs-fold": b"X-A: b\r\n c",
    "obs-fold of nothing": b"X-A: b\r\n \r\nX-C: d",
    "obs-fold with tab": b"X-A: b\r\n\tc",
    "folded Transfer-Encoding": b"Transfer-Encoding:\r\n chunked",
    "space before colon": b"X-A : b",
    "tab before colon": b"X-A\t: b",
    "space before colon of Content-Length": b"Content-Length : 0",
    "empty name": b": b",
    "no colon": b"X-A",
    "space in name": b"X A: b",
    "parenthesis in name": b"X(A): b",
    "slash in name": b"X/A: b",
    "at in name": b"X@A: b",
    "quote in name": b'"X-A": b',
    "brace in name": b"{X}: b",
    "obs-text in name": b"X-\xe9: b",
    "NUL in name": b"X-\x00A: b",
    "control in name": b"X-\x01A: b",
    "NUL in value": b"X-A: b\x00c",
    "SOH in value": b"X-A: b\x01c",
    "vertical tab in value": b"X-A: \x0bb",
    "form feed in value": b"X-A: b\x0c",
    "escape in value": b"X-A: \x1b[1m",
    "DEL in value": b"X-A: b\x7fc",
    "bare CR in value": b"X-A: b\rc",
    "bare CR before a field": b"X-A: b\rX-C: d",
    "CR CR LF": b"X-A: b\r",
    "bare LF behind a field": b"X-A: b\nX-C: d",
    "bare LF and an empty line": b"X-A: b\n\nGET /smuggled HTTP/1.1",
    "second Host": b"Host: mail.example.com",
    "second Host, other": b"Host: other.example",
    "second Host, other case": b"hOST: mail.example.com",
}


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
async def test_a_malformed_field_line_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, field: bytes
) -> None:
    await assert_refused(connect, upstream, gate, request(GET, field))


LINE_ENDS = {
    "all bare LF": b"GET / HTTP/1.1\nHost: mail.example.com\n\n",
    "bare LF behind the request line": b"GET / HTTP/1.1\nHost: mail.example.com\r\n\r\n",
    "bare LF behind the last field": b"GET / HTTP/1.1\r\nHost: mail.example.com\n\r\n",
    "bare LF for the empty line": b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\n",
    "bare CR everywhere": b"GET / HTTP/1.1\rHost: mail.example.com\r\r\r\n\r\n",
    "space before the first field": b"GET / HTTP/1.1\r\n Host: mail.example.com\r\n\r\n",
    "tab before the first field": b"GET / HTTP/1.1\r\n\tX-A: b\r\nHost: mail.example.com\r\n\r\n",
    "only garbage": b"\x00\x01\x02\x03\r\n\r\n",
    "only a colon": b":\r\n\r\n",
}


@pytest.mark.parametrize("sent", LINE_ENDS.values(), ids=LINE_ENDS)
async def test_a_malformed_line_end_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, sent: bytes
) -> None:
    await assert_refused(connect, upstream, gate, sent)


HOSTS = [b"a/b", b"a?b", b"a#b", b"a@b", b"joe:secret@a", b"a b", b"a,b c", b"http://a", b"a:b:c", b"a:80x", b"a:-1", b"[::1",
         b"::1", b"[::1]x", b"[a", b"a]", b"a\\b", b"a<b", b'"a"', b"a%zz", b"a%", b"a|b", b"\xc3\xa9.example", b":80", b""]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS, ids=repr)
async def test_an_invalid_host_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, host: bytes
) -> None:
    """RFC 9112, section 3.2; an empty host is refused by RFC 9110, section 4.2.1."""
    assert (
        await assert_refused(connect, upstream, gate, request(GET, b"Host: " + host, host=b""))
    ).status == 400


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"a@b", b"a,b c", b"a:x"], ids=repr)
async def test_an_invalid_host_beside_an_absolute_target_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, host: bytes
) -> None:
    """RFC 9112, section 3.2: any request with an invalid Host, though it is not used."""
    await assert_refused(
        connect, upstream, gate, request(b"GET http://mail.example.com/ HTTP/1.1", host=host)
    )


async def test_a_request_without_a_host_is_refused(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    assert (await assert_refused(connect, upstream, gate, request(GET, host=b""))).status == 400


async def test_absolute_target_needs_a_host_too(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    await assert_refused(connect, upstream, gate, request(b"GET http://mail.example.com/ HTTP/1.1", host=b""))


LIMITS = {
    "target": (request(b"GET /" + b"a" * 9000 + b" HTTP/1.1"), {414, 431, 400}),
    "one field": (request(GET, b"X-A: " + b"b" * 9000), {431, 400}),
    "head": (request(GET, *(b"X-%d: " % n + b"b" * 500 for n in range(20))), {431, 400}),
    "count": (request(GET, *(b"X-%d: b" % n for n in range(60))), {431, 400}),
    "Content-Length": (request(POST, b"Content-Length: 65537", body=b"x" * 65537), {413}),
}


@pytest.mark.parametrize(("sent", "statuses"), LIMITS.values(), ids=LIMITS)
async def test_a_request_beyond_a_limit_is_refused(
    steady: Gate, connect: Connect, upstream: Upstream, sent: bytes, statuses: set[int]
) -> None:
    assert (await assert_refused(connect, upstream, steady, sent)).status in statuses


async def test_an_endless_head_is_cut_before_it_ends(
    steady: Gate, connect: Connect, upstream: Upstream
) -> None:
    wire = await connect(steady)
    await wire.send(b"GET / HTTP/1.1\r\nX-A: " + b"b" * 20000)
    assert (await refusal(wire)).status in {431, 400}
    await assert_unseen(connect, upstream, steady)


async def test_an_endless_request_line_is_cut_before_it_ends(
    steady: Gate, connect: Connect, upstream: Upstream
) -> None:
    wire = await connect(steady)
    await wire.send(b"GET /" + b"b" * 20000)
    assert (await refusal(wire)).status in {414, 431, 400}
    await assert_unseen(connect, upstream, steady)


@pytest.mark.parametrize("size", [200_000, 4_000_000])
async def test_a_refusal_reaches_a_client_that_is_still_sending(
    steady: Gate, connect: Connect, upstream: Upstream, size: int
) -> None:
    """RFC 9112, section 9.6: a close with unread bytes is a reset that may take the answer with it."""
    wire = await connect(steady)
    async with asyncio.TaskGroup() as both:
        both.create_task(wire.send(request(POST, b"Content-Length: %d" % size, body=b"x" * size)))
        answer = both.create_task(wire.final())
    assert answer.result().status == 413
    assert answer.result().complete
    await assert_unseen(connect, upstream, steady)


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\r\n\r\n", b"GET /second HTTP/1.1\r\n\r\n", request(b"GET  /second HTTP/1.1"), request(b"CONNECT a:1 HTTP/1.1"),
     request(b"POST /second HTTP/1.1", CHUNKED, b"Content-Length: 1", body=b"x")],
)  # fmt: skip
async def test_garbage_behind_a_valid_request_is_refused(
    connect: Connect, upstream: Upstream, garbage: bytes
) -> None:
    wire = await connect()
    await wire.send(request(b"GET /first HTTP/1.1") + garbage)
    first = await wire.final()
    assert (first.status, first.content) == (200, b"ok")
    await refusal(wire)
    assert upstream.targets == [b"/first"]


async def test_nothing_is_read_behind_a_refused_request(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(GET, b"X-A : b") + SMUGGLED * 3)
    await refusal(wire)
    assert upstream.targets == []


@pytest.mark.parametrize(
    "sent", [request(b"HEAD / HTTP/1.1", b"X-A : b"), b"HEAD /" + b"b" * 20000], ids=["malformed", "endless"]
)
async def test_a_refused_head_request_gets_no_body(steady: Gate, connect: Connect, sent: bytes) -> None:
    """RFC 9110, section 9.3.2: the client would read it as its next answer."""
    wire = await connect(steady)
    await wire.send(sent)
    assert (await wire.final(b"HEAD")).status in {400, 431}
    await wire.end()
    assert not wire.buffer


async def test_nothing_is_read_behind_connection_close(connect: Connect, upstream: Upstream) -> None:
    """RFC 9112, section 9.6."""
    wire = await connect()
    await wire.send(request(b"GET /first HTTP/1.1", b"Connection: close") + SMUGGLED)
    assert (await wire.final()).status == 200
    await wire.end()
    assert not wire.buffer
    assert upstream.targets == [b"/first"]
