"""A deadline passes once, at the time that was set last, however often it was moved."""

import pytest

from mailgate.gateway.http1.deadline import Deadline


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


def test_it_passes_once_at_its_time(made):
    loop, deadline, passed = made
    deadline.set(5)
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
        deadline.set(5)
    assert len(loop.timers) == 1


@pytest.mark.parametrize("stop", ["clear", "end"])
def test_it_does_not_pass_once_nobody_waits(made, stop):
    loop, deadline, passed = made
    deadline.set(5)
    getattr(deadline, stop)()
    loop.go(99)
    assert passed == []
    assert not [timer for timer in loop.timers if not timer.cancelled]
    deadline.set(1)
    loop.go(200)
    assert passed == [100]
