"""Keeps a number of worker processes alive: it starts, restarts, replaces and ends them. ``supervise`` starts one with the
ports of the settings.

``roster.py`` decides what to do, and this file does it. It serves nothing and opens only one pipe for each worker, so
that little can go wrong. It must have no threads when it forks.
"""

import os
import select
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import structlog

from mailgate.app.service_manager import NOBODY, ServiceManager
from mailgate.app.workers.listeners import (
    SHUTDOWN_EXTRA_SECONDS,
    WorkerPlace,
    close,
    cores,
    open_listeners,
    remove_files,
)
from mailgate.app.workers.roster import Action, Close, Roster, Send, Start
from mailgate.config import Settings

log = structlog.get_logger()

STARTED = b"+"
HANDLED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2, signal.SIGCHLD)
MAX_SLEEP_SECONDS = 60.0

Run = Callable[[int, Callable[[], None], int], int]
"""Runs worker ``number``: calls the function once it serves, ends with the descriptor, returns the exit code."""


@dataclass(slots=True)
class Supervisor:
    """``run`` starts ``count`` workers and returns when all have ended."""

    count: int
    run_worker: Run
    grace: float
    """The seconds that a worker has to end running requests; then it is killed."""
    on_stop: Callable[[], None] = lambda: None
    """Called before the workers are asked to end; closes the ports."""
    manager: ServiceManager = NOBODY
    _said_ready: bool = False
    _next_keep_alive: float = 0.0
    """When the manager needs the next message."""
    _roster: Roster = field(init=False)
    _pipes: dict[int, int] = field(default_factory=dict)
    """The pipes by pid. A pipe is readable once its worker serves, or is gone."""
    _alive: tuple[int, int] = (-1, -1)
    _signals: tuple[int, int] = (-1, -1)

    def run(self) -> int:
        """Run until SIGTERM or SIGINT has ended all workers, or the first start fails. Returns the exit code."""
        self._roster = Roster(self.count, self.grace, self.manager.silence)
        self._alive, self._signals = os.pipe(), os.pipe()
        before = self._listen_to_signals()
        try:
            self._carry_out(self._roster.settle(time.monotonic()))
            while not self._roster.over:
                self._step()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(-1)
            for descriptor in (*self._alive, *self._signals):
                os.close(descriptor)
        return self._roster.code

    def _listen_to_signals(self) -> dict[int, Any]:
        for descriptor in self._signals:
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._signals[1], warn_on_full_buffer=False)
        before: dict[int, Any] = {
            number: signal.signal(number, lambda *_: None) for number in HANDLED_SIGNALS
        }
        # signals that came during the start are handled now
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
        return before

    def _step(self) -> None:
        waited_for = {pipe: pid for pid, pipe in self._pipes.items()}
        ready, _, _ = select.select([self._signals[0], *waited_for], [], [], self._patience())
        if self._signals[0] in ready:
            for number in os.read(self._signals[0], 4096):
                self._carry_out(self._roster.signalled(number, time.monotonic()))
        for pid in [pid for pipe, pid in waited_for.items() if pipe in ready]:
            if os.read(self._pipes[pid], 4096):
                self._carry_out(self._roster.ready(pid, time.monotonic()))
        self._reap()
        self._carry_out(self._roster.settle(time.monotonic()))
        self._tell(time.monotonic())

    def _tell(self, now: float) -> None:
        """Tell the manager once that all workers serve, and after that regularly that the supervisor runs."""
        if not self._said_ready and self._roster.all_serve:
            self._said_ready = True
            self.manager.ready()
        if self.manager.silence and now >= self._next_keep_alive:
            self._next_keep_alive = now + self.manager.silence / 4
            self.manager.alive()

    def _patience(self) -> float:
        at = [self._roster.next_check(), self._next_keep_alive if self.manager.silence else None]
        waits = [each - time.monotonic() for each in at if each is not None]
        return max(0.0, min([*waits, MAX_SLEEP_SECONDS]))

    def _reap(self) -> None:
        while self._pipes:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in self._pipes:
                os.close(self._pipes.pop(pid))
                self._carry_out(self._roster.ended(pid, os.waitstatus_to_exitcode(status), time.monotonic()))

    def _carry_out(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case Start(number):
                    self._start(number)
                case Send(pid, number):
                    # the process exists until it is reaped, so no other process has this pid
                    os.kill(pid, number)
                case Close():
                    self.manager.stopping(self.grace)
                    self.on_stop()

    def _start(self, number: int) -> None:
        try:
            self._fork(number)
        except OSError:  # no more processes or descriptors for now
            self._roster.not_started(number, time.monotonic())

    def _fork(self, number: int) -> None:
        read, write = os.pipe()
        # signals wait until the worker handles them, otherwise early ones would be lost
        signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED_SIGNALS)
        try:
            pid = os.fork()
            if pid == 0:
                os.close(read)
                os._exit(self._run_as_worker(number, write))
            self._pipes[pid] = read
            self._roster.started(number, pid, time.monotonic())
        except OSError:
            os.close(read)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED_SIGNALS)
            os.close(write)

    def _run_as_worker(self, number: int, write: int) -> int:
        """Run in the new process: give it its own signals, and let it notice the end of the supervisor.

        SIGHUP stays blocked until the worker handles it (``app/serve.py``), since before that it would end the worker.
        """

        def ready() -> None:
            os.write(write, STARTED)

        try:
            signal.set_wakeup_fd(-1)
            for each in HANDLED_SIGNALS:
                signal.signal(each, signal.SIG_DFL)
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # this signal is for the supervisor alone
            signal.pthread_sigmask(signal.SIG_UNBLOCK, set(HANDLED_SIGNALS) - {signal.SIGHUP})
            for descriptor in (*self._signals, self._alive[1], *self._pipes.values()):
                os.close(descriptor)
            return self.run_worker(number, ready, self._alive[0])
        except BaseException as error:  # noqa: BLE001 - the edge of a process: the text of an error may quote secrets
            where = traceback.format_tb(error.__traceback__)[-4:]
            log.error("worker-failed", worker=number, error=type(error).__name__, where=where)
            return 1


def workers_of(settings: Settings) -> int:
    """The number of processes that serve."""
    return cores() if settings.workers == "auto" else settings.workers


def supervise(
    settings: Settings,
    run_gate: Callable[[WorkerPlace, Callable[[], None], int], int],
    manager: ServiceManager = NOBODY,
) -> int:
    """Run as many workers as the settings ask for. Returns the exit code; raises OSError.

    ``run_gate`` is called in each worker's own process with three arguments: the worker's place; a function that the worker
    calls once it serves, and then at least as often as ``manager`` expects messages of the supervisor; and a file descriptor
    that reaches its end when the supervisor is gone.
    """
    # these signals wait until the supervisor handles them: ending now would leave the folder and the sockets below behind
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    count = workers_of(settings)
    certificates = settings.client_certificates
    devices = certificates.listen if certificates and settings.tls else None
    with tempfile.TemporaryDirectory(prefix="mailgate-") as folder:
        public = open_listeners(settings.listen, count)
        admin = open_listeners(settings.admin_listen, 1)
        asking = open_listeners(devices, count) if devices else [[] for _ in range(count)]
        questions = {
            str(each.listen): open_listeners(each.listen, count) for each in settings.authz_listeners
        }
        shared = [*public, *asking, *chain.from_iterable(questions.values())]

        def run_worker(number: int, ready: Callable[[], None], life: int) -> int:
            own_admin = admin[0] if number == 0 else ()
            asked = {where: listeners[number] for where, listeners in questions.items()}
            ports = public[number], asking[number], own_admin
            mine = WorkerPlace(number, count, *ports, Path(folder), asked)
            close([each for index, each in enumerate(shared) if index % count != number])
            return run_gate(mine, ready, life)

        def stop_listening() -> None:
            remove_files(chain.from_iterable(listeners[0] for listeners in questions.values()))
            close([*shared, *admin])

        grace = settings.timeouts.shutdown.total_seconds() + SHUTDOWN_EXTRA_SECONDS
        try:
            return Supervisor(count, run_worker, grace, stop_listening, manager).run()
        finally:
            stop_listening()
