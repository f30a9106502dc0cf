"""Bytes both ways after a switch: RFC 9110 section 7.8, RFC 6455."""

import asyncio

import pytest
from tests.unit.gateway.wire import exchange, settle
from tests.unit.http.proxy.test_upstream import connected

from mailgate.http.proxy.tunnel import tunnel

FRAMES = bytes(range(256))


@pytest.fixture
async def ends():
    """The client's end, the webmail's, and the running tunnel between them."""
    asked, upstream = exchange(), connected()
    running = asyncio.ensure_future(tunnel(asked, upstream))
    await settle()
    yield asked.connection, upstream, running
    upstream.connection_lost(None)
    await running


async def test_bytes_pass_untouched_both_ways(ends):
    client, upstream, running = ends
    client.reader.feed_data(FRAMES)
    upstream.data_received(FRAMES[::-1])
    assert upstream._transport.written == FRAMES
    assert client.transport.written == FRAMES[::-1]
    assert not running.done()


async def test_the_tunnel_ends_with_the_webmail(ends):
    _, upstream, running = ends
    upstream.connection_lost(None)
    await settle()
    assert running.done()


async def test_the_webmail_is_left_when_the_client_leaves(ends):
    client, upstream, _ = ends
    client.reader.feed_eof()
    assert upstream._transport.closing
    client.reader.feed_data(b"late")
    assert upstream._transport.written == b""


async def test_bytes_for_a_client_that_is_gone_end_the_tunnel(ends):
    client, upstream, running = ends
    client.transport = None
    upstream.data_received(FRAMES)
    await settle()
    assert running.done()


async def test_a_webmail_that_ended_before_the_tunnel_stood_ends_it():
    upstream = connected()
    upstream.connection_lost(None)
    await tunnel(exchange(), upstream)
