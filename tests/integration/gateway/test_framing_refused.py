"""A body whose end is unclear is refused, and nothing behind it is read as a request (RFC 9112, sections 6 and 7)."""

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import request
from tests.integration.gateway.refusal import assert_refused, refusal
from tests.integration.gateway.scripted_upstream import Upstream

GET = b"GET / HTTP/1.1"
POST = b"POST / HTTP/1.1"
CHUNKED = b"Transfer-Encoding: chunked"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"


LENGTHS = [b"", b"+5", b"-5", b"-0", b"0x5", b"5 5", b"5,5", b"5, 5", b"5, 6", b"5;", b"5.0", b"5e0", b"0_5", b"1_0", b"five", b'"5"',
           b"\xd9\xa5", b"\xef\xbc\x95", b"\xb2", b"9223372036854775808", b"18446744073709551617", b"18446744073709551621", b"9" * 40, b"1" * 5000]  # fmt: skip


@pytest.mark.parametrize("length", LENGTHS, ids=lambda value: repr(value[:24]))
async def test_a_malformed_content_length_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, length: bytes
) -> None:
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
async def test_ambiguous_framing_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, fields: tuple[bytes, ...]
) -> None:
    body = b"0\r\n\r\n" + SMUGGLED
    await assert_refused(connect, upstream, gate, request(POST, *fields, body=body))


@pytest.mark.parametrize(
    "fields", [(CHUNKED,), (CHUNKED, b"Content-Length: 5"), (CHUNKED, b"Connection: keep-alive")]
)
async def test_transfer_encoding_in_http_1_0_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, fields: tuple[bytes, ...]
) -> None:
    """RFC 9112, section 6.1: the framing is faulty."""
    sent = request(b"POST / HTTP/1.0", *fields, body=b"0\r\n\r\n" + SMUGGLED)
    await assert_refused(connect, upstream, gate, sent)


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
async def test_a_malformed_chunk_is_refused(
    gate: Gate, connect: Connect, upstream: Upstream, body: bytes
) -> None:
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


async def test_a_chunked_body_beyond_the_limit_is_refused(
    steady: Gate, connect: Connect, upstream: Upstream
) -> None:
    wire = await connect(steady)
    await wire.send(request(POST, CHUNKED, body=b"4000\r\n" + b"x" * 0x4000 + b"\r\n"))
    await wire.send((b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 4 + b"0\r\n\r\n")
    assert (await wire.final()).status == 413
    await wire.end()
    assert not any(e.complete for e in upstream.exchanges)


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
