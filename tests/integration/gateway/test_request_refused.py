"""What is no HTTP/1.1 request, or could be read as two, is refused; the connection closes; the upstream never sees a byte."""

import asyncio

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.scripted import Upstream
from tests.integration.gateway.wire import Response, Wire

GET = b"GET / HTTP/1.1"
POST = b"POST / HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"


async def refusal(wire: Wire) -> Response:
    """A whole, final refusal behind which the connection is closed and nothing more is said."""
    response = await wire.final()
    assert 400 <= response.status < 500 or response.status in (501, 505), response.head.raw
    assert response.complete
    await wire.end()
    assert not wire.buffer, "a refusal is the last thing said on a connection"
    return response


async def assert_unseen(connect: Connect, upstream: Upstream, gate: Gate) -> None:
    """Whatever the gate was to send before has been sent once a later request has been answered."""
    wire = await connect(gate)
    await wire.send(request(b"GET /later HTTP/1.1", b"Connection: close"))
    assert (await wire.final()).status == 200
    assert upstream.targets == [b"/later"]


async def assert_refused(connect: Connect, upstream: Upstream, gate: Gate, sent: bytes) -> Response:
    wire = await connect(gate)
    await wire.send(sent)
    response = await refusal(wire)
    await assert_unseen(connect, upstream, gate)
    return response


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
    "absolute with fragment": b"GET http://mail.example.com/#a HTTP/1.1",
}


@pytest.mark.parametrize("line", REQUEST_LINES.values(), ids=REQUEST_LINES)
async def test_request_line(gate: Gate, connect: Connect, upstream: Upstream, line: bytes) -> None:
    await assert_refused(connect, upstream, gate, request(line))


async def test_http2_preface(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    await assert_refused(
        connect, upstream, gate, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    )


async def test_tls_on_a_plain_port(gate: Gate, connect: Connect, upstream: Upstream) -> None:
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
async def test_field_line(gate: Gate, connect: Connect, upstream: Upstream, field: bytes) -> None:
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
async def test_line_end(gate: Gate, connect: Connect, upstream: Upstream, sent: bytes) -> None:
    await assert_refused(connect, upstream, gate, sent)


HOSTS = [b"a/b", b"a?b", b"a#b", b"a@b", b"joe:secret@a", b"a b", b"a,b c", b"http://a", b"a:b:c", b"a:80x", b"a:-1", b"[::1",
         b"::1", b"[::1]x", b"[a", b"a]", b"a\\b", b"a<b", b'"a"', b"a%zz", b"a%", b"a|b", b"\xc3\xa9.example", b":80", b""]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS, ids=repr)
async def test_host(gate: Gate, connect: Connect, upstream: Upstream, host: bytes) -> None:
    """RFC 9112, section 3.2; an empty host is refused by RFC 9110, section 4.2.1."""
    assert (
        await assert_refused(connect, upstream, gate, request(GET, b"Host: " + host, host=b""))
    ).status == 400


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"a@b", b"a,b c", b"a:x"], ids=repr)
async def test_host_beside_an_absolute_target(
    gate: Gate, connect: Connect, upstream: Upstream, host: bytes
) -> None:
    """RFC 9112, section 3.2: any request with an invalid Host, though it is not used."""
    await assert_refused(
        connect, upstream, gate, request(b"GET http://mail.example.com/ HTTP/1.1", host=host)
    )


async def test_no_host(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    assert (await assert_refused(connect, upstream, gate, request(GET, host=b""))).status == 400


async def test_absolute_target_needs_a_host_too(gate: Gate, connect: Connect, upstream: Upstream) -> None:
    await assert_refused(connect, upstream, gate, request(b"GET http://mail.example.com/ HTTP/1.1", host=b""))


LENGTHS = [b"", b"+5", b"-5", b"-0", b"0x5", b"5 5", b"5,5", b"5, 5", b"5, 6", b"5;", b"5.0", b"5e0", b"0_5", b"1_0", b"five", b'"5"',
           b"\xd9\xa5", b"\xef\xbc\x95", b"\xb2", b"9223372036854775808", b"18446744073709551617", b"18446744073709551621", b"9" * 40, b"1" * 5000]  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS, ids=lambda value: repr(value[:24]))
async def test_content_length(gate: Gate, connect: Connect, upstream: Upstream, length: bytes) -> None:
    sent = request(POST, b"Content-Length: " + length, body=b"hello" + SMUGGLED)
    await assert_refused(connect, upstream, gate, sent)


FRAMINGS = {
    "CL and TE": (b"Content-Length: 5", CHUNKED),
    "TE and CL": (CHUNKED, b"Content-Length: 5"),
    "TE and CL 0": (CHUNKED, b"Content-Length: 0"),
    "TE and empty CL": (CHUNKED, b"Content-Length:"),
    "two equal CL": (b"Content-Length: 5", b"Content-Length: 5"),
    "two different CL": (b"Content-Length: 5", b"Content-Length: 6"),
    "CL and CL in other case": (b"Content-Length: 5", b"content-length: 0"),
    "TE twice": (CHUNKED, CHUNKED),
    "TE twice, one identity": (CHUNKED, b"Transfer-Encoding: identity"),
    "chunked, chunked": (b"Transfer-Encoding: chunked, chunked",),
    "chunked, identity": (b"Transfer-Encoding: chunked, identity",),
    "identity, chunked": (b"Transfer-Encoding: identity, chunked",),
    "identity": (b"Transfer-Encoding: identity",),
    "gzip": (b"Transfer-Encoding: gzip",),
    "chunked, gzip": (b"Transfer-Encoding: chunked, gzip",),
    "gzip, chunked": (b"Transfer-Encoding: gzip, chunked",),
    "xchunked": (b"Transfer-Encoding: xchunked",),
    "chunkedx": (b"Transfer-Encoding: chunkedx",),
    "chunked in quotes": (b'Transfer-Encoding: "chunked"',),
    "chunked with a parameter": (b"Transfer-Encoding: chunked;q=1",),
    "chunked semicolon": (b"Transfer-Encoding: chunked;",),
    "empty": (b"Transfer-Encoding:",),
    "comma": (b"Transfer-Encoding: ,",),
    "vertical tab": (b"Transfer-Encoding: \x0bchunked",),
    "NUL": (b"Transfer-Encoding: chunked\x00",),
    "obs-text space": (b"Transfer-Encoding: \xa0chunked",),
    "kelvin sign": ("Transfer-Encoding: chun\u212aed".encode(),),
    "space before colon": (b"Transfer-Encoding : chunked",),
    "identity and CL": (b"Transfer-Encoding: identity", b"Content-Length: 5"),
}


@pytest.mark.parametrize("fields", FRAMINGS.values(), ids=FRAMINGS)
async def test_framing(gate: Gate, connect: Connect, upstream: Upstream, fields: tuple[bytes, ...]) -> None:
    body = b"0\r\n\r\n" + SMUGGLED
    await assert_refused(connect, upstream, gate, request(POST, *fields, body=body))


@pytest.mark.parametrize(
    "fields", [(CHUNKED,), (CHUNKED, b"Content-Length: 5"), (CHUNKED, b"Connection: keep-alive")]
)
async def test_transfer_encoding_in_http_1_0(
    gate: Gate, connect: Connect, upstream: Upstream, fields: tuple[bytes, ...]
) -> None:
    """RFC 9112, section 6.1: the framing is faulty."""
    sent = request(b"POST / HTTP/1.0", *fields, body=b"0\r\n\r\n" + SMUGGLED)
    await assert_refused(connect, upstream, gate, sent)


LIMITS = {
    "target": (request(b"GET /" + b"a" * 9000 + b" HTTP/1.1"), {414, 431, 400}),
    "one field": (request(GET, b"X-A: " + b"b" * 9000), {431, 400}),
    "head": (request(GET, *(b"X-%d: " % n + b"b" * 500 for n in range(20))), {431, 400}),
    "count": (request(GET, *(b"X-%d: b" % n for n in range(60))), {431, 400}),
    "Content-Length": (request(POST, b"Content-Length: 65537", body=b"x" * 65537), {413}),
}


@pytest.mark.parametrize(("sent", "statuses"), LIMITS.values(), ids=LIMITS)
async def test_limit(
    hasty: Gate, connect: Connect, upstream: Upstream, sent: bytes, statuses: set[int]
) -> None:
    assert (await assert_refused(connect, upstream, hasty, sent)).status in statuses


async def test_an_endless_head_is_cut_before_it_ends(
    hasty: Gate, connect: Connect, upstream: Upstream
) -> None:
    wire = await connect(hasty)
    await wire.send(b"GET / HTTP/1.1\r\nX-A: " + b"b" * 20000)
    assert (await refusal(wire)).status in {431, 400}
    await assert_unseen(connect, upstream, hasty)


async def test_an_endless_request_line_is_cut_before_it_ends(
    hasty: Gate, connect: Connect, upstream: Upstream
) -> None:
    wire = await connect(hasty)
    await wire.send(b"GET /" + b"b" * 20000)
    assert (await refusal(wire)).status in {414, 431, 400}
    await assert_unseen(connect, upstream, hasty)


@pytest.mark.parametrize("size", [200_000, 4_000_000])
async def test_a_refusal_reaches_a_client_that_is_still_sending(
    hasty: Gate, connect: Connect, upstream: Upstream, size: int
) -> None:
    """RFC 9112, section 9.6: a close with unread bytes is a reset that may take the answer with it."""
    wire = await connect(hasty)
    async with asyncio.TaskGroup() as both:
        both.create_task(wire.send(request(POST, b"Content-Length: %d" % size, body=b"x" * size)))
        answer = both.create_task(wire.final())
    assert answer.result().status == 413
    assert answer.result().complete
    await assert_unseen(connect, upstream, hasty)


CHUNKS = {
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "minus": b"-1\r\nhello\r\n0\r\n\r\n",
    "minus zero": b"-0\r\n\r\n",
    "trailing space": b"5 \r\nhello\r\n0\r\n\r\n",
    "trailing tab": b"5\t\r\nhello\r\n0\r\n\r\n",
    "leading space": b" 5\r\nhello\r\n0\r\n\r\n",
    "17 digits": b"F" * 17 + b"\r\nhello\r\n0\r\n\r\n",
    "2^64 + 5": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "empty": b"\r\nhello\r\n0\r\n\r\n",
    "no hex": b"g\r\nhello\r\n0\r\n\r\n",
    "fullwidth digit": b"\xef\xbc\x95\r\nhello\r\n0\r\n\r\n",
    "NUL": b"5\x00\r\nhello\r\n0\r\n\r\n",
    "comma": b"5,5\r\nhello\r\n0\r\n\r\n",
    "two sizes": b"5 5\r\nhello\r\n0\r\n\r\n",
    "size behind bare LF": b"5\nhello\r\n0\r\n\r\n",
    "size behind bare CR": b"5\rhello\r\n0\r\n\r\n",
    "extension with bare LF": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "extension with bare CR": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "extension with NUL": b"5;a=\x00\r\nhello\r\n0\r\n\r\n",
    "extension with LF in quotes": b'5;a="\n"\r\nhello\r\n0\r\n\r\n',
    "extension of 100,000 bytes": b"5;a=" + b"b" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    "data too long": b"5\r\nhelloX\r\n0\r\n\r\n",
    "data and bare LF": b"5\r\nhello\n0\r\n\r\n",
    "data and bare CR": b"5\r\nhello\r0\r\n\r\n",
    "data and no CRLF": b"5\r\nhello0\r\n\r\n",
    "last chunk with bare LF": b"5\r\nhello\r\n0\n\r\n",
    "last chunk and bare LF": b"5\r\nhello\r\n0\r\n\n",
    "last chunk and something": b"5\r\nhello\r\n0\r\nX\r\n\r\n",
    "trailer with space before colon": b"0\r\nX-A : b\r\n\r\n",
    "trailer with bare LF": b"0\r\nX-A: b\nX-B: c\r\n\r\n",
    "trailer with NUL": b"0\r\nX-A: \x00\r\n\r\n",
    "trailer without name": b"0\r\n: b\r\n\r\n",
    "trailer folded": b"0\r\nX-A: b\r\n c\r\n\r\n",
    "trailers of 1 MiB": b"0\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"b" * 1000) for n in range(1000)) + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS)
async def test_chunk(gate: Gate, connect: Connect, upstream: Upstream, body: bytes) -> None:
    """The head may have gone on by then; a complete request may not. Nothing behind it is read as a request."""
    upstream.always(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    wire = await connect()
    await wire.send(request(POST, CHUNKED, body=body + SMUGGLED))
    await refusal(wire)
    later = await connect()
    await later.send(request(b"GET /later HTTP/1.1", b"Connection: close"))
    assert (await later.final()).status == 200
    assert [e.request.target for e in upstream.exchanges if e.complete] == [b"/later"]
    assert b"/smuggled" not in upstream.targets


async def test_a_chunked_body_beyond_the_limit(hasty: Gate, connect: Connect, upstream: Upstream) -> None:
    wire = await connect(hasty)
    await wire.send(request(POST, CHUNKED, body=b"4000\r\n" + b"x" * 0x4000 + b"\r\n"))
    await wire.send((b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 4 + b"0\r\n\r\n")
    assert (await wire.final()).status == 413
    await wire.end()
    assert not any(e.complete for e in upstream.exchanges)


@pytest.mark.parametrize(
    "garbage",
    [b"\x00\r\n\r\n", b"GET /second HTTP/1.1\r\n\r\n", request(b"GET  /second HTTP/1.1"), request(b"CONNECT a:1 HTTP/1.1"),
     request(b"POST /second HTTP/1.1", CHUNKED, b"Content-Length: 1", body=b"x")],
)  # fmt: skip
async def test_garbage_behind_a_valid_request(connect: Connect, upstream: Upstream, garbage: bytes) -> None:
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


async def test_nothing_is_read_behind_connection_close(connect: Connect, upstream: Upstream) -> None:
    """RFC 9112, section 9.6."""
    wire = await connect()
    await wire.send(request(b"GET /first HTTP/1.1", b"Connection: close") + SMUGGLED)
    assert (await wire.final()).status == 200
    await wire.end()
    assert not wire.buffer
    assert upstream.targets == [b"/first"]


FRAMING_TWINS = [
    b"Content_Length: 5",
    b"Transfer_Encoding: chunked",
    b"content_length: 0",
    b"TRANSFER_ENCODING: x",
]


@pytest.mark.parametrize("field", FRAMING_TWINS)
async def test_underscore_twins_of_framing_fields_never_pass(
    connect: Connect, upstream: Upstream, field: bytes
) -> None:
    """A CGI-like upstream cannot tell them from the real ones (RFC 3875, section 4.1.18)."""
    wire = await connect()
    await wire.send(request(GET, field, b"Connection: close"))
    response = await wire.final()
    assert response.status in (200, 400)
    for exchange in upstream.exchanges:
        assert field.split(b":")[0].lower() not in [name.lower() for name, _ in exchange.request.fields]
