"""Time passes for a gate when a test says so: with each SIGUSR1 its clock is as many seconds further.

Only what the clock shows moves on. What waits for so many seconds goes by another one, as after a machine has slept.
"""

import os
import signal
from datetime import UTC, datetime

CLOCK_STEP = "MAILGATE_TEST_STEP"
"""The variable that says how many seconds pass at once."""


def arm(seconds: float) -> None:
    """Let the signal move the clock of this process on."""
    import time_machine  # here: no process that has not asked for it may have another clock

    clock = time_machine.travel(datetime.now(UTC), tick=True).start()
    signal.signal(signal.SIGUSR1, lambda *_: clock.shift(seconds))


def move_clock(pid: int) -> None:
    os.kill(pid, signal.SIGUSR1)
