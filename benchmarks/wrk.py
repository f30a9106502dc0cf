"""wrk, the load: 32 connections that send the next request as soon as the last was answered."""

import re
import subprocess
from pathlib import Path

from benchmarks.agents import LAPTOP
from benchmarks.processes import program

CONNECTIONS = 32

_RATE = re.compile(r"^Requests/sec:\s+([0-9.]+)$", re.MULTILINE)
_WRONG = re.compile(r"^ +(Non-2xx or 3xx responses: .+|Socket errors: .+)$", re.MULTILINE)


class LoadFailed(Exception):
    """A run whose rate means nothing, because not every answer was right."""


def requests_per_second(
    port: int, seconds: int, *, script: Path | None = None, arguments: tuple[str, ...] = ()
) -> float:
    """Load the page of the system on ``port``. Raises NotInstalled, LoadFailed."""
    command = [program("wrk"), "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s"]
    command += ["--header", f"User-Agent: {LAPTOP}"] if script is None else ["--script", str(script)]
    command += [f"http://127.0.0.1:{port}/page.html", "--", *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    return rate_of(finished.stdout + finished.stderr)


def rate_of(output: str) -> float:
    """The rate in wrk's output. Raises LoadFailed if an answer was an error, or if there is no rate."""
    wrong = _WRONG.findall(output)
    rate = _RATE.search(output)
    if wrong or rate is None:
        raise LoadFailed("; ".join(wrong) or f"wrk printed no rate: {output.strip()[:500]!r}")
    return float(rate[1])
