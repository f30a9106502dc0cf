"""What a proxy must change in a head, and nothing more: RFC 9110 section 7.6, RFC 9112 section 9."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.http.cookies import without_own
from mailgate.http.forgeable import HOP_BY_HOP, forgeable
from mailgate.http.grammar import Malformed, connection_options
from mailgate.http.proxy.heads import (
    Framing,
    Rewrite,
    connection_option,
    framing_for,
    informational_head,
    request_head,
    response_head,
    safe_trailers,
    switching_head,
)
from mailgate.http.request import parse_request_head, parse_response_head
from mailgate.http.trusted_headers import Origin

ORIGIN = Origin("203.0.113.9", "https", b"mail.example.com", b"203.0.113.9, 10.1.1.1")
REWRITE = Rewrite.between("https://mail.example.com", "http://inner:9080")
OURS = (
    b"X-Forwarded-For: 203.0.113.9, 10.1.1.1\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-Host: mail.example.com\r\nX-Real-IP: 203.0.113.9\r\n"
)


def request(*fields, line=b"GET /a HTTP/1.1", host=b"Host: mail.example.com"):
    lines = [line, *filter(None, [host]), *fields, b"", b""]
    return parse_request_head(b"\r\n".join(lines), max_fields=99)


def response(*fields, line=b"HTTP/1.1 200 OK", method=b"GET"):
    return parse_response_head(b"\r\n".join([line, *fields, b"", b""]), method=method, max_fields=99)


def to_webmail(head):
    """The field lines that the webmail gets, without the ones that the gate always adds."""
    written = request_head(head, ORIGIN, default_host=b"default.example")
    line, _, rest = written.partition(b"\r\n")
    assert rest.endswith(b"\r\n\r\n")
    assert rest.count(OURS) == 1
    assert rest.count(b"Via: 1.%d mailgate\r\n" % head.minor) == 1
    rest = rest.replace(OURS, b"").replace(b"Via: 1.%d mailgate\r\n" % head.minor, b"")
    return line, rest.split(b"\r\n")[:-2]


def test_end_to_end_fields_go_on_byte_for_byte_in_order():
    head = request(b"COOKIE: a=1", b"x: \xff", b"cookie:  b", b"Via: 1.0 x", line=b"PUT /%2e%2e/?? HTTP/1.1")
    assert to_webmail(head) == (
        b"PUT /%2e%2e/?? HTTP/1.1",
        [b"Host: mail.example.com", b"COOKIE: a=1", b"x: \xff", b"cookie: b", b"Via: 1.0 x"],
    )


@pytest.mark.parametrize(
    "field",
    [
        *(b"Keep-Alive: timeout=5", b"Proxy-Connection: keep-alive", b"TE: gzip", b"Upgrade: h2c"),
        *(b"Proxy-Authorization: Basic x", b"HTTP2-Settings: x", b"Connection: keep-alive"),
        *(
            b"X-Forwarded-For: 6.6.6.6",
            b"X_Forwarded_For: 6.6.6.6",
            b"Forwarded: for=6.6.6.6",
            b"X-Real_IP: 6.6.6.6",
        ),
        *(b"Client-Cert: :x:", b"SSL_CLIENT_VERIFY: SUCCESS", b"Device-Attestation: x", b"DPoP: x"),
        *(
            b"X-Device-Reason: clean",
            b"X-Mailgate-Kind: laptop",
            b"Remote-User: root",
            b"Proxy: http://evil.example",
        ),
        *(b"Transfer_Encoding: chunked", b"Content_Length: 5", b"Keep_Alive: timeout=5"),
    ],
)
def test_hop_by_hop_and_forgeable_fields_stay_here(field):
    """RFC 9110, 7.6.1."""
    assert to_webmail(request(field, b"A: b"))[1] == [b"Host: mail.example.com", b"A: b"]


@pytest.mark.parametrize(("user", "told"), [(b"ann", [b"ann"]), (b"", [])])
def test_the_webmail_is_told_the_user_that_a_trusted_proxy_named(user, told):
    forged = (b"X-Forwarded-User: root", b"X_Forwarded_User: root", b"Connection: x-forwarded-user")
    lines = request_head(request(*forged), replace(ORIGIN, user=user), default_host=b"a").split(b"\r\n")
    assert [value for name, _, value in (line.partition(b": ") for line in lines) if b"User" in name] == told


def test_fields_named_by_connection_stay_here():
    """RFC 9110, 7.6.1."""
    assert to_webmail(request(b"X-Hop: 1", b"Connection: x-hop, Close", b"A: b"))[1] == [
        b"Host: mail.example.com",
        b"A: b",
    ]


def test_connection_cannot_name_away_what_frames_or_routes_or_tells_who_is_there():
    names = b"Connection: host, content-length, transfer-encoding, x-forwarded-for, x-real-ip, via"
    head = request(b"Content-Length: 3", names, line=b"POST / HTTP/1.1")
    assert to_webmail(head)[1] == [b"Host: mail.example.com", b"Content-Length: 3"]
    head = request(b"Transfer-encoding: Chunked", names, line=b"POST / HTTP/1.1")
    assert to_webmail(head)[1] == [b"Host: mail.example.com", b"Transfer-encoding: chunked"]


def test_the_webmail_is_spoken_to_in_http_1_1_with_a_host():
    """RFC 9112, 3.2."""
    head = request(b"A: b", line=b"GET / HTTP/1.0", host=None)
    told = request_head(head, replace(ORIGIN, host=b""), default_host=b"default.example")
    assert b"\r\nX-Forwarded-Host: default.example\r\n" in told
    assert to_webmail(head) == (b"GET / HTTP/1.1", [b"Host: default.example", b"A: b"])


def test_an_absolute_target_replaces_the_host_it_came_with():
    """RFC 9112, 3.2.2."""
    head = request(line=b"GET http://o.example:81/a HTTP/1.1")
    assert to_webmail(head) == (b"GET /a HTTP/1.1", [b"Host: o.example:81"])


def test_max_forwards_is_one_less_on_the_way_out():
    """RFC 9110, 7.6.2."""
    assert to_webmail(request(b"Max-Forwards: 3", line=b"OPTIONS / HTTP/1.1"))[1][1:] == [b"Max-Forwards: 2"]
    assert to_webmail(request(b"Max-Forwards: 3"))[1][1:] == [b"Max-Forwards: 3"]


def test_http_1_0_has_no_expectations():
    """RFC 9110, 10.1.1."""
    assert to_webmail(request(b"Expect: 100-continue"))[1][1:] == [b"Expect: 100-continue"]
    assert to_webmail(request(b"Expect: 100-continue", line=b"POST / HTTP/1.0"))[1][1:] == []


def test_a_length_is_written_in_one_way():
    """Two readings of ``007`` would be two ends of the body."""
    assert to_webmail(request(b"content-length: 007", line=b"POST / HTTP/1.1"))[1][1:] == [
        b"content-length: 7"
    ]


def test_te_trailers_and_websocket_are_asked_for_anew():
    """RFC 9110, 10.1.4 and 7.8: each with its own Connection option."""
    assert to_webmail(request(b"TE: gzip, Trailers", b"Connection: TE"))[1][1:] == [
        b"Connection: TE",
        b"TE: trailers",
    ]
    switch = request(b"Connection: keep-alive, upgrade", b"Upgrade: WebSocket", b"Sec-WebSocket-Key: x")
    assert to_webmail(switch)[1][1:] == [
        b"Sec-WebSocket-Key: x",
        b"Connection: Upgrade",
        b"Upgrade: websocket",
    ]


LENGTH, CHUNKED = b"Content-Length: 5", b"Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("line", "connection", "fields", "closing", "chunked", "keep_alive"),
    [
        (b"HTTP/1.1", b"", [LENGTH], False, False, True),
        (b"HTTP/1.1", b"", [CHUNKED], False, True, True),
        (b"HTTP/1.1", b"", [], False, True, True),
        (b"HTTP/1.1", b"close", [LENGTH], False, False, False),
        (b"HTTP/1.1", b"", [LENGTH], True, False, False),
        (b"HTTP/1.0", b"keep-alive", [LENGTH], False, False, True),
        (b"HTTP/1.0", b"keep-alive", [CHUNKED], False, False, False),
        (b"HTTP/1.0", b"keep-alive", [], False, False, False),
        (b"HTTP/1.0", b"", [LENGTH], False, False, False),
    ],
)
def test_the_version_of_the_client_decides_framing_and_keep_alive(
    line, connection, fields, closing, chunked, keep_alive
):
    """RFC 9112, 6.1: no chunks to HTTP/1.0; 9.3: who may keep the connection."""
    asked = request(b"Connection: " + connection, line=b"GET / " + line)
    framing = framing_for(asked, response(*fields), closing=closing)
    assert (framing.chunked, framing.keep_alive) == (chunked, keep_alive)


@pytest.mark.parametrize(
    ("line", "te", "trailers"),
    [(b"HTTP/1.1", b"trailers", True), (b"HTTP/1.1", b"gzip", False), (b"HTTP/1.0", b"trailers", False)],
)
def test_trailers_go_to_those_who_take_them(line, te, trailers):
    """RFC 9110, 6.5.1."""
    framing = framing_for(request(b"TE: " + te, line=b"GET / " + line), response(CHUNKED), closing=False)
    assert framing.trailers is trailers


NOW = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
DATE = b"Date: Tue, 24 Nov 2026 09:05:07 GMT"


def written(head, *, asked=None, chunked=False, keep_alive=True, trailers=False):
    framing = Framing(chunked=chunked, keep_alive=keep_alive, trailers=trailers)
    return response_head(asked or request(), head, framing, REWRITE, NOW).split(b"\r\n")[:-2]


def to_client(head, **how):
    """The lines that the client gets, without the date that the gate adds."""
    return [line for line in written(head, **how) if line != DATE]


@pytest.mark.parametrize(
    ("fields", "dates"),
    [
        ([], [DATE]),
        ([b"X-Date: a"], [DATE]),
        ([b"date: Tue, 15 Nov 1994 08:12:31 GMT"], [b"date: Tue, 15 Nov 1994 08:12:31 GMT"]),
        ([b"Date: yesterday"], [b"Date: yesterday"]),
        ([b"Connection: date", b"Date: a hop's own"], [DATE]),
    ],
)
def test_an_answer_without_a_date_gets_one(fields, dates):
    """RFC 9110, 6.6.1: a recipient with a clock adds it; one that is there is the webmail's affair."""
    lines = written(response(*fields, LENGTH))
    assert [line for line in lines if line.lower().startswith(b"date:")] == dates


def test_status_line_and_end_to_end_fields_reach_the_client_unchanged():
    head = response(b"Set-Cookie: a", LENGTH, b"set-cookie: b", b"X: \xff", line=b"HTTP/1.0 404 N\xf6 such ")
    assert to_client(head) == [
        *(b"HTTP/1.1 404 N\xf6 such ", b"Set-Cookie: a", LENGTH, b"set-cookie: b", b"X: \xff")
    ]
    assert to_client(response(line=b"HTTP/1.1 204"))[0] == b"HTTP/1.1 204 "  # RFC 9112, 4: the space stays


def test_hop_by_hop_fields_of_the_webmail_stay_here():
    fields = (
        b"Connection: X-Hop|x-hop: 1|Keep-Alive: a|Proxy-Authenticate: Basic|Upgrade: h2|Trailer: a".split(
            b"|"
        )
    )
    assert to_client(response(*fields, LENGTH)) == [b"HTTP/1.1 200 OK", LENGTH]
    assert to_client(response(b"Trailer: a", CHUNKED), chunked=True, trailers=True)[1] == b"Trailer: a"


@pytest.mark.parametrize("name", [b"X-Device-Status", b"X-Mailgate-User", b"mailgate_probe"])
def test_fields_in_the_name_of_the_gate_stay_here(name):
    assert to_client(response(name + b": x", b"X-Devices: y", LENGTH))[1:] == [b"X-Devices: y", LENGTH]
    interim = response(name + b": x", line=b"HTTP/1.1 103 Early Hints")
    assert informational_head(interim) == b"HTTP/1.1 103 Early Hints\r\n\r\n"


def test_the_body_is_framed_once():
    """RFC 9112, 6.1 and 6.2."""
    assert to_client(response(b"transfer-encoding: Chunked"), chunked=True)[1:] == [
        b"transfer-encoding: chunked"
    ]
    assert to_client(response(), chunked=True)[1:] == [CHUNKED]
    assert to_client(response(CHUNKED), chunked=False)[1:] == []
    assert to_client(response(b"Connection: content-length", LENGTH))[1:] == [LENGTH]


def test_204_has_no_length_and_304_keeps_it():
    """RFC 9110, 8.6."""
    assert to_client(response(LENGTH, line=b"HTTP/1.1 204 x"))[1:] == []
    assert to_client(response(LENGTH, line=b"HTTP/1.1 304 x"))[1:] == [LENGTH]


def test_addresses_of_the_webmail_are_rewritten():
    head = response(
        b"Location: http://inner:9080/a", b"Set-Cookie: a=b; Domain=inner", b"X: http://inner:9080/"
    )
    assert to_client(head)[1:] == [
        *(b"Location: https://mail.example.com/a", b"Set-Cookie: a=b", b"X: http://inner:9080/")
    ]


@pytest.mark.parametrize(
    ("version", "keep_alive", "said"),
    [
        (b"1.1", True, b""),
        (b"1.1", False, b"Connection: close\r\n"),
        (b"1.0", True, b"Connection: keep-alive\r\n"),
        (b"1.0", False, b"Connection: close\r\n"),
    ],
)
def test_connection_is_said_where_it_is_not_the_default(version, keep_alive, said):
    """RFC 9112, 9.3."""
    assert connection_option(request(line=b"GET / HTTP/" + version), keep_alive=keep_alive) == said


def test_interim_responses_go_on_without_framing():
    """RFC 9110, 15.2."""
    head = response(b"Link: <a>", LENGTH, b"Connection: x", b"X: y", line=b"HTTP/1.1 103 Early Hints")
    assert informational_head(head) == b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"


def test_a_switch_says_to_what():
    """RFC 9110, 7.8."""
    head = response(
        b"Sec-WebSocket-Accept: x", b"Upgrade: websocket", b"Connection: upgrade", line=b"HTTP/1.1 101 S"
    )
    assert switching_head(head, b"websocket") == (
        b"HTTP/1.1 101 S\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )


@pytest.mark.parametrize(
    "name",
    b"Content-Length Transfer-Encoding Host Set-Cookie Cookie Authorization Connection Trailer TE Content-Type "
    b"Content-Encoding Content-Range Cache-Control Location Expect X-Forwarded-For X_Forwarded_For Client-Cert".split(),
)
def test_trailers_cannot_change_how_a_message_or_its_sender_is_understood(name):
    """RFC 9110, 6.5.1."""
    assert safe_trailers([(b"Digest", b"a"), (name.lower(), b"x"), (name, b"x")]) == [(b"Digest", b"a")]


@pytest.mark.parametrize(
    ("sent", "passed_on"),
    [
        ([b"Cookie: a=1; mailgate-probe=x"], [b"Cookie: a=1"]),
        ([b"Cookie: mailgate-probe=x; mailgate-warned=y"], []),
        ([b"COOKIE: mailgate-warned=y", b"cookie: b=\xff"], [b"cookie: b=\xff"]),
        ([b"Cookie:"], [b"Cookie: "]),
        ([b"Cookie: a=1; mailgate-probe=x", b"Connection: cookie"], []),
    ],
)
def test_the_gates_own_cookies_stay_here(sent, passed_on):
    assert to_webmail(request(*sent))[1] == [b"Host: mail.example.com", *passed_on]


ASKED = st.tuples(
    st.sampled_from([b"GET / HTTP/1.1", b"GET / HTTP/1.0", b"GET http://b/ HTTP/1.1", b"OPTIONS * HTTP/1.1"]),
    st.lists(
        st.sampled_from(
            [
                *(b"Cookie: a=1; mailgate-probe=x", b"Connection: a, Host", b"A: b", b"Expect: 100-continue"),
                *(
                    b"X-Forwarded-For: 1",
                    b"TE: trailers",
                    b"Max-Forwards: 3",
                    b"Content-Length: 05",
                    b"x_ssl: 1",
                ),
                *(b"Connection: Upgrade", b"Upgrade: websocket"),
            ]
        ),
        max_size=4,
        unique=True,
    ),
)
ANSWERED = st.tuples(
    st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 204 x", b"HTTP/1.0 302 Found"]),
    st.lists(
        st.sampled_from(
            [
                *(
                    b"Location: http://inner:9080/a",
                    b"Date: now",
                    b"Connection: date, B",
                    b"B: c",
                    b"Trailer: x",
                ),
                *(b"Transfer-Encoding: chunked", b"Set-Cookie: a=b; Domain=inner", b"Content-Length: 5"),
            ]
        ),
        max_size=4,
        unique=True,
    ),
)


def asked_plainly(head):
    """The client's own fields on their way to the webmail, one after the other."""
    dropped = HOP_BY_HOP.union(connection_options(head.fields))
    if not head.minor:
        dropped |= {b"expect"}
    for name, value in head.fields:
        key = name.lower()
        if key == b"host":
            yield name, head.host
        elif key == b"cookie" and key not in dropped:
            kept = without_own(value)
            if kept or not value:
                yield name, kept
        elif key == b"content-length":
            yield name, b"%d" % (head.length or 0)
        elif key == b"transfer-encoding":
            yield name, b"chunked"
        elif key == b"max-forwards" and head.max_forwards and key not in dropped:
            yield name, b"%d" % (head.max_forwards - 1)
        elif key not in dropped and not forgeable(name):
            yield name, value


def answered_plainly(response, framing, rewrite):
    """The webmail's own fields on their way to the client."""
    dropped = HOP_BY_HOP.union(connection_options(response.fields)) - {b"content-length"}
    if not framing.trailers:
        dropped |= {b"trailer"}
    if response.status == 204:
        dropped |= {b"content-length"}
    for name, value in response.fields:
        key = name.lower()
        if key == b"transfer-encoding" and framing.chunked:
            yield name, b"chunked"
        elif key not in dropped:
            yield name, rewrite.field(key, value)


def lines_of(fields):
    return b"".join(b"%b: %b\r\n" % field for field in fields)


@given(ASKED, ANSWERED)
def test_heads_are_written_as_a_plain_look_at_each_field_writes_them(asked, answered):
    line, fields = asked
    head = parse_request_head(b"\r\n".join([line, b"Host: a", *fields, b"", b""]), max_fields=9)
    written = request_head(head, ORIGIN, default_host=b"d").partition(b"\r\n")[2]
    plain = lines_of(asked_plainly(head))
    assert written.startswith(plain + b"X-Forwarded-For: ")
    line, fields = answered
    try:
        answer = parse_response_head(
            b"\r\n".join([line, *fields, b"", b""]), method=head.method, max_fields=9
        )
    except Malformed:
        return
    framing = framing_for(head, answer, closing=False)
    for rewrite in (REWRITE, Rewrite.between("http://other.example", "http://inner:9080")):
        written = response_head(head, answer, framing, rewrite, NOW, [("X", "y")]).partition(b"\r\n")[2]
        plain = lines_of(answered_plainly(answer, framing, rewrite))
        rest = written.removeprefix(plain)
        assert rest != written or not plain
        assert (b"Date: " in rest) is (b"\r\nDate: " not in b"\r\n" + plain)


@pytest.mark.parametrize(
    ("location", "rewritten"),
    [
        (b"http://inner:9080/a?b#c", b"https://mail.example.com/a?b#c"),
        (b"HTTP://INNER:9080", b"https://mail.example.com"),
        (b"http://inner:9080?b", b"https://mail.example.com?b"),
        (b"//inner:9080/a", b"https://mail.example.com/a"),
        (b"http://mail.example.com/a", b"https://mail.example.com/a"),
        (b"/a%2Fb?c", b"/a%2Fb?c"),
        (b"a", b"a"),
        (b"", b""),
        (b"http://inner:90801/a", b"http://inner:90801/a"),
        (b"http://inner:9080.evil.example/", b"http://inner:9080.evil.example/"),
        (b"http://inner:9080@evil.example/", b"http://inner:9080@evil.example/"),
        (
            b"https://sso.example.com/?back=http://inner:9080/",
            b"https://sso.example.com/?back=http://inner:9080/",
        ),
    ],
)
@pytest.mark.parametrize("name", [b"location", b"content-location", b"x-ms-location"])
def test_a_location_at_the_inner_host_becomes_public(name, location, rewritten):
    assert REWRITE.field(name, location) == rewritten


def test_a_plain_public_address_is_not_changed_to_itself():
    plain = Rewrite.between("http://localhost:8080", "http://127.0.0.1:9080")
    assert plain.field(b"location", b"http://localhost:8080/a") == b"http://localhost:8080/a"
    assert plain.field(b"location", b"http://127.0.0.1:9080/a") == b"http://localhost:8080/a"


@pytest.mark.parametrize(
    ("upstream", "location", "rewritten"),
    [
        ("http://inner", b"http://inner:80/a", b"https://mail.example.com/a"),
        ("http://inner:80", b"http://inner/a", b"https://mail.example.com/a"),
        ("https://inner", b"https://inner:443/a", b"https://mail.example.com/a"),
        ("https://inner:443", b"https://inner", b"https://mail.example.com"),
        ("http://inner", b"//inner:80/a", b"https://mail.example.com/a"),
        ("http://[2001:db8::1]", b"http://[2001:db8::1]:80/a", b"https://mail.example.com/a"),
        ("http://inner", b"http://inner:8080/a", b"http://inner:8080/a"),
        ("http://inner", b"https://inner:80/a", b"https://inner:80/a"),
        ("http://inner:9080", b"http://inner/a", b"http://inner/a"),
        ("http://inner:443", b"http://inner/a", b"http://inner/a"),
    ],
)
def test_a_port_that_goes_without_saying_may_be_said(upstream, location, rewritten):
    """RFC 9110, 4.2.3: both spellings are one origin."""
    rewrite = Rewrite.between("https://mail.example.com", upstream)
    assert rewrite.field(b"location", location) == rewritten


@pytest.mark.parametrize(
    ("cookie", "rewritten"),
    [
        (b"a=b; Domain=inner; Path=/", b"a=b; Path=/"),
        (b"a=b; Path=/;DOMAIN = .Inner", b"a=b; Path=/"),
        (b"a=b; Domain=example.com; Path=/", b"a=b; Domain=example.com; Path=/"),
        (b"a=b; Domain=inner.example", b"a=b; Domain=inner.example"),
        (b"domain=inner; Path=/", b"domain=inner; Path=/"),
        (b"a=b; Domain=inner; Path=/; domain=.inner", b"a=b; Path=/"),
        (b"a=b; Domain=mail.example.com; Domain=inner", b"a=b; Domain=mail.example.com"),
        (b"a=b;  Secure ;HttpOnly", b"a=b;  Secure ;HttpOnly"),
    ],
)
def test_a_cookie_for_the_inner_host_becomes_one_for_this_host(cookie, rewritten):
    """RFC 6265, 5.3 (6): a browser drops a cookie whose Domain does not match."""
    assert REWRITE.field(b"set-cookie", cookie) == rewritten


def test_cookies_stay_as_they_are_where_both_hosts_have_one_name():
    same = Rewrite.between("https://mail.example.com", "http://mail.example.com:9080")
    assert same.field(b"set-cookie", b"a=b; Domain=mail.example.com") == b"a=b; Domain=mail.example.com"


@pytest.mark.parametrize("name", [b"link", b"x-location", b"content-security-policy"])
def test_no_other_field_is_touched(name):
    assert REWRITE.field(name, b"http://inner:9080/") == b"http://inner:9080/"
