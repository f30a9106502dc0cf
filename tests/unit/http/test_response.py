"""Response heads: RFC 9112 sections 4 and 6.3, RFC 9110 section 15."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.http.body import BodyUntilClose, ChunkedBody, LengthBody
from mailgate.http.grammar import Malformed
from mailgate.http.response import parse_response_head


def read(line=b"HTTP/1.1 200 OK", *fields, method=b"GET"):
    return parse_response_head(b"\r\n".join([line, *fields, b"", b""]), method=method, max_fields=5)


def test_a_response_is_kept_as_it_came():
    head = read(b"HTTP/1.1 200 Na\tsch\xf6n ", b"Set-Cookie: a", b"set-cookie:b")
    assert (head.status, head.reason, head.minor) == (200, b"Na\tsch\xf6n ", 1)
    assert head.fields == [(b"Set-Cookie", b"a"), (b"set-cookie", b"b")]


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 204 ", 204, b""),
        (b"HTTP/1.1 204", 204, b""),
        (b"HTTP/1.0 404 Not Found", 404, b"Not Found"),
        (b"HTTP/1.1 999 x", 999, b"x"),
    ],
)
def test_the_reason_may_be_missing(line, status, reason):
    """RFC 9112, 4: also without its space, as some servers send it."""
    head = read(line)
    assert (head.status, head.reason) == (status, reason)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"HTTP/1.1", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 099 OK", b"HTTP/1.1  200 OK"),
        *(b"HTTP/2 200", b"HTTP/2.0 200 OK", b"http/1.1 200 OK", b"ICY 200 OK", b"HTTP/1.1\t200 OK"),
        *(b" HTTP/1.1 200 OK", b"HTTP/1.1 +20 OK", b"HTTP/1.1 2e2 OK", b"HTTP/1.1 200OK"),
        *(b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 200 O\rK"),
    ],
)
def test_anything_else_is_no_status_line(line):
    with pytest.raises(Malformed):
        read(line)


@pytest.mark.parametrize("field", [b"A : b", b" folded", b"a", b"A: b\nc: d", b"A: \x00", b": b"])
def test_fields_are_read_strictly(field):
    """RFC 9112, 5: a gateway must not pass on what it would have to repair."""
    with pytest.raises(Malformed):
        read(b"HTTP/1.1 200 OK", field)


def test_too_many_fields_are_malformed():
    with pytest.raises(Malformed):
        read(b"HTTP/1.1 200 OK", *[b"A: b"] * 6)


LENGTH, CHUNKED = b"Content-Length: 5", b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("method", "status", "field", "body"),
    [
        pytest.param(b"GET", b"200", LENGTH, LengthBody, id="6.3 (6) length"),
        pytest.param(b"GET", b"200", CHUNKED, ChunkedBody, id="6.3 (4) chunked"),
        pytest.param(b"GET", b"200", b"A: b", BodyUntilClose, id="6.3 (8) until close"),
        pytest.param(b"GET", b"500", b"A: b", BodyUntilClose, id="6.3 (8) errors too"),
        pytest.param(b"GET", b"205", LENGTH, LengthBody, id="205 is framed like any other"),
        pytest.param(b"HEAD", b"200", LENGTH, None, id="6.3 (1) HEAD"),
        pytest.param(b"HEAD", b"200", CHUNKED, None, id="6.3 (1) HEAD, chunked"),
        pytest.param(b"HEAD", b"404", b"A: b", None, id="6.3 (1) HEAD, nothing said"),
        pytest.param(b"GET", b"304", LENGTH, None, id="6.3 (1) 304"),
        pytest.param(b"GET", b"204", LENGTH, None, id="6.3 (1) 204"),
        pytest.param(b"GET", b"100", LENGTH, None, id="6.3 (1) 1xx"),
        pytest.param(b"GET", b"103", b"Link: a", None, id="6.3 (1) 103"),
        pytest.param(b"GET", b"101", b"Upgrade: websocket", None, id="101"),
    ],
)
def test_the_framing_tells_the_end_of_a_body(method, status, field, body):
    head = read(b"HTTP/1.1 " + status + b" x", field, method=method)
    assert isinstance(head.body, body or LengthBody)
    assert head.body.done is (body is None)
    assert head.informational is (status < b"200")


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK", b"HTTP/1.1 304 Not Modified"])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([LENGTH, CHUNKED], id="6.3 (3) both"),
        pytest.param([LENGTH, LENGTH], id="6.3 (5) twice"),
        pytest.param([b"Content-Length: 5, 5"], id="6.3 (5) list"),
        pytest.param([b"Content-Length: -1"], id="sign"),
        pytest.param([b"Content-Length: 9223372036854775808"], id="2^63"),
        pytest.param([b"Transfer-Encoding: gzip, chunked"], id="6.1 a coding nobody asked for"),
        pytest.param([b"Transfer-Encoding: identity"], id="identity"),
        pytest.param([CHUNKED, CHUNKED], id="two fields"),
    ],
)
def test_an_unclear_end_of_the_body_is_malformed(method, line, fields):
    with pytest.raises(Malformed):
        read(line, *fields, method=method)


def test_transfer_encoding_in_http_1_0_is_malformed():
    """RFC 9112, 6.1."""
    with pytest.raises(Malformed):
        read(b"HTTP/1.0 200 OK", CHUNKED)


@pytest.mark.parametrize(
    ("line", "fields", "stays"),
    [
        (b"HTTP/1.1 200 OK", [LENGTH], True),
        (b"HTTP/1.1 200 OK", [CHUNKED], True),
        (b"HTTP/1.1 200 OK", [LENGTH, b"Connection: a, Close"], False),
        (b"HTTP/1.1 200 OK", [], False),
        (b"HTTP/1.1 200 OK", [b"Connection: keep-alive"], False),
        (b"HTTP/1.0 200 OK", [LENGTH], False),
        (b"HTTP/1.0 200 OK", [LENGTH, b"Connection: Keep-Alive"], True),
        (b"HTTP/1.1 204 x", [], True),
    ],
)
def test_a_connection_is_used_again_only_after_a_framed_body(line, fields, stays):
    """RFC 9112, 9.3: never where the body ends with the connection."""
    assert read(line, *fields).keep_alive is stays


WORDS = rb"HTTP/1.1|HTTP/1.0| |200|304|OK|:|a|Content-Length|Transfer-Encoding|chunked|5|,|Connection|close"
TEXT = st.sampled_from([*WORDS.split(b"|"), b"\r\n", b"\n", b"\r", b"\x00", b"\xff"])


@given(
    st.one_of(st.binary(max_size=80), st.lists(TEXT, max_size=20).map(b"".join)),
    st.sampled_from([b"GET", b"HEAD"]),
)
def test_random_heads_are_read_or_malformed(data, method):
    with suppress(Malformed):
        parse_response_head(data + b"\r\n\r\n", method=method, max_fields=5)


LINES = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 x", b"HTTP/1.1 304 x", b"HTTP/1.1 103 x"),
        *(b"HTTP/1.1 200", b"HTTP/2.0 200 OK", b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 20 OK"),
    ]
)
FIELD = st.sampled_from(
    [
        *(b"Content-Length: 5", b"Content-Length: x", b"Transfer-Encoding: chunked", b"Connection: close"),
        *(b"Connection: keep-alive", b"A:b", b"A : b", b"\x00"),
    ]
)


def outcome(method, head):
    try:
        read = parse_response_head(head, method=method, max_fields=2)
    except Malformed as error:
        return str(error)
    body = type(read.body), getattr(read.body, "left", None), read.body.done
    return read.status, read.reason, read.minor, read.fields, body, read.keep_alive


@given(st.sampled_from([b"GET", b"HEAD"]), LINES, st.lists(FIELD, max_size=3))
def test_heads_read_the_same_whatever_white_space_stands_around_their_values(method, line, fields):
    """RFC 9110, section 5.5. What is wrong too, to the letter."""
    usual = b"\r\n".join([line, *fields, b"", b""])
    spaced = b"\r\n".join([line, *(field.replace(b":", b":\t ", 1) + b" \t" for field in fields), b"", b""])
    assert outcome(method, spaced) == outcome(method, usual)
