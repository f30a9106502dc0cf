"""Request heads: RFC 9112 sections 2, 3 and 6, RFC 9110 section 7."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailgate.http.body import BodyUntilClose, ChunkedBody, LengthBody
from mailgate.http.grammar import Malformed
from mailgate.http.request import RequestRefused, parse_request_head, parse_response_head, refused_head
from mailgate.model import Reason


def read(line=b"GET / HTTP/1.1", *fields, host=b"Host: mail.example.com"):
    head = b"\r\n".join([line, *filter(None, [host]), *fields, b"", b""])
    return parse_request_head(head, max_fields=10)


def refusal(*lines, host=b"Host: mail.example.com"):
    with pytest.raises(RequestRefused) as refused:
        read(*lines, host=host)
    return refused.value.status, refused.value.reason


MALFORMED = (400, Reason.REQUEST_MALFORMED)
AMBIGUOUS = (400, Reason.REQUEST_AMBIGUOUS)
UNSUPPORTED = (501, Reason.REQUEST_NOT_SUPPORTED)


def test_a_request_is_kept_as_it_came():
    head = read(b"M-SEARCH /a%2Fb/%2e%2e/?q=%41&&? HTTP/1.1", b"X-a:  1", b"x-A: 2")
    assert (head.method, head.target, head.minor) == (b"M-SEARCH", b"/a%2Fb/%2e%2e/?q=%41&&?", 1)
    assert head.fields == [(b"Host", b"mail.example.com"), (b"X-a", b"1"), (b"x-A", b"2")]
    assert head.host == b"mail.example.com"
    assert (head.has_body, head.upgrade, head.keep_alive, head.refused) == (False, b"", True, None)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"GET  / HTTP/1.1", id="3 two spaces"),
        pytest.param(b"GET\t/\tHTTP/1.1", id="3 tabs"),
        pytest.param(b"GET / HTTP/1.1 ", id="3 space behind"),
        pytest.param(b" GET / HTTP/1.1", id="3 space before"),
        pytest.param(b"GET /a b HTTP/1.1", id="3.2 space in the target"),
        pytest.param(b"GET /", id="HTTP/0.9"),
        pytest.param(b"GET", id="one word"),
        pytest.param(b"", id="empty"),
        pytest.param(b"G(T / HTTP/1.1", id="3.1 method is no token"),
        pytest.param(b"GET /#top HTTP/1.1", id="3.2 fragment"),
        pytest.param("GET /é HTTP/1.1".encode(), id="3.2 target beyond ASCII"),
        pytest.param(b"GET /\x7f HTTP/1.1", id="3.2 control byte"),
        pytest.param(b"GET mail HTTP/1.1", id="3.2 relative"),
        pytest.param(b"GET * HTTP/1.1", id="3.2.4 asterisk without OPTIONS"),
        pytest.param(b"GET ?q HTTP/1.1", id="3.2.1 no path"),
        pytest.param(b"GET ftp://mail.example.com/ HTTP/1.1", id="3.2.2 another scheme"),
        pytest.param(b"GET http:///a HTTP/1.1", id="9110 4.2.1 no host"),
        pytest.param(b"GET http://user@mail.example.com/ HTTP/1.1", id="9110 4.2.4 userinfo"),
        pytest.param(b"GET http://a\\b/ HTTP/1.1", id="3.2.2 backslash in the host"),
        pytest.param(b"GET / http/1.1", id="2.3 version is case-sensitive"),
        pytest.param(b"GET / HTTP/1", id="2.3 no minor"),
        pytest.param(b"GET / HTTP/1.10", id="2.3 two digits"),
        pytest.param(b"GET / HTTP/ 1.1", id="2.3 space"),
        pytest.param(b"GET / XTTP/1.1", id="2.3 not HTTP"),
    ],
)
def test_the_request_line_is_method_target_version(line):
    assert refusal(line) == MALFORMED


@pytest.mark.parametrize("line", [b"GET / HTTP/2.0", b"PRI * HTTP/2.0", b"GET / HTTP/0.9", b"GET / HTTP/3.0"])
def test_another_major_version_is_not_spoken(line):
    """RFC 9110, 15.6.6."""
    assert refusal(line) == (505, Reason.REQUEST_NOT_SUPPORTED)


@pytest.mark.parametrize(("version", "minor"), [(b"1.0", 0), (b"1.1", 1), (b"1.2", 1), (b"1.9", 1)])
def test_a_higher_minor_version_is_taken_as_ours(version, minor):
    """RFC 9110, 2.5."""
    assert read(b"GET / HTTP/" + version).minor == minor


@pytest.mark.parametrize(
    ("line", "target", "host"),
    [
        (b"GET /a HTTP/1.1", b"/a", b"mail.example.com"),
        (b"GET //a//b HTTP/1.1", b"//a//b", b"mail.example.com"),
        (b"OPTIONS * HTTP/1.1", b"*", b"mail.example.com"),
        (b"GET http://Other.example:81/a?b HTTP/1.1", b"/a?b", b"Other.example:81"),
        (b"GET HTTPS://o.example HTTP/1.1", b"/", b"o.example"),
        (b"GET http://o.example?b HTTP/1.1", b"/?b", b"o.example"),
        (b"OPTIONS http://o.example/ HTTP/1.1", b"/", b"o.example"),
        (b"OPTIONS http://o.example HTTP/1.1", b"*", b"o.example"),
        (b"OPTIONS http://o.example?b HTTP/1.1", b"/?b", b"o.example"),
    ],
)
def test_targets_become_origin_form_and_an_absolute_one_names_the_host(line, target, host):
    """RFC 9112, 3.2.1, 3.2.2 and 3.2.4."""
    head = read(line)
    assert (head.target, head.host) == (target, host)
    assert head.scheme == line.split()[1].partition(b"://")[0].lower() * (b"://" in line)


def test_connect_is_not_offered():
    """RFC 9110, 9.3.6: this is no tunnel."""
    assert refusal(b"CONNECT mail.example.com:443 HTTP/1.1") == UNSUPPORTED


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_two_hosts_are_ambiguous_even_if_they_agree(version):
    """RFC 9112, 3.2."""
    assert refusal(b"GET / HTTP/" + version, b"host: mail.example.com") == AMBIGUOUS


@pytest.mark.parametrize(
    "logins",
    [
        [b"Authorization: Basic YTpi", b"Authorization: Basic Yzpk"],
        [b"Authorization: Basic YTpi", b"AUTHORIZATION: Basic YTpi"],
        [b"Authorization: Bearer x", b"authorization:"],
        [b"Authorization: Basic YTpi, Basic Yzpk"],
        [b"authorization: bASIC YTpi,Basic Yzpk"],
        [b"Authorization: Bearer x, Basic Yzpk"],
    ],
)
@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1", b"POST /Microsoft-Server-ActiveSync HTTP/1.1", b"OPTIONS * HTTP/1.0"]
)
def test_two_logins_are_ambiguous_even_if_they_agree(line, logins):
    """RFC 9110, 5.3 and 11.6.2: the field is no list. A gate and a webmail that take another one each would be of two minds who asks."""
    assert refusal(line, *logins) == AMBIGUOUS


@pytest.mark.parametrize(
    "login",
    [
        b"Basic YTpi",
        b"Bearer a.b-c",
        b"Negotiate YTpi==",
        b'Digest username="a", realm="b, c"',
        b"Basic",
        b"",
    ],
)
def test_one_login_may_be_of_any_scheme(login):
    assert read(b"GET / HTTP/1.1", b"Authorization: " + login, b"Cookie: a=1", b"Cookie: b=2").fields


@pytest.mark.parametrize("host", [b"", b"  ", b"a%2", b"%zz", b"a" * 513])
def test_a_host_is_never_empty_nor_half_encoded_nor_endless(host):
    """RFC 9110, 4.2.1; RFC 3986, 2.1."""
    assert refusal(host=b"Host: " + host) == MALFORMED


@pytest.mark.parametrize(
    ("line", "fields", "hops"),
    [
        (b"OPTIONS * HTTP/1.1", [b"Max-Forwards: 0"], 0),
        (b"TRACE / HTTP/1.1", [b"max-forwards: 12"], 12),
        (b"TRACE / HTTP/1.1", [], None),
        (b"TRACE / HTTP/1.1", [b"Max-Forwards: -1"], None),
        (b"TRACE / HTTP/1.1", [b"Max-Forwards: 0", b"Max-Forwards: 1"], None),
        (b"GET / HTTP/1.1", [b"Max-Forwards: 0"], None),
    ],
)
def test_max_forwards_counts_for_trace_and_options(line, fields, hops):
    """RFC 9110, 7.6.2."""
    assert read(line, *fields).max_forwards == hops


def test_only_http_1_0_may_leave_the_host_out():
    assert refusal(host=None) == AMBIGUOUS
    assert read(b"GET / HTTP/1.0", host=None).host == b""


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"user@a", b"[::1", b"a:b:c", b"a?b", b"\xff"])
@pytest.mark.parametrize("line", [b"GET / HTTP/1.1", b"GET http://o.example/ HTTP/1.1"])
def test_an_invalid_host_is_refused_also_beside_an_absolute_target(host, line):
    """RFC 9112, 3.2: 400 to *any* request message with an invalid Host."""
    assert refusal(line, host=b"Host: " + host) == MALFORMED


@pytest.mark.parametrize(
    ("version", "connection", "stays"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"close", False),
        (b"1.1", b"x, CLOSE", False),
        (b"1.1", b"keep-alive, close", False),
        (b"1.0", b"", False),
        (b"1.0", b"Keep-Alive", True),
        (b"1.0", b"keep-alive, close", False),
    ],
)
def test_version_and_connection_tell_whether_a_connection_is_kept(version, connection, stays):
    """RFC 9112, 9.3."""
    assert read(b"GET / HTTP/" + version, b"Connection: " + connection).keep_alive is stays


@pytest.mark.parametrize(
    ("field", "length", "is_chunked"),
    [
        (b"A: b", None, False),
        (b"Content-Length: 0", 0, False),
        (b"Content-Length: 12", 12, False),
        (b"Transfer-Encoding: Chunked", None, True),
    ],
)
def test_length_or_chunked_tells_the_end_of_a_body(field, length, is_chunked):
    """RFC 9112, 6.3: without either field there is none."""
    head = read(b"POST / HTTP/1.1", field)
    assert (head.length, head.chunked, head.has_body) == (length, is_chunked, bool(length) or is_chunked)
    assert isinstance(head.body(), ChunkedBody if is_chunked else LengthBody)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([b"Content-Length: 5", b"Transfer-Encoding: chunked"], id="6.3 (3) both"),
        pytest.param([b"Transfer-Encoding: chunked", b"Content-Length: 0"], id="6.3 (3) both, length zero"),
        pytest.param([b"Content-Length: 5", b"Content-Length: 5"], id="6.3 (5) twice"),
        pytest.param([b"Content-Length: 5", b"content-length: x"], id="one of two is no number"),
        pytest.param([b"Transfer-Encoding: identity"], id="identity"),
        pytest.param([b"Transfer-Encoding: chunked, gzip"], id="6.3 (4) chunked is not last"),
        pytest.param([b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], id="two fields"),
    ],
)
def test_an_unclear_end_of_the_body_is_refused(fields):
    assert refusal(b"POST / HTTP/1.1", *fields) == AMBIGUOUS


def test_transfer_encoding_in_http_1_0_is_refused():
    """RFC 9112, 6.1: its framing is to be taken as faulty."""
    assert refusal(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked") == AMBIGUOUS


@pytest.mark.parametrize("codings", [b"gzip, chunked", b"x, , chunked"])
def test_other_transfer_codings_are_not_understood(codings):
    """RFC 9112, 6.1: 501."""
    assert refusal(b"POST / HTTP/1.1", b"Transfer-Encoding: " + codings) == UNSUPPORTED


@pytest.mark.parametrize("field", [b"A : b", b" folded", b"A\x00: b", b"A: b\rc", b"A: b\nc", b"nothing"])
def test_fields_are_read_strictly(field):
    assert refusal(b"GET / HTTP/1.1", field) == MALFORMED


def test_too_many_fields_are_refused():
    """RFC 6585, 5."""
    assert refusal(b"GET / HTTP/1.1", *[b"A: b"] * 10) == (431, Reason.REQUEST_HEAD_TOO_LARGE)
    assert len(read(b"GET / HTTP/1.1", *[b"A: b"] * 9).fields) == 10


@pytest.mark.parametrize(
    ("line", "fields", "upgrade"),
    [
        (b"GET / HTTP/1.1", [b"Connection: keep-alive, UPGRADE", b"Upgrade: WebSocket"], b"websocket"),
        (b"GET / HTTP/1.1", [b"Upgrade: websocket"], b""),
        (b"GET / HTTP/1.1", [b"Connection: upgrade"], b""),
        (b"GET / HTTP/1.1", [b"Connection: upgrade", b"Upgrade: h2c"], b""),
        (b"GET / HTTP/1.1", [b"Connection: upgrade", b"Upgrade: websocket, h2c"], b""),
        (b"POST / HTTP/1.1", [b"Connection: upgrade", b"Upgrade: websocket"], b""),
        (b"GET / HTTP/1.0", [b"Connection: upgrade", b"Upgrade: websocket"], b""),
        (b"GET / HTTP/1.1", [b"Connection: upgrade", b"Upgrade: websocket", b"Content-Length: 1"], b""),
    ],
)
def test_only_a_clean_websocket_handshake_may_switch(line, fields, upgrade):
    """RFC 9110, 7.8: any other wish is ignored; RFC 6455, 4.1."""
    assert read(line, *fields).upgrade == upgrade


def test_a_refusal_says_what_is_wrong_and_never_repeats_the_bytes():
    with pytest.raises(RequestRefused) as refused:
        read(b"GET / HTTP/1.1", b"Cookie secret=1")
    assert refused.value.detail == "The request is malformed: a line that is not `name: value`."


def test_a_refused_head_stands_in_the_queue_and_ends_the_connection():
    why = RequestRefused(400, Reason.REQUEST_MALFORMED, "no")
    head = refused_head(why)
    assert (head.refused, head.keep_alive, head.has_body) == (why, False, False)


@pytest.mark.parametrize(
    ("begun", "method"),
    [
        (b"HEAD / HTTP/1.1\r\nA : b\r\n\r\n", b"HEAD"),
        (b"\r\nHEAD \x00", b"HEAD"),
        (b"HEADER / HTTP/1.1\r\n\r\n", b""),
        (b"head / HTTP/1.1\r\n\r\n", b""),
        (b"GET /HEAD HTTP/1.1\r\n\r\n", b""),
        (b"", b""),
    ],
)
def test_a_refused_head_tells_whether_its_answer_has_a_body(begun, method):
    """RFC 9110, 9.3.2: the client would read the body as its next answer."""
    assert refused_head(RequestRefused(400, Reason.REQUEST_MALFORMED, "no"), begun).method == method


def test_a_refused_head_keeps_nothing_that_was_read():
    """Else every refused head is in memory until somebody looks for cycles."""
    with pytest.raises(RequestRefused) as refused:
        read(b"GET / HTTP/1.1", b"Cookie secret=1")
    why = refused_head(refused.value).refused
    assert (why.__traceback__, why.__context__, why.__cause__) == (None, None, None)


WORDS = rb"GET| |/|HTTP/1.1|HTTP/1.0|Host|:|a|http://|Content-Length|Transfer-Encoding|chunked|5|,|Connection|close|*"
TEXT = st.sampled_from([*WORDS.split(b"|"), b"\r\n", b"\n", b"\r", b"\x00", b"\xff"])


@given(st.one_of(st.binary(max_size=80), st.lists(TEXT, max_size=20).map(b"".join)))
@example(b"")
@example(b"\r\n")
def test_random_heads_are_read_or_refused(data):
    head = data.replace(b"\r\n\r\n", b"") + b"\r\n\r\n"
    try:
        read = parse_request_head(head, max_fields=10)
    except RequestRefused:
        return
    assert read.target.startswith(b"/") or read.target == b"*"
    assert not (read.chunked and read.length is not None)


LINES = st.sampled_from(
    [
        b"%b %b HTTP/%b" % (method, target, version)
        for method in (b"GET", b"HEAD", b"POST", b"OPTIONS", b"CONNECT", b"X", b"(")
        for target in (b"/", b"/a?b", b"*", b"http://b.example/c", b"HTTPS://b", b"a", b"/\x00", b"/\r", b"")
        for version in (b"1.1", b"1.0", b"1.7", b"2.0", b"1.1 ")
    ]
)
FIELD = st.sampled_from(
    [
        *(b"Host: a", b"Host: b@", b"Content-Length: 5", b"content-length: x", b"Transfer-Encoding: chunked"),
        *(b"Connection: close", b"Connection: keep-alive, upgrade", b"Upgrade: websocket", b"A:b", b"A : b"),
        *(b"Transfer-Encoding: gzip, chunked", b"\x00", b"TE: trailers", b"Max-Forwards: 3"),
        *(
            b"User-Agent: x",
            b"User-Agent: y z",
            b"User-Agent: \x00",
            b"X-Original-URI: /a",
            b"X-Original-URI: /b",
        ),
    ]
)


def outcome(head):
    try:
        return parse_request_head(head, max_fields=3)
    except RequestRefused as refused:
        return refused.status, refused.reason, refused.detail


@given(LINES, st.lists(FIELD, max_size=4))
def test_heads_read_the_same_whatever_white_space_stands_around_their_values(line, fields):
    """RFC 9110, section 5.5. A refusal too, to the letter."""
    usual = b"\r\n".join([line, *fields, b"", b""])
    spaced = b"\r\n".join([line, *(field.replace(b":", b":\t ", 1) + b" \t" for field in fields), b"", b""])
    assert outcome(spaced) == outcome(usual)


BASIC = b"YWRhOnNlY3JldA=="


@pytest.mark.parametrize(
    "login",
    [
        BASIC[:-1],
        BASIC[:-2],
        BASIC + b"=",
        BASIC + b" x",
        b"\t" + BASIC,
        b"YWRh\tOnM=",
        b"ada:secret",
        b"YWRhOnM=YWRh",
    ],
)
def test_basic_credentials_that_one_server_reads_otherwise_than_another_are_ambiguous(login):
    """RFC 7617, section 2: what the gate could not read would name nobody to the rules, and somebody to the webmail."""
    head = b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic %b\r\n\r\n" % login
    with pytest.raises(RequestRefused) as refused:
        parse_request_head(head, max_fields=9)
    assert (refused.value.status, refused.value.reason) == (400, "request-ambiguous")


@pytest.mark.parametrize(
    "value", [b"Basic " + BASIC, b"basic   " + BASIC, b"Basic", b"Bearer x", b"Negotiate YII="]
)
def test_a_login_that_everybody_reads_alike_passes(value):
    head = b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: %b\r\n\r\n" % value
    assert parse_request_head(head, max_fields=9).method == b"GET"


def response_read(line=b"HTTP/1.1 200 OK", *fields, method=b"GET"):
    return parse_response_head(b"\r\n".join([line, *fields, b"", b""]), method=method, max_fields=5)


def test_a_response_is_kept_as_it_came():
    head = response_read(b"HTTP/1.1 200 Na\tsch\xf6n ", b"Set-Cookie: a", b"set-cookie:b")
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
    head = response_read(line)
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
        response_read(line)


@pytest.mark.parametrize("field", [b"A : b", b" folded", b"a", b"A: b\nc: d", b"A: \x00", b": b"])
def test_fields_are_read_strictly_of_response(field):
    """RFC 9112, 5: a gateway must not pass on what it would have to repair."""
    with pytest.raises(Malformed):
        response_read(b"HTTP/1.1 200 OK", field)


def test_too_many_fields_are_malformed():
    with pytest.raises(Malformed):
        response_read(b"HTTP/1.1 200 OK", *[b"A: b"] * 6)


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
    head = response_read(b"HTTP/1.1 " + status + b" x", field, method=method)
    assert isinstance(head.body(), body or LengthBody)
    assert head.body().done is (body is None)
    assert head.informational is (status < b"200")


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK", b"HTTP/1.1 304 Not Modified"])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([LENGTH, CHUNKED], id="6.3 (3) both"),
        pytest.param([LENGTH, LENGTH], id="6.3 (5) twice"),
        pytest.param([b"Transfer-Encoding: gzip, chunked"], id="6.1 a coding nobody asked for"),
        pytest.param([b"Transfer-Encoding: identity"], id="identity"),
        pytest.param([CHUNKED, CHUNKED], id="two fields"),
    ],
)
def test_an_unclear_end_of_the_body_is_malformed(method, line, fields):
    with pytest.raises(Malformed):
        response_read(line, *fields, method=method)


def test_transfer_encoding_in_http_1_0_is_malformed():
    """RFC 9112, 6.1."""
    with pytest.raises(Malformed):
        response_read(b"HTTP/1.0 200 OK", CHUNKED)


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
    assert response_read(line, *fields).keep_alive is stays


@given(
    st.one_of(st.binary(max_size=80), st.lists(TEXT, max_size=20).map(b"".join)),
    st.sampled_from([b"GET", b"HEAD"]),
)
def test_random_heads_are_read_or_malformed(data, method):
    with suppress(Malformed):
        parse_response_head(data + b"\r\n\r\n", method=method, max_fields=5)


LINES_RESPONSE = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK", b"HTTP/1.1 204 x", b"HTTP/1.1 304 x", b"HTTP/1.1 103 x"),
        *(b"HTTP/1.1 200", b"HTTP/2.0 200 OK", b"HTTP/1.1 200 O\x00K", b"HTTP/1.1 20 OK"),
    ]
)
FIELD_RESPONSE = st.sampled_from(
    [
        *(b"Content-Length: 5", b"Content-Length: x", b"Transfer-Encoding: chunked", b"Connection: close"),
        *(b"Connection: keep-alive", b"A:b", b"A : b", b"\x00"),
    ]
)


def response_outcome(method, head):
    try:
        response_read = parse_response_head(head, method=method, max_fields=2)
    except Malformed as error:
        return str(error)
    return (
        response_read.status,
        response_read.reason,
        response_read.minor,
        response_read.fields,
        (response_read.length, response_read.chunked),
        response_read.keep_alive,
    )


@given(st.sampled_from([b"GET", b"HEAD"]), LINES_RESPONSE, st.lists(FIELD_RESPONSE, max_size=3))
def test_heads_read_the_same_whatever_white_space_stands_around_their_values_of_response(
    method, line, fields
):
    """RFC 9110, section 5.5. What is wrong too, to the letter."""
    usual = b"\r\n".join([line, *fields, b"", b""])
    spaced = b"\r\n".join([line, *(field.replace(b":", b":\t ", 1) + b" \t" for field in fields), b"", b""])
    assert response_outcome(method, spaced) == response_outcome(method, usual)
