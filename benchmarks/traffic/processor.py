"""The processor time that servers have used, on Linux."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from benchmarks.memory import descendants

TICK = os.sysconf("SC_CLK_TCK")


def seconds(pids: Iterable[int]) -> float:
    """The user and system time of these processes and of all that they started, so far."""
    return sum(_used(each) for pid in pids for each in [pid, *descendants(pid)])


def _used(pid: int) -> float:
    with suppress(OSError):
        # after the name, which is in brackets and may hold anything, utime and stime are the 12th and 13th
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK
    return 0.0
