"""Keeps a number of worker processes alive: starts them, starts them again when they die, replaces and ends them.

It serves nothing itself and opens nothing but a pipe a worker, so that little can go wrong here. It must have no threads
when it forks.
"""

import os
import select
import signal
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog

from mailgate.app.workers.place import REPLACED

log = structlog.get_logger()

FIRST_WAIT, LONGEST_WAIT = 0.25, 30.0
"""Seconds before a worker that died is started again; each time twice as long, up to the longest."""
SETTLED = 60.0
"""Seconds after which a worker that runs has left its failures behind."""
STARTED = b"+"
HEEDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD)

Run = Callable[[int, Callable[[], None], int], int]
"""Be worker ``number``: call the function once it serves, end when the file descriptor is at its end. The exit code."""


@dataclass(slots=True)
class Worker:
    """One process."""

    number: int
    pid: int
    pipe: int
    """Readable once it serves, or once it is gone."""
    since: float
    serves: bool = False
    leaving: bool = False
    """It was asked to end."""


@dataclass(slots=True)
class Supervisor:
    """``run`` starts ``count`` workers and comes back when all have ended."""

    count: int
    run_worker: Run
    grace: float
    """Seconds that a worker has to end what runs; then it is killed."""
    on_stop: Callable[[], None] = lambda: None
    """Called before the workers are asked to end: closes the ports."""
    _workers: dict[int, Worker] = field(default_factory=dict)
    """By pid."""
    _failures: dict[int, int] = field(default_factory=dict)
    _due: dict[int, float] = field(default_factory=dict)
    """When a worker that died is started again."""
    _queue: list[int] = field(default_factory=list)
    """Numbers whose workers are still to be replaced, one after the other."""
    _stopping: bool = False
    _kill_at: float = 0.0
    _code: int = 0
    _once_served: bool = False
    _put_off: bool = False
    """Whether all are to be replaced once the first of them serves."""
    _alive: tuple[int, int] = (-1, -1)
    _signals: tuple[int, int] = (-1, -1)

    def run(self) -> int:
        """Until SIGTERM or SIGINT has ended all, or the first start fails. The exit code."""
        self._alive, self._signals = os.pipe(), os.pipe()
        before = self._listen_to_signals()
        try:
            self._start(0)  # the others follow once the first has made the store and put the files in force
            while self._workers or (self._due and not self._stopping):
                self._step()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(-1)
            for descriptor in (*self._alive, *self._signals):
                os.close(descriptor)
        return self._code

    def _listen_to_signals(self) -> dict[int, Any]:
        for descriptor in self._signals:
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._signals[1], warn_on_full_buffer=False)
        return {number: signal.signal(number, lambda *_: None) for number in HEEDED}

    def _step(self) -> None:
        pipes = [worker.pipe for worker in self._workers.values() if not worker.serves]
        ready, _, _ = select.select([self._signals[0], *pipes], [], [], self._patience())
        if self._signals[0] in ready:
            for number in os.read(self._signals[0], 4096):
                self._heed(number)
        for worker in [each for each in self._workers.values() if each.pipe in ready]:
            self._hear(worker)
        self._reap()
        self._start_due()
        if self._stopping and self._workers and time.monotonic() >= self._kill_at:
            self._send(signal.SIGKILL, self._workers.values())

    def _patience(self) -> float:
        now = time.monotonic()
        ends = [*self._due.values(), *([self._kill_at] if self._stopping else [])]
        return max(0.0, min([now + 60, *ends]) - now)

    # what may happen

    def _heed(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._stop()
        elif number == signal.SIGHUP:
            self._send(signal.SIGHUP, self._workers.values())
        elif number == signal.SIGUSR2 and not self._stopping and not self._queue:
            if self._once_served:
                self._replace_all()
            else:  # the first worker has the store to itself until it serves
                self._put_off = True

    def _hear(self, worker: Worker) -> None:
        if os.read(worker.pipe, 1) != STARTED:
            return  # it is gone: reaped below
        worker.serves = True
        first, self._once_served = not self._once_served, True
        if first:
            for number in range(1, self.count if not self._stopping else 1):
                self._start(number)
        older = [
            each for each in self._workers.values() if each.number == worker.number and each is not worker
        ]
        for each in older:
            each.leaving = True
        self._send(REPLACED, older)
        if self._queue and self._queue[0] == worker.number:
            self._queue.pop(0)
            self._replace_next()
        if first and self._put_off and not self._stopping:
            self._replace_all()

    def _replace_all(self) -> None:
        log.info("replacing-workers", count=self.count)
        self._queue = list(range(self.count))
        self._replace_next()

    def _replace_next(self) -> None:
        if self._queue:
            self._start(self._queue[0])
        else:
            log.info("replaced-workers", count=self.count)

    def _reap(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if worker := self._workers.pop(pid, None):
                os.close(worker.pipe)
                self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: Worker, code: int) -> None:
        if self._stopping or worker.leaving:
            return
        if not self._once_served:  # it has said why; starting it again would end the same way
            self._code = code if code > 0 else 1
            self._stop()
            return
        # one that is leaving takes nobody's place, however long it still takes
        if any(each.number == worker.number and not each.leaving for each in self._workers.values()):
            if not worker.serves:  # the one that it was to replace goes on
                log.error("replacement-failed", worker=worker.number, code=code)
                self._queue = []
            return
        lasted = time.monotonic() - worker.since
        failures = self._failures[worker.number] = (
            1 if lasted >= SETTLED else self._failures.get(worker.number, 0) + 1
        )
        wait = min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT)
        log.error("worker-died", worker=worker.number, code=code, lasted=round(lasted, 1), starts_in=wait)
        self._due[worker.number] = time.monotonic() + wait

    # what it does

    def _start_due(self) -> None:
        now = time.monotonic()
        for number in [each for each, at in self._due.items() if at <= now and not self._stopping]:
            del self._due[number]
            self._start(number)

    def _start(self, number: int) -> None:
        read, write = os.pipe()
        # they wait until they are the worker's own: what came before that would be lost
        signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        pid = os.fork()
        if pid == 0:
            os.close(read)
            os._exit(self._be(number, write))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
        os.close(write)
        self._workers[pid] = Worker(number, pid, read, time.monotonic())

    def _be(self, number: int, write: int) -> int:
        """In the new process: the signals are its own again, and it hears when the supervisor is gone.

        SIGHUP waits until it heeds it (``app/serve.py``): before, it would end it.
        """
        signal.set_wakeup_fd(-1)
        for each in HEEDED:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, set(HEEDED) - {signal.SIGHUP})
        for descriptor in (*self._signals, self._alive[1], *(each.pipe for each in self._workers.values())):
            os.close(descriptor)

        def ready() -> None:
            os.write(write, STARTED)

        try:
            return self.run_worker(number, ready, self._alive[0])
        except BaseException as error:  # noqa: BLE001 - the edge of a process: its text may quote what nobody may read
            where = traceback.format_tb(error.__traceback__)[-4:]
            log.error("worker-failed", worker=number, error=type(error).__name__, where=where)
            return 1

    def _stop(self) -> None:
        if self._stopping:
            return
        self._stopping, self._kill_at = True, time.monotonic() + self.grace
        self._queue, self._due = [], {}
        self.on_stop()
        self._send(signal.SIGTERM, self._workers.values())

    @staticmethod
    def _send(number: int, workers: Iterable[Worker]) -> None:
        for worker in workers:
            os.kill(worker.pid, number)  # ours until it is reaped: no other process has this pid
