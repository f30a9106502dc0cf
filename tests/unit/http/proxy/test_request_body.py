"""The body of a request goes out whole, or visibly not: RFC 9112 sections 7 and 9."""

import asyncio
import gc
import tracemalloc

import pytest
from tests.unit.gateway.wire import exchange, settle
from tests.unit.http.proxy.test_forward import CHUNKED, HELLO, POST, Forwarding
from tests.unit.http.proxy.test_upstream import connected

from mailgate.http.body import chunk
from mailgate.http.proxy.request_body import tunnel
from mailgate.http.proxy.upstream import UpstreamClosed
from mailgate.http.request import RequestRefused
from mailgate.model import Reason


async def test_a_body_with_a_length_goes_out_as_it_is():
    asked = exchange(POST, b"Content-Length: 5", body=b"hel", whole=False)
    forwarding = Forwarding(asked)
    await settle()
    assert forwarding.sent.endswith(b"\r\n\r\nhel")
    asked.body.feed_data(b"lo")
    asked.body.feed_eof()
    assert (await forwarding.answer(HELLO)).keep_alive
    assert forwarding.sent.endswith(b"\r\n\r\nhello")


async def test_a_chunked_body_goes_out_in_chunks_with_its_safe_trailers():
    asked = exchange(POST, CHUNKED, body=b"hello")
    asked.head.trailers = [(b"Digest", b"x"), (b"X-Forwarded-For", b"6.6.6.6")]
    forwarding = Forwarding(asked)
    await forwarding.answer(HELLO)
    assert forwarding.sent.endswith(b"\r\n\r\n" + chunk(b"hello") + b"0\r\nDigest: x\r\n\r\n")


async def test_an_answer_before_the_body_was_sent_ends_the_connection():
    """RFC 9112, 9.3 and 9.6: what is left of the body must not be read as a request, on either side."""
    asked = exchange(POST, b"Content-Length: 5", body=b"he", whole=False)
    forwarding = Forwarding(asked)
    outcome = await forwarding.answer(b"HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n")
    assert b"Connection: close\r\n" in forwarding.client.written
    assert (outcome.keep_alive, forwarding.pool.released) == (False, [])
    assert forwarding.upstream._transport.aborted


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (RequestRefused(400, Reason.REQUEST_AMBIGUOUS, "no"), RequestRefused),
        (ConnectionResetError(), UpstreamClosed),
        (OSError(113, "no route to the client"), UpstreamClosed),
    ],
)
async def test_a_request_body_that_breaks_never_looks_whole_to_the_webmail(error, raised):
    """RFC 9112, 7.1: no last chunk."""
    asked = exchange(POST, CHUNKED, body=b"hel", whole=False)
    forwarding = Forwarding(asked)
    await settle()
    asked.body.set_exception(error)
    with pytest.raises(raised):
        await forwarding.answer(end=False)
    assert forwarding.sent.endswith(chunk(b"hel"))
    assert forwarding.upstream._transport.aborted


@pytest.mark.parametrize(
    "broken", [ConnectionResetError, lambda: RequestRefused(400, Reason.REQUEST_AMBIGUOUS, "no")]
)
async def test_a_body_that_breaks_off_is_not_kept_in_memory(broken):
    """By cycles, until somebody looks for them: with uploads that break off a client could fill the memory."""
    size, times = 100_000, 30
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for number in range(times):
            asked = exchange(POST, CHUNKED, body=bytes([number]) * size, whole=False)
            forwarding = Forwarding(asked)
            await settle()
            asked.body.set_exception(broken())
            with pytest.raises((RequestRefused, UpstreamClosed)):
                await forwarding.answer(end=False)
            forwarding.upstream._transport.written = b""
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert kept < times * size / 2


async def test_a_mistake_in_sending_is_not_swallowed():
    asked = exchange(POST, CHUNKED, whole=False)
    forwarding = Forwarding(asked)
    await settle()
    asked.body.set_exception(ValueError())
    with pytest.raises(ValueError):
        await forwarding.answer(HELLO)
    assert forwarding.pool.released == []


async def test_a_client_that_stops_sending_is_refused_in_time():
    forwarding = Forwarding(exchange(POST, b"Content-Length: 5", whole=False), idle=0)
    with pytest.raises(RequestRefused) as refused:
        await forwarding.answer(end=False)
    assert refused.value.status == 408


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
