"""Bodies that come too slowly."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader

from mailgate.gateway.http1.pace import MIN_BYTES_PER_SPAN, SPAN_SECONDS, Pace
from mailgate.gateway.http1.request import RequestRefused


class Clock:
    """A loop that calls later when a test says that it is later."""

    def __init__(self):
        self.waiting = []

    def call_later(self, seconds, call):
        assert seconds == SPAN_SECONDS
        self.waiting.append(call)
        return self

    def cancel(self):
        self.waiting.clear()

    def later(self):
        (call,) = self.waiting
        self.waiting.clear()
        call()


@pytest.fixture
async def body():
    loop = asyncio.get_running_loop()
    return StreamReader(BaseProtocol(loop), 2**20, loop=loop)


async def test_enough_from_look_to_look_goes_on_until_the_end(body):
    clock = Clock()
    Pace(body, clock)
    for _ in range(3):
        body.feed_data(b"x" * MIN_BYTES_PER_SPAN)
        clock.later()
    body.feed_eof()
    clock.later()
    assert (clock.waiting, body.exception()) == ([], None)


async def test_too_little_ends_it_for_who_reads(body):
    clock = Clock()
    Pace(body, clock)
    body.feed_data(b"x" * MIN_BYTES_PER_SPAN)
    clock.later()
    body.feed_data(b"x" * (MIN_BYTES_PER_SPAN - 1))
    clock.later()
    with pytest.raises(RequestRefused) as refused:
        await body.read()
    assert (refused.value.status, clock.waiting) == (408, [])


async def test_nobody_looks_once_it_is_ended(body):
    clock = Clock()
    Pace(body, clock).end()
    assert clock.waiting == []
