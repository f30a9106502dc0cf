"""Real servers as child processes: started on free ports, waited for, stopped by their own process group."""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import NoReturn
from urllib.request import urlopen

import pytest

PATIENCE = 120.0
"""Seconds that a test waits for whatever has to come: only what is broken takes so long, however busy the machine is."""
STOP_SECONDS = 10.0
PORTS = range(10_000, 32_768)
"""The range of ports. Linux uses those above for outgoing connections, macOS and Windows higher ones."""
PORTS_A_RUN = 256
MEMORY = Path("/dev/shm")


class NotStarted(Exception):
    """A server did not start. The text is the end of its output."""


def patiently(seconds: float = PATIENCE) -> Iterator[None]:
    """The turns of a loop that asks and pauses by itself, for as long as a test waits."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield


def require_or_skip(*programs: str) -> None:
    """Skip with one line that names the missing programs; fail instead if ``MAILGATE_E2E=required``."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    missing = [
        program for program in programs if not (shutil.which(program, path=path) or Path(program).exists())
    ]
    if missing:
        unavailable(f"not installed: {', '.join(missing)}")


def unavailable(why: str) -> NoReturn:
    """End this test as skipped, or as failed if the end-to-end tests are required."""
    if os.environ.get("MAILGATE_E2E") == "required":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def in_memory(room: int) -> Path | None:
    """The system's folder in memory, if so many bytes are free there: many files are made and thrown away with less work."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > room else None


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


@contextmanager
def running(
    arguments: Sequence[str | Path],
    *,
    ready: Callable[[], object],
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    account: str | None = None,
    patience: float = STOP_SECONDS,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server that is up once ``ready`` says so. Its output goes to ``log``, whose end is shown if it fails.

    ``account``: the system user to run as, if not ours. ``patience``: the seconds that it has to end by itself.
    """
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **(environment or {})},
            cwd=directory,
            start_new_session=True,
            user=account,
            group=account,
            extra_groups=[] if account else None,
        ) as process,
    ):
        try:
            _wait_until(ready, process, log)
            yield process
        finally:
            stop(process, patience)


def listens(port: int) -> Callable[[], bool]:
    """Whether a server answers on a port of the loopback interface."""

    def asked() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    return asked


def answers(url: str) -> Callable[[], bool]:
    """Whether this address is answered with success: some servers listen before they can."""

    def asked() -> bool:
        with suppress(OSError), urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    return asked


@contextmanager
def serving_by_nginx(run: Path, port: int, http: str, main: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run nginx with these lines of its ``http`` block and of the main one; its files are below ``run``."""
    paths = "\n".join(f"{each}_temp_path {run}/{each};" for each in ("proxy", "fastcgi", "uwsgi", "scgi"))
    # a worker of another user could not read a folder that was made for this one
    user = "user root;" if os.geteuid() == 0 else ""
    (run / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {run}/nginx.pid; error_log stderr; {user}\n{main}\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; client_body_temp_path {run}/body; {paths}\n{http}\n}}\n"
    )
    with running(nginx_command(run), ready=listens(port), log=run / "nginx.log") as process:
        yield process


def nginx_command(run: Path) -> list[str | Path]:
    return ["/usr/sbin/nginx", "-e", "stderr", "-c", run / "nginx.conf"]


def stop(process: subprocess.Popen[bytes], patience: float = STOP_SECONDS) -> None:
    """End the process and everything it started: by SIGTERM, then by SIGKILL.

    Workers in process groups of their own (as sogod's) would outlive it, so its tree is looked up before.
    """
    tree = descendants(process.pid)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    for pid in tree:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Every process that this one started, and that those started, now."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, path.read_text().split()):
                found += [child, *descendants(child)]
    return found


def _wait_until(ready: Callable[[], object], process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in patiently():
        if process.poll() is not None:
            break
        if ready():
            return
        time.sleep(0.05)
    raise NotStarted(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")
