"""A valid request reaches the upstream byte for byte, but for what belongs to one connection only (RFC 9110, section 7.6)."""

import pytest
from tests.integration.gate import Gate
from tests.integration.gateway.conftest import Connect
from tests.integration.gateway.messages import Field, request
from tests.integration.gateway.scripted_upstream import Exchange, Upstream

GET = b"GET / HTTP/1.1"


async def forwarded(connect: Connect, upstream: Upstream, sent: bytes) -> Exchange:
    """The exchange that these bytes lead to, after it was answered."""
    wire = await connect()
    await wire.send(sent)
    response = await wire.final(sent.split(b" ")[0])
    assert response.status == 200, response.head.raw
    return upstream.only


METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND", b"PROPPATCH", b"MKCOL", b"COPY", b"MOVE",
           b"LOCK", b"UNLOCK", b"REPORT", b"SEARCH", b"MKCALENDAR", b"ACL", b"VERSION-CONTROL", b"BASELINE-CONTROL", b"RPC_IN_DATA",
           b"RPC_OUT_DATA", b"QUERY", b"FOO", b"get", b"x!#$%&'*+-.^_`|~9"]  # fmt: skip


@pytest.mark.parametrize("method", METHODS, ids=repr)
async def test_every_method_is_forwarded(connect: Connect, upstream: Upstream, method: bytes) -> None:
    exchange = await forwarded(connect, upstream, request(method + b" /dav/ HTTP/1.1"))
    assert exchange.request.start == (method, b"/dav/", b"HTTP/1.1")


TARGETS = [b"/", b"/?", b"/a?", b"/?a", b"/?a=b&c", b"/?a?b", b"/??", b"//", b"//a//b/", b"//evil.example/x", b"/./a", b"/../a", b"/a/../b", b"/a/./b/..", b"/%2e%2e/a",
           b"/%2E%2e%2F", b"/a%2Fb", b"/a%2fb", b"/a%5Cb", b"/%00", b"/a%0d%0ab", b"/a%20b+c", b"/a;b=c;d", b"/;", b"/a,b", b"/~joe", b"/%7Ejoe", b"/%41%42", b"/@:!$&'()*+,;=",
           b"/a:80/b", b"/http://other.example/", b"/?u=http://other.example/%2F", b"/%C3%A9", b"/%c3%a9", b"/%E9", b"/%ff%fe", b"/a%25252e", b"/?%23", b"/a'",
           b"/.mailgatex/status", b"/.mailgate-x", b"/x/.mailgate/status", b"/?/.mailgate/status", b"/.Mailgate/status", b"/" + b"a" * 7900, b"/?" + b"q" * 7900,
           b"/Microsoft-Server-ActiveSync?Cmd=Sync&User=a%40b&DeviceId=1&DeviceType=x", b"/?jRoJBAQQ%2B==&_task=mail&_mbox=INBOX%2FSent"]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: repr(target[:40]))
async def test_every_target_is_forwarded_unchanged(
    connect: Connect, upstream: Upstream, target: bytes
) -> None:
    assert (
        await forwarded(connect, upstream, request(b"GET " + target + b" HTTP/1.1"))
    ).request.target == target


LOOSE_TARGETS = [
    b"/[]",
    b"/?a[]=1",
    b"/?a|b",
    b"/?a^b",
    b"/?{a}",
    b"/?a`b",
    b'/?"a"',
    b"/?<a>",
    b"/a\\b",
    b"/%",
    b"/%zz",
    b"/%u00e9",
    b"/?a%",
]


@pytest.mark.parametrize("target", LOOSE_TARGETS, ids=repr)
async def test_a_target_outside_the_grammar_is_left_alone_or_refused(
    connect: Connect, upstream: Upstream, target: bytes
) -> None:
    """Browsers send these (RFC 9112, section 3.2: 400 is right, a silent correction is not)."""
    wire = await connect()
    await wire.send(request(b"GET " + target + b" HTTP/1.1"))
    if (await wire.final()).status == 400:
        assert upstream.targets == []
    else:
        assert upstream.targets == [target]


ABSOLUTE = {
    "path": (b"http://mail.example.com/a?b", b"/a?b", b"mail.example.com"),
    "no path": (b"http://mail.example.com", b"/", b"mail.example.com"),
    "no path, query": (b"http://mail.example.com?a=b", b"/?a=b", b"mail.example.com"),
    "upper-case scheme": (b"HTTP://mail.example.com/a", b"/a", b"mail.example.com"),
    "other host": (b"http://other.example:8080/a%2Fb", b"/a%2Fb", b"other.example:8080"),
    "IPv6": (b"http://[::1]:80/a", b"/a", b"[::1]:80"),
    "dots": (b"http://mail.example.com/a/../b", b"/a/../b", b"mail.example.com"),
    "two slashes": (b"http://mail.example.com//a", b"//a", b"mail.example.com"),
}


@pytest.mark.parametrize(("target", "origin_form", "host"), ABSOLUTE.values(), ids=ABSOLUTE)
async def test_absolute_form_replaces_host(
    connect: Connect, upstream: Upstream, target: bytes, origin_form: bytes, host: bytes
) -> None:
    """RFC 9112, sections 3.2.1 and 3.2.2."""
    exchange = await forwarded(
        connect, upstream, request(b"GET " + target + b" HTTP/1.1", host=b"mismatch.example")
    )
    assert exchange.request.target == origin_form
    assert exchange.values("X-Forwarded-Host") == [host]
    assert b"mismatch.example" not in exchange.request.raw


async def test_options_asterisk_is_forwarded(connect: Connect, upstream: Upstream) -> None:
    assert (await forwarded(connect, upstream, request(b"OPTIONS * HTTP/1.1"))).request.target == b"*"


@pytest.mark.parametrize("target", [b"http://mail.example.com", b"http://mail.example.com:8080"])
async def test_options_in_absolute_form_become_an_asterisk(
    connect: Connect, upstream: Upstream, target: bytes
) -> None:
    """RFC 9112, section 3.2.4."""
    exchange = await forwarded(connect, upstream, request(b"OPTIONS " + target + b" HTTP/1.1"))
    assert exchange.request.target == b"*"


async def test_an_empty_line_before_the_request_is_ignored(connect: Connect, upstream: Upstream) -> None:
    """RFC 9112, section 2.2."""
    assert (await forwarded(connect, upstream, b"\r\n" + request(GET))).request.target == b"/"


@pytest.mark.parametrize("version", [b"HTTP/1.2", b"HTTP/1.9"])
async def test_a_higher_minor_version_is_1_1(connect: Connect, upstream: Upstream, version: bytes) -> None:
    """RFC 9110, section 2.5: it should be read as the highest version known; a plain refusal is tolerated."""
    wire = await connect()
    await wire.send(request(b"GET / " + version))
    response = await wire.final()
    assert response.status in (200, 400, 505)
    assert [e.request.version for e in upstream.exchanges] == (
        [b"HTTP/1.1"] if response.status == 200 else []
    )


HOSTS = [b"mail.example.com", b"MAIL.example.COM", b"mail.example.com:8080", b"mail.example.com:", b"a_b.example", b"127.0.0.1", b"[::1]", b"[2001:db8::1]:443",
         b"xn--mnchen-3ya.example", b"a.example.", b"[2001:db8:0:0::1]"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS, ids=repr)
async def test_the_host_is_forwarded(
    connect: Connect, upstream: Upstream, origin_url: str, host: bytes
) -> None:
    exchange = await forwarded(connect, upstream, request(GET, host=host))
    assert exchange.values("Host") in ([host], [origin_url.removeprefix("http://").encode()])
    assert exchange.values("X-Forwarded-Host") == [host]


async def test_without_a_host_the_webmail_gets_the_public_one(connect: Connect, upstream: Upstream) -> None:
    """RFC 9112, section 3.2: HTTP/1.0 need not name one."""
    exchange = await forwarded(connect, upstream, b"GET / HTTP/1.0\r\n\r\n")
    assert exchange.values("X-Forwarded-Host") == [b"mail.example.com"]


FOREIGN = [b"evil.example", b"mail.example.com.evil.example", b"evil.example:80", b"192.0.2.1", b"[::2]", b"a%41.example", b"a,b", b"mail.example.com..",
           b"mail.example.co%6d", b"xmail.example.com", b"2130706433", b"0x7f.1"]  # fmt: skip


@pytest.mark.parametrize("host", FOREIGN, ids=repr)
async def test_a_request_for_another_host_reaches_no_webmail(
    connect: Connect, trusting: Gate, upstream: Upstream, host: bytes
) -> None:
    """RFC 9110, section 15.5.20. The webmail would write links with that name, and take it for its own."""
    mail = b"http://mail.example.com/"
    for gate, head in (
        (None, request(GET, host=host)),
        (None, b"GET / HTTP/1.0\r\nHost: " + host + b"\r\n\r\n"),
        (None, request(b"GET http://" + host + b"/ HTTP/1.1", host=b"mail.example.com")),
        (trusting, request(GET, b"X-Forwarded-Host: mail.example.com", host=host)),
        (trusting, request(GET, b"X-Forwarded-Host: " + host)),
        (trusting, request(b"GET " + mail + b" HTTP/1.1", b"X-Forwarded-Host: " + host)),
        (None, request(b"GET /.mailgate/status HTTP/1.1", host=host)),
    ):
        wire = await (connect(gate) if gate else connect())
        await wire.send(head)
        response = await wire.final()
        assert (response.status, host in response.head.raw) == (421, False)
    assert upstream.exchanges == []


async def test_a_health_check_may_know_the_address_alone(connect: Connect) -> None:
    wire = await connect()
    await wire.send(request(b"GET /.mailgate/healthz HTTP/1.1", host=b"192.0.2.1:8080"))
    assert (await wire.final()).status == 200


KEPT: list[list[Field]] = [
    [(b"X-B", b"1"), (b"X-A", b"2"), (b"x-b", b"3"), (b"X-B", b"1")],
    [(b"Accept", b"*/*"), (b"ACCEPT-language", b"de"), (b"accept", b"text/html")],
    [(b"Cookie", b"a=b"), (b"cookie", b"c=d; e"), (b"Cookie", b"")],
    [(b"X-Empty", b""), (b"X-Also-Empty", b"")],
    [(b"X-Obs", b"\xe9\xff\x80"), (b"X-UTF-8", "é☃".encode())],
    [(b"X-Inner", b"a  b\tc   ,d"), (b"X-Quoted", b'"a\\"b" ; c="d"')],
    [(b"X_Under_Score", b"1"), (b"!#$%&'*+-.^_`|~9", b"token")],
    [(b"Authorization", b"Basic am9lOnNlY3JldA=="), (b"Date", b"Tue, 15 Nov 1994 08:12:31 GMT")],
    [(b"If-None-Match", b'W/"a", "b"'), (b"If-Modified-Since", b"garbage"), (b"Range", b"bytes=0-1,-5")],
    [(b"Accept-Encoding", b"gzip;q=0.5, br, zstd"), (b"User-Agent", b"A/1 (B; C) D"), (b"Referer", b"http://x/?%20")],
    [(b"Origin", b"null"), (b"Sec-Fetch-Mode", b"cors"), (b"DNT", b"1"), (b"Upgrade-Insecure-Requests", b"1")],
    [(b"Depth", b"1"), (b"Destination", b"http://mail.example.com/a%2Fb"), (b"If", b"(<urn:uuid:1> [\"e\"])")],
    [(b"Content-Type", b"text/plain"), (b"Content-Encoding", b"gzip"), (b"Pragma", b"no-cache"), (b"Warning", b"199 - x")],
    [(b"MS-ASProtocolVersion", b"16.1"), (b"X-MS-PolicyKey", b"0"), (b"Max-Forwards", b"5"), (b"From", b"a@b")],
    [(b"X-Long", b"v" * 7000)],
    [(b"X-%d" % n, b"%d" % n) for n in range(80)],
]  # fmt: skip


@pytest.mark.parametrize("fields", KEPT, ids=lambda fields: fields[0][0].decode())
async def test_fields_keep_order_case_number_and_bytes(
    connect: Connect, upstream: Upstream, fields: list[Field]
) -> None:
    exchange = await forwarded(connect, upstream, request(GET, *(b"%s: %s" % field for field in fields)))
    names = {name.lower() for name, _ in fields}
    assert [f for f in exchange.request.fields if f[0].lower() in names] == fields


async def test_space_around_a_value_is_no_part_of_it(connect: Connect, upstream: Upstream) -> None:
    exchange = await forwarded(connect, upstream, request(GET, b"X-A:b", b"X-A: \t b \t", b"X-A:\tb  c"))
    assert exchange.values("X-A") == [b"b", b"b", b"b  c"]


HOP_BY_HOP = {
    "listed": (b"Connection: X-Hop, x-HOP-two", b"X-Hop: secret", b"X-Hop-Two: secret"),
    "listed in a second line": (b"Connection: close", b"X-Hop: secret", b"connection: ,,x-hop ,"),
    "listed before and behind": (b"X-Hop: secret", b"Connection:\tX-Hop", b"x-hop: secret"),
    "listed, token with odd characters": (b"Connection: x!#$%&'*+-.^_`|~", b"X!#$%&'*+-.^_`|~: secret"),
    "Keep-Alive": (b"Connection: keep-alive", b"Keep-Alive: timeout=secret"),
    "Keep-Alive, unlisted": (b"Keep-Alive: timeout=secret",),
    "Proxy-Connection": (b"Proxy-Connection: secret",),
    "TE": (b"Connection: TE", b"TE: secret;q=0.5, gzip"),
    "TE, unlisted": (b"TE: secret",),
    "Upgrade": (b"Connection: Upgrade", b"Upgrade: secret/1"),
    "Upgrade, unlisted": (b"Upgrade: secret/1",),
    "h2c": (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: secret"),
}


@pytest.mark.parametrize("fields", HOP_BY_HOP.values(), ids=HOP_BY_HOP)
async def test_fields_of_this_hop_are_dropped(
    connect: Connect, upstream: Upstream, fields: tuple[bytes, ...]
) -> None:
    exchange = await forwarded(connect, upstream, request(GET, *fields, b"X-End: to end"))
    assert b"secret" not in exchange.request.raw
    assert not exchange.values("Upgrade")
    assert set(exchange.request.members("Connection")) <= {b"keep-alive", b"te"}
    assert exchange.values("X-End") == [b"to end"]


@pytest.mark.parametrize(
    "listed",
    [
        b"Host",
        b"X-Forwarded-For",
        b"X-Forwarded-Host",
        b"x-forwarded-proto",
        b"close, Content-Length",
        b"Transfer-Encoding",
    ],
)
async def test_connection_cannot_take_away_what_the_gate_says(
    connect: Connect, upstream: Upstream, listed: bytes
) -> None:
    wire = await connect()
    await wire.send(
        request(b"POST / HTTP/1.1", b"Connection: " + listed, b"Content-Length: 5", body=b"hello")
    )
    if (await wire.final()).status == 400:
        assert upstream.exchanges == []
        return
    assert upstream.only.body.data == b"hello"
    assert upstream.only.values("X-Forwarded-For") == [b"127.0.0.1"]
    assert upstream.only.values("X-Forwarded-Host") == [b"mail.example.com"]
    assert upstream.only.values("X-Forwarded-Proto") == [b"http"]


async def test_te_trailers_may_pass(connect: Connect, upstream: Upstream) -> None:
    exchange = await forwarded(connect, upstream, request(GET, b"Connection: TE", b"TE: trailers, deflate"))
    assert exchange.request.members("TE") in ([], [b"trailers"])
    assert (b"te" in exchange.request.members("Connection")) == bool(exchange.values("TE"))


@pytest.mark.parametrize(
    ("before", "version", "received"),
    [((), b"HTTP/1.1", b"1.1 "), ((), b"HTTP/1.0", b"1.0 "), ((b"Via: 1.0 first", b"Via: 1.1 second"), b"HTTP/1.1", b"1.1 ")],
)  # fmt: skip
async def test_via_is_added_behind_those_already_there(
    connect: Connect, upstream: Upstream, before: tuple[bytes, ...], version: bytes, received: bytes
) -> None:
    """RFC 9110, section 7.6.3: a gateway MUST send Via in each request that it forwards, behind those already there."""
    exchange = await forwarded(connect, upstream, request(b"GET / " + version, *before))
    members = [m.strip() for m in b",".join(exchange.values("Via")).split(b",") if m.strip()]
    assert members[:-1] == [line.removeprefix(b"Via: ") for line in before]
    assert members[-1:]
    assert members[-1].removeprefix(b"HTTP/").startswith(received)


async def test_max_forwards_runs_down(connect: Connect, upstream: Upstream) -> None:
    """RFC 9110, section 7.6.2."""
    exchange = await forwarded(connect, upstream, request(b"OPTIONS / HTTP/1.1", b"Max-Forwards: 3"))
    assert exchange.values("Max-Forwards") == [b"2"]


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE"])
async def test_max_forwards_at_zero_stops_here(connect: Connect, upstream: Upstream, method: bytes) -> None:
    wire = await connect()
    await wire.send(request(method + b" / HTTP/1.1", b"Max-Forwards: 0"))
    assert (await wire.final()).status < 500
    assert upstream.exchanges == []


async def test_trace_is_forwarded_or_refused(connect: Connect, upstream: Upstream) -> None:
    wire = await connect()
    await wire.send(request(b"TRACE / HTTP/1.1"))
    response = await wire.final()
    assert (response.status, len(upstream.exchanges)) in [(200, 1), (405, 0), (501, 0)]
