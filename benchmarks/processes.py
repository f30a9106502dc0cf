"""The servers of a run: they are found, started on free ports, waited for, and ended by their process group."""

import atexit
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = ROOT / ".venv-bench" / "bin"
"""The folder in which ``make bench-setup`` installs the peers that are Python packages."""

START_SECONDS = 30.0
STOP_SECONDS = 5.0
PORTS = range(10_000, 32_768)
"""The range of ports. Linux uses those above for outgoing connections, macOS and Windows higher ones."""
PORTS_A_RUN = 256


class NotInstalled(Exception):
    """A program is not installed on this machine."""


class NotStarted(Exception):
    """A server did not start. The text is the end of its output."""


def program(name: str) -> str:
    """The path of an installed program. Raises NotInstalled."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise NotInstalled(f"{name} is not installed")
    return found


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this source tree with the interpreter of this run."""
    return [sys.executable, "-m", module, *arguments]


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child, so that the gate that is measured is the one of this source tree."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "proxy"), **(settings or {})}


def version_of(name: str, *question: str) -> str:
    """The first version number in a program's answer. Raises NotInstalled."""
    answer = subprocess.run([program(name), *question], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(?:\.\d+)+", answer.stdout + answer.stderr)
    return found[0] if found else "unknown"


@cache
def _own_ports() -> Iterator[int]:
    """The ports that only this process hands out, in a cycle.

    A process that asks for a free port starts its server a while later. Two processes that look among the same ports
    can find the same one free, and the second server does not start. So each run takes a range of ports, by binding the
    first.
    """
    stretches = list(range(PORTS.start, PORTS.stop - PORTS_A_RUN, PORTS_A_RUN))
    random.SystemRandom().shuffle(stretches)
    for first in stretches:
        taken = socket.socket()
        try:
            taken.bind(("127.0.0.1", first))
        except OSError:
            taken.close()
        else:
            atexit.register(taken.close)
            return cycle(range(first + 1, first + PORTS_A_RUN))
    raise NotStarted(f"no stretch of {PORTS_A_RUN} ports is free between {PORTS.start} and {PORTS.stop}")


def free_port() -> int:
    """A TCP port of the loopback interface on which nothing listens now, and that no other run gets.

    The system never uses it for outgoing connections: otherwise the check whether a server listens could come from that
    very port, answer itself (RFC 9293, section 3.5), and the server would find its port taken.
    """
    for port in islice(_own_ports(), PORTS_A_RUN):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise NotStarted("each port of this run is in use")


def leave_nothing_behind() -> None:
    """Let SIGTERM end this process like an exception, so that its servers are ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextmanager
def serving(
    command: Sequence[str], port: int, log: Path, settings: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run a server that listens on ``port`` of the loopback interface. Yields its process id."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait_until_listening(process, port, log)
            yield process.pid
        finally:
            _end(process)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise NotStarted(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process, first by SIGTERM. Its group has a session of its own, so Ctrl-C reaches it only through this."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
