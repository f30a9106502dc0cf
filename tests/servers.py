"""Real servers as child processes: started on free ports, waited for, stopped by their own process group."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

import pytest
from benchmarks.processes import free_port as free_port

PATIENCE = 120.0
"""Seconds that a test waits for whatever has to come: only what is broken takes so long, however busy the machine is."""
STOP_SECONDS = 10.0


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
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")
