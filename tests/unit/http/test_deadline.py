"""A deadline passes once, at the time that was set last, however often it was moved."""

import asyncio

import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader

from mailgate.http.deadline import MIN_BYTES_PER_SPAN, SPAN_SECONDS, Deadline, Pace
from mailgate.http.request import RequestRefused


class Timer:
    def __init__(self, at, call):
        self.at, self.call, self.cancelled = at, call, False

    def when(self):
        return self.at

    def cancel(self):
        self.cancelled = True


class Loop:
    """Time that stands still until it is moved."""

    def __init__(self):
        self.now, self.timers = 0.0, []

    def time(self):
        return self.now

    def call_at(self, at, call):
        self.timers.append(Timer(at, call))
        return self.timers[-1]

    def go(self, now):
        """Let time pass, and what is due happen."""
        while due := [timer for timer in self.timers if not timer.cancelled and timer.at <= now]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = first.at
            first.call()
        self.now = now


@pytest.fixture
def made():
    loop, passed = Loop(), []
    return loop, Deadline(loop, lambda: passed.append(loop.now)), passed


def test_a_deadline_passes_once_at_its_time(made):
    loop, deadline, passed = made
    assert deadline.set(5) == 5
    loop.go(4)
    assert passed == []
    loop.go(99)
    assert passed == [5]


@pytest.mark.parametrize(
    ("moves", "at"), [([(1, 5), (2, 9)], 11), ([(0, 9), (1, 2)], 3), ([(4, 5), (6, 5)], 11)]
)
def test_the_last_word_counts_whether_later_or_earlier(made, moves, at):
    loop, deadline, passed = made
    deadline.set(5)
    for now, seconds in moves:
        loop.go(now)
        deadline.set(seconds)
    loop.go(99)
    assert passed[-1] == at


def test_moving_it_on_makes_no_new_timer(made):
    loop, deadline, _ = made
    for now in range(100):
        loop.now = now * 0.01
        assert deadline.set(5) == loop.now + 5
    assert len(loop.timers) == 1


@pytest.mark.parametrize("stop", ["clear", "end"])
def test_a_stopped_deadline_does_not_pass(made, stop):
    loop, deadline, passed = made
    deadline.set(5)
    getattr(deadline, stop)()
    loop.go(99)
    assert passed == []
    assert not [timer for timer in loop.timers if not timer.cancelled]
    deadline.set(1)
    loop.go(200)
    assert passed == [100]


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


async def test_too_few_bytes_end_a_reader(body):
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
