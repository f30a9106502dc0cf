"""Takes lines for a file, for syslog or for standard error. A thread writes them, and the queue is bounded, so that neither a full disk nor
a slow reader delays a request. Lost lines are counted."""

import os
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from errno import EMSGSIZE, ENOSPC
from pathlib import Path
from threading import Event, Thread
from typing import Any

import structlog

log = structlog.get_logger()

MAX_QUEUED = 10_000
WRITE_SECONDS = 0.25
"""The pause between two looks at the waiting lines in seconds."""
BATCH = 1000
TIMEOUT_SECONDS = 5.0
"""How many seconds the waiting lines have when the gate ends."""

Sink = Callable[[Sequence[bytes]], None]
"""Writes whole lines, each with its line end. If it raises OSError, all of them are tried again, except those that
``CutShortError`` counts."""


class CutShortError(OSError):
    """The first ``written`` lines were written, and the next one could not be written."""

    def __init__(self, written: int, error: OSError) -> None:
        super().__init__(error.errno, error.strerror)
        self.written = written


class LineWriter:
    """The queue of lines. Call ``start`` first, then ``put`` from the loop, and ``close`` at the end."""

    def __init__(
        self, name: str, sink: Sink, on_lost: Callable[[int], None], max_queued: int = MAX_QUEUED
    ) -> None:
        self._name, self._sink, self._on_lost, self._room = name, sink, on_lost, max_queued
        self._waiting: deque[bytes] = deque()
        self._ends = Event()
        self._failing = False
        self._thread = Thread(target=self._run, name=f"mailgate-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Queue a line. Never waits and never raises."""
        if len(self._waiting) >= self._room:
            self._on_lost(1)
        else:
            self._waiting.append(line)

    def close(self) -> None:
        self._ends.set()

    def finish(self) -> None:
        """Close and wait for the end. It blocks, so call it in a thread."""
        self.close()
        self._thread.join(TIMEOUT_SECONDS)

    def _run(self) -> None:
        while not self._ends.wait(WRITE_SECONDS):
            self.write()
        if not self.write() and self._waiting:
            self._on_lost(len(self._waiting))

    def write(self) -> bool:
        """Write the waiting lines. Returns whether that succeeded."""
        while self._waiting:
            lines = [self._waiting[at] for at in range(min(len(self._waiting), BATCH))]
            try:
                self._sink(lines)
            except OSError as error:
                self._written(getattr(error, "written", 0))
                self._failed(error)
                if error.errno != EMSGSIZE:
                    return False
                self._written(1)  # this line is too long for a datagram, and the others must not wait for it
                self._on_lost(1)
                continue
            self._failing = False
            self._written(len(lines))
        return True

    def _written(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()

    def _failed(self, error: OSError) -> None:
        """Log the failure once, until lines are written again."""
        if not self._failing:
            kind = type(error.__cause__ or error).__name__
            log.error("lines-not-written", log=self._name, error=kind, why=error.strerror)
        self._failing = True


def to_standard_error(lines: Sequence[bytes]) -> None:
    """Write to standard error line by line, so that lines of other code can come between these."""
    for line in lines:
        sys.stderr.write(line.decode())


def to_file(path: Path) -> Sink:
    """Append to a file. It is opened each time, so that it may be moved away. A missing folder is created.

    If a full disk takes only a part of a line, the file has that part, and later the whole line on a line of its own.
    """
    torn = False

    def write(lines: Sequence[bytes]) -> None:
        nonlocal torn
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            data = b"\n" * torn + b"".join(lines)
            taken = data[: os.write(file, data)]
        finally:
            os.close(file)
        whole = taken.count(b"\n") - torn
        torn = not taken.endswith(b"\n")
        if len(taken) < len(data):
            full = OSError(ENOSPC, os.strerror(ENOSPC))
            raise CutShortError(whole, full) from full

    return write


def to_syslog(address: str | tuple[str, int], priority: int) -> Sink:
    """Send each line as a datagram in the form of RFC 3164, to a Unix socket or by UDP."""

    def write(lines: Sequence[bytes]) -> None:
        family, place = _found(address)
        with socket.socket(family, socket.SOCK_DGRAM) as sending:
            sending.connect(place)
            for sent, line in enumerate(lines):
                try:
                    sending.send(b"<%d>mailgate: %b" % (priority, line.rstrip(b"\n")))
                except OSError as error:
                    if not sent:
                        raise
                    raise CutShortError(sent, error) from error

    return write


def _found(address: str | tuple[str, int]) -> tuple[int, Any]:
    if isinstance(address, str):
        return socket.AF_UNIX, address
    family, _, _, _, place = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    return family, place
