"""The life of a connection around its requests."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from tests.unit.gateway.wire import FakeTransport, settle
from tests.unit.http.test_parser import GET, LIMITS, UPGRADE, post

from mailgate.gateway.answer import Answer, send
from mailgate.http.connection import MAX_TAIL, Server
from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.exchange import Outcome
from mailgate.http.parser import MAX_PIPELINED, ServerLimits
from mailgate.http.request import SHORT, RequestRefused
from mailgate.model import Reason

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class Peer:
    """A client on a fake transport: what it sends, what it gets."""

    def __init__(self, server, **extra):
        self.connection = server()
        self.transport = FakeTransport(self.connection, **extra)
        self.connection.connection_made(self.transport)

    async def send(self, data):
        self.connection.data_received(data)
        await settle()
        return self.transport.taken()

    async def leave(self):
        self.connection.connection_lost(None)
        await settle()


@pytest.fixture
async def connect():
    peers = []

    def connect(handler, limits=LIMITS, **extra):
        peers.append(Peer(Server(handler, limits), **extra))
        return peers[-1]

    yield connect
    for peer in peers:
        await peer.leave()


async def echo(asked):
    """Answers with the target and the body; with the refusal where there is one."""
    if asked.head.refused:
        return send(asked, Answer(asked.head.refused.status), NOW)
    return send(asked, Answer(200, asked.head.target + b" " + await asked.body.read()), NOW)


async def quick(asked):
    return Outcome(keep_alive=asked.head.keep_alive)


def behind(go, handler=echo):
    """Answers as this handler does, once the event is set."""

    async def slow(asked):
        await go.wait()
        return await handler(asked)

    return slow


async def test_a_connection_serves_one_request_after_the_other(connect):
    peer = connect(echo)
    assert (await peer.send(GET)).endswith(b"\r\n\r\n/a ")
    assert (await peer.send(post(b"hello"))).endswith(b"\r\n\r\n/ hello")
    assert not peer.transport.closing


async def test_each_request_is_told_of_once_when_it_is_over():
    told = []
    peer = Peer(
        Server(echo, LIMITS, request_finished=lambda asked: told.append((asked.head.target, asked.status)))
    )
    await peer.send(GET + GET.replace(b"/a", b"/b"))
    assert told == [(b"/a", 200), (b"/b", 200)]
    await peer.leave()
    assert len(told) == 2


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_request_whose_client_left_is_told_too(at_once):
    """Whether callbacks alone serve it, or a task."""
    told, given_up = [], []

    def waits(asked):
        asked.give_up = lambda: given_up.append(asked)
        return None if at_once else asyncio.Event().wait()

    peer = Peer(Server(waits, LIMITS, request_finished=lambda asked: told.append(asked.status)))
    await peer.send(GET)
    assert told == []
    await peer.leave()
    assert (told, len(given_up)) == ([0], 1)


async def test_pipelined_requests_are_answered_in_order_however_many_there_are(connect):
    """RFC 9112, 9.3.2."""
    peer, count = connect(echo), 5 * MAX_PIPELINED + 3
    got = await peer.send(b"".join(GET.replace(b"/a", b"/%d" % number) for number in range(count)))
    for _ in range(count):
        await settle()
        got += peer.transport.taken()
    assert got.count(b"HTTP/1.1 200 OK") == count
    targets = [got.index(b"\r\n\r\n/%d " % number) for number in range(count)]
    assert targets == sorted(targets)
    assert peer.transport.reading


async def test_a_client_that_sends_more_than_is_answered_is_not_read(connect):
    """Else it could fill the memory with requests that wait behind one slow answer."""
    go = asyncio.Event()
    peer = connect(behind(go))
    await peer.send(GET * (MAX_PIPELINED + 5))
    assert not peer.transport.reading
    go.set()
    for _ in range(MAX_PIPELINED):
        await settle()
    assert peer.transport.taken().count(b"HTTP/1.1 200 OK") == MAX_PIPELINED + 5
    assert peer.transport.reading


def noting(contents):
    return lambda asked: contents.append(asked.content) or echo(asked)


@pytest.mark.parametrize(("turns", "came"), [(0, b"hello"), (1, b"hello"), (3, b"")])
async def test_a_short_body_is_waited_for_during_one_look_at_the_sockets(connect, turns, came):
    """Browsers send the head and the body of a form one after the other."""
    contents = []
    peer = connect(noting(contents))
    peer.connection.data_received(post(b"hello")[:-5])
    assert not peer.connection.idle
    peer.connection.drain()
    for _ in range(turns):
        await asyncio.sleep(0)
    assert (await peer.send(b"hello")).endswith(b"\r\n\r\n/ hello")
    assert contents == [came]


LONG, EXPECTS = post(bytes(SHORT + 1)), post(b"a").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")


@pytest.mark.parametrize(
    ("pieces", "served"),
    [([LONG[:-1]], 1), ([EXPECTS[:-1]], 1), ([post(b"abc")[:-3], b"a"], 1), ([post(b"a")[:-1]], 0)],
)
async def test_no_other_body_is_waited_for_and_none_when_its_client_has_left(connect, pieces, served):
    contents = []
    peer = connect(noting(contents), replace(LIMITS, body=0))
    for piece in pieces:
        peer.connection.data_received(piece)
    assert len(contents) == served
    await peer.leave()
    assert contents == [b""]


async def test_whoever_ends_their_side_inside_a_short_body_is_answered(connect):
    peer = connect(lambda asked: asked.connection.answered(send(asked, Answer(403), NOW)))
    peer.connection.data_received(post(b"hello")[:-5])
    peer.connection.eof_received()
    assert peer.transport.taken().startswith(b"HTTP/1.1 403 ")


async def test_many_requests_at_once_keep_no_other_client_waiting(connect):
    order = []

    async def note(asked):
        order.append(asked.head.target)
        return Outcome(keep_alive=True)

    many, other = connect(note), connect(note)
    await settle()
    many.connection.data_received(GET * 10)
    other.connection.data_received(GET.replace(b"/a", b"/other"))
    await settle()
    assert order.index(b"/other") < 5
    assert len(order) == 11


async def test_a_refusal_keeps_its_turn_and_ends_the_connection(connect):
    peer = connect(echo)
    got = await peer.send(GET + b"G(T / HTTP/1.1\r\n\r\n" + GET)
    assert re.findall(rb"HTTP/1.1 (\d+)", got) == [b"200", b"400"]
    assert peer.transport.closing


async def test_a_head_that_does_not_end_in_time_is_refused(connect):
    """RFC 9110, 15.5.9."""
    peer = connect(echo, ServerLimits(head=400, fields=10, body=100, head_time=0, keep_alive=75, linger=0))
    assert (await peer.send(b"GET / HT")).startswith(b"HTTP/1.1 408 ")
    assert peer.transport.closing


async def test_the_head_timer_runs_only_while_a_head_arrives(connect):
    peer = connect(echo)
    await peer.send(GET[:9])
    timer = peer.connection._head_timer
    await peer.send(GET[9:12])
    assert peer.connection._head_timer is timer  # bytes that trickle in win no time
    await peer.send(GET[12:])
    assert peer.connection._head_timer is None
    assert timer.cancelled()


async def test_an_idle_connection_is_closed(connect):
    peer = connect(echo)
    await peer.send(GET)
    peer.connection._close_if_idle()
    assert peer.transport.closing


async def test_a_connection_with_a_request_is_not_idle(connect):
    go = asyncio.Event()
    peer = connect(behind(go))
    await peer.send(GET)
    peer.connection._close_if_idle()
    assert not peer.transport.closing
    go.set()
    await settle()
    assert peer.transport.taken().endswith(b"/a ")


async def test_bytes_behind_a_handshake_wait_for_its_answer(connect):
    """They are the tunnel's, or, where the webmail declines, the next request."""
    tunnelled, go = [], asyncio.Event()

    class Receiver:
        def feed_data(self, data):
            tunnelled.append(data)

        def feed_eof(self):
            tunnelled.append(None)

    async def switch(asked):
        await go.wait()
        asked.connection.start_tunnel(Receiver(), asked.connection)
        await asyncio.Event().wait()

    accepted, declined = connect(switch), connect(echo)
    assert (await declined.send(UPGRADE + GET)).count(b"HTTP/1.1 200 OK") == 2
    await accepted.send(UPGRADE + b"\x81")
    await accepted.send(b"\x05" * MAX_TAIL)
    assert not accepted.transport.reading
    go.set()
    await settle()
    assert accepted.transport.reading
    await accepted.send(b"\x88")
    await accepted.leave()
    assert b"".join(tunnelled[:-1]) == b"\x81" + b"\x05" * MAX_TAIL + b"\x88"
    assert tunnelled[-1] is None


async def test_the_handler_ends_when_the_client_leaves(connect):
    ended = []

    async def slow(asked):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(asked.head.target)
        return Outcome(keep_alive=False)

    peer = connect(slow)
    await peer.send(GET)
    await peer.leave()
    assert ended == [b"/a"]


async def test_a_reader_of_the_body_is_woken_when_the_client_leaves(connect):
    seen = []

    async def reading(asked):
        try:
            await asked.body.read()
        except BaseException as error:
            seen.append(type(error))
            raise
        return Outcome(keep_alive=False)

    peer = connect(reading)
    await peer.send(post(b"hello")[:-1])
    await peer.leave()
    assert seen


async def test_a_body_that_is_not_read_stops_the_reading(connect):
    go = asyncio.Event()
    peer = connect(behind(go), ServerLimits(head=400, fields=10, body=0, head_time=10, keep_alive=75))
    await peer.send(post(b"a" * 2_000_000)[:1_500_000])
    assert not peer.transport.reading
    go.set()
    await settle()
    assert peer.transport.reading


async def test_a_client_that_does_not_read_is_awaited_only_so_long(connect):
    seen = []

    async def patient(asked):
        asked.connection.pause_writing()
        try:
            await asked.drain(0)
        except TimeoutError:
            seen.append("timeout")
        asked.connection.resume_writing()
        await asked.drain(0)
        return Outcome(keep_alive=True)

    await connect(patient).send(GET)
    assert seen == ["timeout"]


async def test_an_exchange_is_handed_its_own_connection(connect):
    seen = []

    async def look(asked):
        seen.append((asked.peer, asked.secure))
        asked.connection.pause_writing()
        with pytest.raises(TimeoutError):
            await asked.drain(0)
        asked.connection.resume_writing()
        await asked.drain(0)
        return Outcome(keep_alive=True)

    await connect(look, peername=("2001:db8::1", 5, 0, 0)).send(GET)
    await connect(look, sslcontext=object()).send(GET)
    assert seen == [("2001:db8::1", False), ("192.0.2.7", True)]


async def test_an_error_behind_the_handler_is_logged_without_its_values(connect, caplog):
    async def broken(asked):
        raise RequestRefused(400, Reason.REQUEST_MALFORMED, "Cookie: a=1234")

    peer = connect(broken)
    await peer.send(GET)
    assert peer.transport.closing
    assert "1234" not in caplog.text


def at_once(asked):
    """A handler that waits for nothing."""
    asked.connection.answered(send(asked, Answer(200, asked.head.target), NOW))


async def test_an_immediate_answer_starts_no_task(connect):
    peer = connect(at_once)
    peer.connection.data_received(GET)
    assert peer.transport.taken().endswith(b"\r\n\r\n/a")
    assert peer.connection._task is None
    assert (await peer.send(GET * 40)).count(b"HTTP/1.1 200 OK") == 40


async def test_the_next_request_is_read_behind_a_body_that_nobody_wanted(connect):
    lingering = ServerLimits(head=400, fields=10, body=0, head_time=10, keep_alive=75)
    peer = connect(at_once, lingering)
    await peer.send(post(b"hello")[:-1])
    assert not peer.transport.closing
    assert (await peer.send(b"o" + GET)).endswith(b"\r\n\r\n/a")
    whole = post(b"a" * 200_000)  # longer than what would be waited for, but here when it is answered
    assert (await peer.send(whole + GET)).endswith(b"\r\n\r\n/a")
    assert peer.transport.reading
    assert not peer.transport.closing


async def test_the_connection_ends_behind_a_body_that_is_long_in_coming(connect):
    hasty = ServerLimits(head=400, fields=10, body=0, head_time=0, keep_alive=75)
    peer = connect(at_once, hasty)
    assert b"Connection: close" not in await peer.send(post(b"hello")[:-1])
    assert peer.transport.closing


async def test_a_request_is_ended_though_its_client_left_before(connect):
    begun = []

    async def slow(asked):
        begun.append(asked.head.target)
        await asyncio.Event().wait()

    peer = connect(slow)
    peer.connection.data_received(GET)
    await peer.leave()
    assert begun == [b"/a"]
    assert peer.connection._task is None


async def test_bytes_not_taken_by_a_client_are_dropped_in_time(connect, monkeypatch):
    peer = connect(echo)
    await peer.send(GET)
    peer.transport.unsent = 1
    later = []
    monkeypatch.setattr(
        peer.connection, "_loop", SimpleNamespace(call_later=lambda *when: later.append(when))
    )
    peer.connection.close()
    assert later == [(LIMITS.keep_alive, peer.transport.abort)]


async def test_the_end_closes_idle_connections_and_waits_for_requests():
    go = asyncio.Event()
    server = Server(behind(go, quick), LIMITS)
    idle, busy = Peer(server), Peer(server)
    await busy.send(GET)
    finishing = asyncio.ensure_future(server.finish(10))
    await settle()
    assert (idle.transport.closing, busy.transport.closing) == (True, False)
    go.set()
    await settle()
    assert busy.transport.closing
    for peer in (idle, busy):
        await peer.leave()
    await finishing


async def test_a_client_about_to_ask_again_is_answered_once_more():
    async def answer(asked):
        return send(asked, Answer(200), NOW)

    server = Server(answer, LIMITS)
    idle, asks_again = Peer(server), Peer(server)
    finishing = asyncio.ensure_future(server.finish(10, keep_alive_seconds=10))
    await settle()
    assert not idle.transport.closing
    assert b"Connection: close\r\n" in await asks_again.send(GET)
    assert (idle.transport.closing, asks_again.transport.closing) == (False, True)
    for peer in (idle, asks_again):
        await peer.leave()
    await finishing


async def test_an_endless_request_is_cut_off():
    ended = []

    async def stuck(asked):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(asked.head.target)

    server = Server(stuck, LIMITS)
    peer = Peer(server)
    await peer.send(GET)
    await server.finish(0)
    assert (ended, peer.transport.closing) == ([b"/a"], True)
    await peer.leave()


async def test_requests_that_come_while_the_gate_stops_are_the_last_of_their_connection():
    server = Server(quick, LIMITS)
    peer = Peer(server)
    server.draining = True
    await peer.send(GET)
    assert peer.transport.closing
    await peer.leave()


async def test_requests_that_no_task_serves_are_counted_and_given_up_at_the_end():
    given_up = []

    def later(asked):
        asked.give_up = lambda: given_up.append(asked.head.target)

    server = Server(later, LIMITS)
    peer = Peer(server)
    assert server.running == 0
    await peer.send(GET)
    assert server.running == 1
    await server.finish(0)
    assert peer.transport.closing
    await peer.leave()
    assert (given_up, server.running) == ([b"/a"], 0)


async def test_a_full_listener_ends_idle_clients_and_then_refuses():
    go = asyncio.Event()
    room = ConnectionLimit(1)
    server = Server(behind(go, quick), LIMITS, room)
    idle, busy, late = Peer(server), Peer(server), None
    assert (idle.transport.aborted, busy.transport.aborted) == (True, False)
    await busy.send(GET)
    late = Peer(server)
    assert (late.transport.aborted, busy.transport.aborted) == (True, False)
    go.set()
    for peer in (idle, busy, late):
        await peer.leave()
    assert len(room) == 0


async def test_a_slow_body_gives_up_its_place():
    async def read(asked):
        await asked.body.read()
        return await quick(asked)

    server = Server(read, LIMITS, ConnectionLimit(1))
    slow = Peer(server)
    await slow.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
    newcomer = Peer(server)
    assert (slow.transport.aborted, newcomer.transport.aborted) == (True, False)
    for peer in (slow, newcomer):
        await peer.leave()
