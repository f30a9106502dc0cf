"""Lets a command that is told to end take away what it has half made."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_TOLD_TO_END = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def tidy_ending() -> Iterator[None]:
    """End by an exception, as after Ctrl-C, when a system stops, a time is over or a terminal is closed: else nothing is cleaned up.

    What is ignored, as after nohup, stays so.
    """
    before = {each: signal.getsignal(each) for each in _TOLD_TO_END}
    for each, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(each, _end)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)
