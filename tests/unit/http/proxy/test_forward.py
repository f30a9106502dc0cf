"""One request to the webmail and its answer back, both streaming: RFC 9110 sections 7 and 15.2, RFC 9112."""

import asyncio
import re
from datetime import UTC, datetime

import pytest
from tests.unit.gateway.wire import exchange, over, settle
from tests.unit.http.proxy.test_upstream import connected

from mailgate.http.body import chunk, last_chunk
from mailgate.http.proxy.autodiscover import AutodiscoverEditor
from mailgate.http.proxy.forward import MAX_INTERIM, Forwarder
from mailgate.http.proxy.heads import Rewrite
from mailgate.http.proxy.upstream import UpstreamClosed, UpstreamMalformed
from mailgate.http.trusted_headers import Origin

ORIGIN = Origin("192.0.2.7", "http", b"mail.example.com", b"192.0.2.7")
NOW = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
DATE = b"Date: Tue, 24 Nov 2026 09:05:07 GMT\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + DATE
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = b"Transfer-Encoding: chunked"
POST = b"POST / HTTP/1.1"


class Pool:
    """Hands out connections; keeps what came back."""

    def __init__(self, *connections):
        self.connections = [*connections] or [connected(None)]
        self.used = []
        self.released = []

    def take(self, *, repeatable):
        return self._next() if Forwarding.without_a_task and not self.used else None

    async def connect(self):
        return self._next()

    def _next(self):
        self.used.append(self.connections.pop(0))
        return self.used[-1]

    def release(self, connection):
        self.released.append(connection)


class Forwarding:
    """A request that is on its way."""

    without_a_task = False

    def __init__(self, asked, *connections, idle=5.0, editor=None):
        self.asked = asked
        self.pool = Pool(*connections)
        self.client = asked.connection.transport
        rewrite = Rewrite.between("http://mail.example.com", "http://inner:9080")
        forwarder = Forwarder(self.pool, rewrite, b"mail.example.com", idle, editor)
        if self.without_a_task:
            rest = forwarder.start(asked, ORIGIN, NOW, lambda each, rest: each.connection.wait_for(rest))
            self.running = asyncio.ensure_future(over(asked, rest))
        else:
            self.running = asyncio.ensure_future(forwarder.forward(asked, ORIGIN, NOW))

    @property
    def upstream(self):
        return self.pool.used[-1]

    @property
    def sent(self):
        return self.upstream._transport.written

    async def answer(self, *pieces, end=None):
        await settle()
        for piece in pieces:
            self.upstream.data_received(piece)
            await settle()
        if end is not None:
            self.upstream.connection_lost(end or None)
        return await self.running


@pytest.fixture(autouse=True, params=[False, True], ids=["in a task", "without"])
def without_a_task(request, monkeypatch):
    """Every promise is kept either way."""
    monkeypatch.setattr(Forwarding, "without_a_task", request.param)


async def forwarded(asked, *pieces, end=None):
    forwarding = Forwarding(asked)
    return await forwarding.answer(*pieces, end=end), forwarding


async def test_a_request_goes_out_and_its_answer_comes_back():
    outcome, forwarding = await forwarded(exchange(b"GET /a?b HTTP/1.1"), HELLO)
    assert forwarding.sent.startswith(
        b"GET /a?b HTTP/1.1\r\nHost: mail.example.com\r\nX-Forwarded-For: 192.0.2.7\r\n"
    )
    assert forwarding.client.written == HELLO
    assert outcome.keep_alive
    assert forwarding.pool.released == [forwarding.upstream]


async def test_the_answer_streams_as_it_comes():
    forwarding = Forwarding(exchange())
    await settle()
    for piece, seen in (
        (OK + CHUNKED + b"\r\n\r\n", b"\r\n\r\n"),
        (chunk(b"one"), b"one"),
        (chunk(b"two"), b"two"),
    ):
        forwarding.upstream.data_received(piece)
        await settle()
        assert seen in forwarding.client.taken()
    await forwarding.answer(last_chunk([]))
    assert forwarding.client.written == last_chunk([])


@pytest.mark.parametrize(
    ("line", "fields", "wire", "end", "body", "stays"),
    [
        pytest.param(b"GET / HTTP/1.1", [], OK + b"\r\nhello", False, chunk(b"hello") + last_chunk([]), True, id="until close"),
        pytest.param(b"GET / HTTP/1.0", [b"Connection: keep-alive"], OK + b"\r\nhello", False, b"hello", False, id="to HTTP/1.0"),
        pytest.param(b"HEAD / HTTP/1.1", [], OK + b"Content-Length: 5\r\n\r\n", None, b"", True, id="HEAD"),
        pytest.param(b"GET / HTTP/1.1", [], b"HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", None, b"", True, id="304"),
        pytest.param(b"GET / HTTP/1.1", [b"Connection: close"], HELLO, None, b"hello", False, id="close"),
    ],
)  # fmt: skip
async def test_bodies_end_where_they_end(line, fields, wire, end, body, stays):
    """RFC 9112, 6.3."""
    outcome, forwarding = await forwarded(exchange(line, *fields), wire, end=end)
    assert forwarding.client.written.partition(b"\r\n\r\n")[2] == body
    assert outcome.keep_alive is stays


@pytest.mark.parametrize(("te", "trailer"), [([b"TE: trailers"], b"Digest: x\r\n"), ([], b"")])
async def test_trailers_reach_those_who_take_them(te, trailer):
    """RFC 9110, 6.5.1; what could forge something is left out."""
    end = last_chunk([(b"Digest", b"x"), (b"Set-Cookie", b"a=b")])
    _, forwarding = await forwarded(exchange(b"GET / HTTP/1.1", *te), OK + CHUNKED + b"\r\n\r\n" + end)
    assert forwarding.client.written.endswith(b"\r\n\r\n0\r\n" + trailer + b"\r\n")


@pytest.mark.parametrize(
    ("credentials", "released"),
    [(b"NTLM TlRM", 0), (b"negotiate YII=", 0), (b"Negotiate", 0), (b"Basic YTpi", 1), (b"Bearer NTLM", 1)],
)
async def test_a_connection_that_was_logged_in_serves_nobody_else(credentials, released):
    """RFC 4559, 6: else the next client is taken for this one."""
    asked = exchange(b"GET / HTTP/1.1", b"Authorization: " + credentials)
    _, forwarding = await forwarded(asked, HELLO)
    assert len(forwarding.pool.released) == released


@pytest.mark.parametrize("length", [b"0", b"00", b"5", b""])
async def test_a_connection_that_was_asked_for_a_head_serves_others_if_there_is_no_body(length):
    """A webmail may send the body all the same, later than its head: the next client would read it as its own answer."""
    framed = b"Content-Length: " + length if length else CHUNKED
    _, forwarding = await forwarded(exchange(b"HEAD / HTTP/1.1"), OK + b"Date: x\r\n" + framed + b"\r\n\r\n")
    assert len(forwarding.pool.released) == (length == b"0")


CONTINUE, HINTS = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"


@pytest.mark.parametrize(
    ("version", "fields", "interim", "passed"),
    [
        (b"1.1", [b"Expect: 100-continue"], CONTINUE, CONTINUE),
        (b"1.1", [b"Expect: 100-Continue"], CONTINUE + HINTS, CONTINUE + HINTS),
        (b"1.1", [], CONTINUE, CONTINUE),
        (b"1.1", [], HINTS + HINTS, HINTS + HINTS),
        (b"1.0", [b"Expect: 100-continue"], CONTINUE + HINTS, b""),
    ],
)
async def test_interim_answers_reach_those_who_understand_them(version, fields, interim, passed):
    """RFC 9110, 15.2: every one to HTTP/1.1, none to HTTP/1.0."""
    asked = exchange(b"POST / HTTP/" + version, b"Content-Length: 5", *fields, body=b"hello")
    _, forwarding = await forwarded(asked, interim, HELLO)
    assert forwarding.client.written.partition(OK)[0] == passed


@pytest.mark.parametrize(
    ("interims", "end"), [(MAX_INTERIM - 1, HELLO), (MAX_INTERIM, None), (MAX_INTERIM + 1, None)]
)
async def test_interim_answers_come_to_an_end(interims, end):
    """A webmail that only ever says 103 would hold its client and its connection for good."""
    forwarding = Forwarding(exchange())
    answering = forwarding.answer(HINTS * interims + (end or b""))
    if end:
        assert (await answering).keep_alive
    else:
        with pytest.raises(UpstreamMalformed):
            await answering
        assert forwarding.upstream._transport.aborted


HANDSHAKE = (b"GET /ws HTTP/1.1", b"Connection: Upgrade", b"Upgrade: websocket")


@pytest.mark.parametrize(
    ("asked", "to"), [((), b"Upgrade: websocket\r\n"), (HANDSHAKE, b"Upgrade: h2c\r\n"), (HANDSHAKE, b"")]
)
async def test_a_switch_to_what_nobody_asked_for_is_refused(asked, to):
    """RFC 9110, 7.8 and 15.2.2: what follows could be read as anything."""
    with pytest.raises(UpstreamMalformed):
        await forwarded(exchange(*asked), b"HTTP/1.1 101 x\r\n" + to + b"\r\n")


async def test_a_websocket_is_a_tunnel_until_either_side_ends():
    forwarding = Forwarding(exchange(*HANDSHAKE))
    await settle()
    forwarding.upstream.data_received(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n\x81\x01a")
    await settle()
    assert (
        forwarding.client.written
        == b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01a"
    )
    forwarding.asked.connection.reader.feed_data(b"\x88\x02\x03\xe8")
    assert forwarding.sent.endswith(b"\r\n\r\n\x88\x02\x03\xe8")
    assert not (await forwarding.answer(end=False)).keep_alive


async def test_a_declined_websocket_is_an_answer_like_any_other():
    outcome, forwarding = await forwarded(exchange(*HANDSHAKE), HELLO)
    assert (forwarding.client.written, outcome.keep_alive) == (HELLO, True)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(OK + b"Content-Length: 5\r\n\r\nhell", id="length"),
        pytest.param(OK + CHUNKED + b"\r\n\r\n" + chunk(b"hell"), id="chunked"),
        pytest.param(OK + CHUNKED + b"\r\n\r\n" + chunk(b"hell") + b"zz\r\n", id="malformed chunk"),
    ],
)
async def test_an_answer_that_is_cut_short_breaks_the_connection(wire):
    """RFC 9112, 8: it must never look complete."""
    outcome, forwarding = await forwarded(exchange(), wire, end=False)
    assert forwarding.client.aborted
    assert not outcome.keep_alive
    assert not forwarding.client.written.endswith(last_chunk([]))
    assert forwarding.pool.released == []


@pytest.mark.parametrize(
    "wire", [b"", b"HTTP/1.1 20", b"ICY 200 OK\r\n\r\n", OK + b"Content-Length: x\r\n\r\n"]
)
async def test_no_answer_is_an_error_before_anything_was_written(wire):
    asked = exchange()
    with pytest.raises((UpstreamMalformed, UpstreamClosed)):
        await forwarded(asked, wire, end=False)
    assert (asked.started, asked.connection.transport.written) == (False, b"")


async def test_a_client_that_does_not_read_is_left_in_time():
    asked = exchange()
    asked.connection.writing_paused = True

    async def never():
        await asyncio.Event().wait()

    asked.connection.drained = never
    forwarding = Forwarding(asked, idle=0)
    assert not (await forwarding.answer(HELLO)).keep_alive
    assert forwarding.client.aborted


@pytest.mark.parametrize("reads", [True, False])
async def test_a_client_that_reads_slowly_is_waited_for_behind_its_answer(reads):
    asked = exchange()
    client, taken = asked.connection, asyncio.Event()
    write = client.transport.write

    def fill(data):
        write(data)
        client.writing_paused = True

    client.transport.write, client.drained = fill, taken.wait
    forwarding = Forwarding(asked, idle=5.0 if reads else 0)
    await settle()
    forwarding.upstream.data_received(HELLO)
    await settle()
    assert client.transport.written == HELLO
    assert forwarding.running.done() is not reads
    client.writing_paused = False
    taken.set()
    assert (await forwarding.running).keep_alive is reads
    assert client.transport.aborted is not reads


def served():
    """A connection that has carried a request before, and was closed by the webmail since."""
    connection = connected(None)
    connection.served = 1
    return connection


async def after_a_lost_connection(line, *fields, body=b"", used=True):
    """What happens when the webmail closes the connection before it has answered."""
    first, second = served(), connected(None)
    first.served = int(used)
    forwarding = Forwarding(exchange(line, *fields, body=body), first, second)
    await settle()
    first.connection_lost(None)
    await settle()
    if len(forwarding.pool.used) == 2:
        second.data_received(HELLO)
    return forwarding


async def test_a_client_that_leaves_takes_its_request_back():
    """Nobody would read the answer, and the connection could carry no other request."""
    upstream = connected(None)
    asked, Forwarding.without_a_task = exchange(), True
    forwarding = Forwarding(asked, upstream)
    asked.give_up()
    assert upstream._transport.aborted
    upstream.connection_lost(None)
    await settle()
    assert not forwarding.running.done()
    forwarding.running.cancel()


async def test_an_error_of_ours_is_raised(monkeypatch):
    monkeypatch.setattr("mailgate.http.proxy.forward.response_head", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await forwarded(exchange(), HELLO)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"PROPFIND"])
async def test_a_safe_request_on_a_used_connection_is_tried_once_more(method):
    """RFC 9112, 9.3.1."""
    forwarding = await after_a_lost_connection(method + b" / HTTP/1.1")
    await forwarding.running
    assert re.match(b"HTTP/1.1 200 OK", forwarding.client.written)
    assert forwarding.sent.startswith(method + b" / ")


@pytest.mark.parametrize(
    ("line", "fields", "body", "used"),
    [
        pytest.param(POST, [], b"", True, id="POST"),
        pytest.param(b"DELETE / HTTP/1.1", [], b"", True, id="DELETE"),
        pytest.param(
            b"PROPFIND / HTTP/1.1", [b"Content-Length: 5"], b"hello", True, id="safe, but with a body"
        ),
        pytest.param(b"GET / HTTP/1.1", [], b"", False, id="a new connection"),
    ],
)
async def test_anything_else_is_never_sent_twice(line, fields, body, used):
    """RFC 9110, 9.2.2."""
    forwarding = await after_a_lost_connection(line, *fields, body=body, used=used)
    with pytest.raises(UpstreamClosed):
        await forwarding.running
    assert len(forwarding.pool.used) == 1


async def test_a_request_that_was_begun_to_be_answered_is_never_sent_twice():
    """An interim answer tells that the webmail has read it; and the client would get the interim answer twice."""
    forwarding = Forwarding(exchange(), served(), connected(None))
    with pytest.raises(UpstreamMalformed):
        await forwarding.answer(HINTS, end=False)
    assert len(forwarding.pool.used) == 1


EDITOR = AutodiscoverEditor.between("http://mail.example.com", "http://inner:9080")
URL = b"<Url>http://%b/Microsoft-Server-ActiveSync</Url>"
XML = OK + b"Content-Type: text/xml\r\n"


@pytest.mark.parametrize("framing", [b"Content-Length: 56\r\n", CHUNKED + b"\r\n"])
@pytest.mark.parametrize("pieces_of", [lambda wire: [wire], lambda wire: [wire[:-9], wire[-9:]]])
async def test_an_autodiscover_answer_leads_here(framing, pieces_of):
    forwarding = Forwarding(exchange(b"POST /a HTTP/1.1", b"Accept-Encoding: gzip"), editor=EDITOR)
    body = URL % b"inner:9080"
    whole = chunk(body) + last_chunk([]) if b"chunked" in framing else body
    assert (await forwarding.answer(*pieces_of(XML + framing + b"\r\n" + whole))).keep_alive
    assert (
        forwarding.sent.count(b"Accept-Encoding: ")
        == forwarding.sent.count(b"Accept-Encoding: identity\r\n")
        == 1
    )
    changed = URL % b"mail.example.com"
    assert forwarding.client.written == XML + b"Content-Length: %d\r\n\r\n" % len(changed) + changed


async def test_an_autodiscover_answer_that_is_no_text_streams():
    forwarding = Forwarding(exchange(), editor=EDITOR)
    await forwarding.answer(HELLO)
    assert forwarding.client.written == HELLO


async def test_an_autodiscover_answer_without_an_end_is_none():
    forwarding = Forwarding(exchange(), editor=EDITOR)
    with pytest.raises(UpstreamMalformed, match="over 262144 bytes"):
        await forwarding.answer(XML + b"\r\n", *[b"x" * 65536] * 5)
    assert forwarding.client.written == b""
