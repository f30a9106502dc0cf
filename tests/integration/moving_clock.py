"""Moves a gate's clock when a test says so: each SIGUSR1 sets it forward by this many seconds.

Only the wall clock moves. Waiting uses another clock, as after a machine has slept.
"""

import os
import signal
from datetime import UTC, datetime

CLOCK_STEP = "MAILGATE_TEST_STEP"
"""The variable that says how many seconds pass at once."""


def arm(seconds: float) -> None:
    """Let the signal move the clock of this process."""
    import time_machine  # imported here, so that only processes that ask for it have another clock

    clock = time_machine.travel(datetime.now(UTC), tick=True).start()
    signal.signal(signal.SIGUSR1, lambda *_: clock.shift(seconds))


def move_clock(pid: int) -> None:
    os.kill(pid, signal.SIGUSR1)
