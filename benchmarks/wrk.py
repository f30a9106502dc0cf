"""wrk, a load that nobody here has shaped: connections that send the next request as soon as the last was answered."""

import json
import resource
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import processor_seconds
from benchmarks.mixes import Mix
from benchmarks.processes import program

CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("traffic.lua")
NUMBERS_A_ROUND = 10_000_000
"""How far the numbers of two rounds are apart, so that none comes again."""


class LoadFailed(Exception):
    """A load whose figures mean nothing, because an answer was wrong."""


@dataclass(frozen=True)
class Answered:
    """How many requests were answered, how many each second, how many with a status from 400 on, and how many connections broke.
    ``prepared``: the processor time of wrk before its first request."""

    count: int
    rate: float
    refused: int
    broken: int
    prepared: float
    statuses: Mapping[str, int]
    """How many answers had each status, if connections pause."""


@dataclass(frozen=True)
class Load:
    """One sample. ``cpu_us``: processor time of the system for a request; ``load_us``: that of wrk itself."""

    count: int
    rate: float
    cpu_us: float
    load_us: float


def command(port: int, records: Path, turn: int, seconds: int, connections: int, *how: str) -> list[str]:
    """The command that sends a file of records: ``how`` are further arguments of the script. Raises NotInstalled."""
    load = [program("wrk"), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    load += ["--timeout=120s" if len(how) > 1 else "--timeout=10s", f"--script={SCRIPT}"]
    return [*load, f"http://127.0.0.1:{port}/", "--", str(records), str((turn + 1) * NUMBERS_A_ROUND), *how]


def said(output: str) -> Answered:
    """What the script says at the end. Raises LoadFailed if it says nothing."""
    last = output.rstrip().rpartition("\n")[2]
    if not last.startswith("{"):
        raise LoadFailed(f"wrk says no rate: {output.strip()[:500]!r}")
    return Answered(**json.loads(last))


def answered(output: str) -> Answered:
    """The same. Raises LoadFailed also if a connection broke."""
    found = said(output)
    if found.broken or not found.count:
        raise LoadFailed(f"{found.broken} connections broke, and {found.count} requests were answered")
    return found


def sample(port: int, records: Path, turn: int, seconds: int, pids: list[int], mix: Mix) -> Load:
    """Send a file of records, and measure. Raises NotInstalled; LoadFailed if an answer is not what it has to be."""
    load = command(port, records, turn, seconds, CONNECTIONS, "in order" if mix.in_order else "shuffled")
    used, own = processor_seconds(pids), _children()
    finished = subprocess.run(load, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    used, own = processor_seconds(pids) - used, _children() - own
    found = answered(finished.stdout)
    if found.refused != (found.count if mix.refused else 0):
        raise LoadFailed(f"{found.refused} of {found.count} requests were refused")
    return Load(found.count, found.rate, used / found.count * 1e6, (own - found.prepared) / found.count * 1e6)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
