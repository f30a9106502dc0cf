"""Measures the processor time of a page at each system, which a busy machine disturbs less than a rate.

``python -m benchmarks.page_cost`` measures the gate, ``python -m benchmarks.page_cost nginx plain_aiohttp mailgate``
those systems in turn, under the load of ``make bench``. Results are kept in ``experiments.md``.
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import GATE, PEERS
from benchmarks.site import serve_site
from benchmarks.wrk import requests_per_second

SECONDS = 3
ROUNDS = 3

_TICK = 1_000_000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """The processor time of one page in microseconds: in the program itself, and in the kernel."""

    program: float
    kernel: float

    def __str__(self) -> str:
        return f"{self.program + self.kernel:.1f} µs (program {self.program:.1f}, kernel {self.kernel:.1f})"


def cost_of_page(pid: int, port: int) -> Cost:
    """Measure under load from 32 connections for some seconds. Raises NotInstalled, LoadFailed."""
    before = _times(pid)
    pages = requests_per_second(port, SECONDS) * SECONDS
    after = _times(pid)
    return Cost((after[0] - before[0]) * _TICK / pages, (after[1] - before[1]) * _TICK / pages)


def _times(pid: int) -> tuple[int, int]:
    """The ticks of a process and its workers in the program and in the kernel."""
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    stats = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in (pid, *workers)]
    return sum(int(stat[11]) for stat in stats), sum(int(stat[12]) for stat in stats)


def main(names: list[str]) -> None:
    with ExitStack() as stack:
        run = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailgate-cost-")))
        site = stack.enter_context(serve_site(run))
        running = {peer.name: stack.enter_context(peer.start(site)) for peer in PEERS if peer.name in names}
        for system in running.values():
            requests_per_second(system.port, 1)
        for _ in range(ROUNDS):
            for name, system in running.items():
                print(f"{name}: {cost_of_page(system.pid, system.port)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or [GATE.name])
