"""wrk, a load that nobody here has shaped: connections that send the next request as soon as the last was answered."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.machine import of_children, processor_seconds
from benchmarks.mixes import Mix
from benchmarks.processes import program

CONNECTIONS = 32
SCRIPT = Path(__file__).with_name("traffic.lua")
NUMBERS_A_ROUND = 10_000_000
"""How far the numbers of two rounds are apart, so that none comes again."""


class WrongAnswer(Exception):
    """An answer is not the one that was to come, so the figures mean nothing."""


@dataclass(frozen=True)
class Load:
    """How many requests were answered, how many each second, how many with a status from 400 on, and how many connections broke.
    ``prepared``: the processor time of wrk before its first request. ``statuses``: how many answers had each, if connections
    pause. ``cpu_us``: processor time of the system for a request, once measured; ``load_us``: that of wrk itself."""

    count: int
    rate: float
    refused: int
    broken: int
    prepared: float
    statuses: Mapping[str, int]
    cpu_us: float = 0.0
    load_us: float = 0.0


def command(port: int, records: Path, turn: int, seconds: int, connections: int, *how: str) -> list[str]:
    """The command that sends a file of records: ``how`` are further arguments of the script. Raises NotInstalled."""
    load = [program("wrk"), "--threads=1", f"--connections={connections}", f"--duration={seconds}s"]
    load += ["--timeout=120s" if len(how) > 1 else "--timeout=10s", f"--script={SCRIPT}"]
    return [*load, f"http://127.0.0.1:{port}/", "--", str(records), str((turn + 1) * NUMBERS_A_ROUND), *how]


def said(output: str) -> Load:
    """What the script says at the end. Raises WrongAnswer if it says nothing."""
    last = output.rstrip().rpartition("\n")[2]
    if not last.startswith("{"):
        raise WrongAnswer(f"wrk says no rate: {output.strip()[:500]!r}")
    return Load(**json.loads(last))


def answered(output: str) -> Load:
    """The same. Raises WrongAnswer also if a connection broke."""
    found = said(output)
    if found.broken or not found.count:
        raise WrongAnswer(f"{found.broken} connections broke, and {found.count} requests were answered")
    return found


def sample(port: int, records: Path, turn: int, seconds: int, pids: tuple[int, ...], mix: Mix) -> Load:
    """Send a file of records, and measure. Raises NotInstalled; WrongAnswer if one is not what it has to be."""
    load = command(port, records, turn, seconds, CONNECTIONS, "in order" if mix.in_order else "shuffled")
    used, own = processor_seconds(pids), of_children()
    finished = subprocess.run(load, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    used, own = processor_seconds(pids) - used, of_children() - own
    found = answered(finished.stdout)
    if found.refused != (found.count if mix.refused else 0):
        raise WrongAnswer(f"{found.refused} of {found.count} requests were refused")
    load_us = (own - found.prepared) / found.count * 1e6
    return replace(found, cpu_us=used / found.count * 1e6, load_us=load_us)
