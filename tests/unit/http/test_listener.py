"""The listener: an orderly end for every connection."""

import asyncio

from tests.unit.gateway.wire import settle
from tests.unit.http.test_connection import GET, LIMITS, NOW, Peer

from mailgate.gateway.answer import Answer, send
from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.exchange import Outcome
from mailgate.http.listener import Server


async def quick(asked):
    return Outcome(keep_alive=asked.head.keep_alive)


async def test_the_end_closes_idle_connections_and_waits_for_requests():
    go = asyncio.Event()

    async def slow(asked):
        await go.wait()
        return await quick(asked)

    server = Server(slow, LIMITS)
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

    async def slow(asked):
        await go.wait()
        return await quick(asked)

    room = ConnectionLimit(1)
    server = Server(slow, LIMITS, room)
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
