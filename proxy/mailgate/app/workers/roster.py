"""Decides which workers to start and end: events come in, actions go out, and no process is touched here.

The rule is that one worker serves or starts for each number, unless all workers are ending. So every event is only noted, and
`settle` then compares the workers with this rule. ``supervisor.py`` carries out the actions.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

import structlog

from mailgate.app.workers.listeners import REPLACED

log = structlog.get_logger()

FIRST_RESTART_SECONDS, MAX_RESTART_SECONDS = 0.25, 30.0
"""The seconds before a worker that died is started again. They double each time, up to the longest."""
SETTLED_SECONDS = 60.0
"""The seconds after which the failures of a running worker are forgotten."""
START_SECONDS = 300.0
"""The seconds that a worker may take to start, but for the first, which may have to upgrade a large store."""


@dataclass(frozen=True, slots=True)
class Start:
    """Start a process for this worker, and report that it ``started`` or was ``not_started``."""

    number: int


@dataclass(frozen=True, slots=True)
class Send:
    """Send a signal to a process."""

    pid: int
    signal: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close the ports, since all workers are about to end."""


Action = Start | Send | Close


@dataclass(slots=True)
class Worker:
    """One process."""

    number: int
    pid: int
    since: float
    round: int
    """The number of requested replacements of all workers when it started."""
    serves: bool = False
    leaving: bool = False
    """Whether it was asked to end, so that its end is expected."""
    kill_at: float | None = None


@dataclass(slots=True)
class Roster:
    """Call ``settle`` first, then the method of every event. Times are of a clock that never goes back."""

    count: int
    grace: float
    """The seconds that a worker has to end running requests; then it is killed."""
    silence: float = 0.0
    """The seconds without a message after which a worker that serves is killed; 0 if it never is."""
    workers: dict[int, Worker] = field(default_factory=dict)
    """The workers by pid, the oldest first."""
    code: int = 0
    """The exit code of them all."""
    stopping: bool = False
    _once_served: bool = False
    _round: int = 0
    _replacing: bool = False
    _failures: dict[int, int] = field(default_factory=dict)
    _due: dict[int, float] = field(default_factory=dict)
    """When a worker that died may be started again, by number."""

    @property
    def over(self) -> bool:
        return self.stopping and not self.workers

    @property
    def all_serve(self) -> bool:
        return sum(each.serves and not each.leaving for each in self.workers.values()) >= self.count

    def next_check(self) -> float | None:
        """When ``settle`` has to be called at the latest, if nothing else happens; None if it need not be."""
        kills = [each.kill_at for each in self.workers.values() if each.kill_at is not None]
        dues = [] if self.stopping else [at for number, at in self._due.items() if not self._of(number)]
        return min([*kills, *dues], default=None)

    # events

    def started(self, number: int, pid: int, now: float) -> None:
        until = now + START_SECONDS if self._once_served else None
        self.workers[pid] = Worker(number, pid, now, self._round, kill_at=until)
        self._due.pop(number, None)

    def not_started(self, number: int, now: float) -> None:
        """Note that the system could not start a process."""
        log.error("worker-not-started", worker=number, starts_in=self._wait(number, 0.0, now))

    def ready(self, pid: int, now: float) -> list[Action]:
        """Note that a worker serves, or still serves. The worker that it replaces may then end."""
        worker = self.workers.get(pid)
        if worker is None or worker.leaving:
            return []
        worker.kill_at = now + self.silence if self.silence else None
        if worker.serves:
            return []
        worker.serves = self._once_served = True
        before = [each for each in self._of(worker.number) if each is not worker]
        return [*(self._ask_to_leave(each, REPLACED, now) for each in before), *self.settle(now)]

    def ended(self, pid: int, code: int, now: float) -> list[Action]:
        """Note that a process has ended. ``code`` is its exit code, or minus the signal that killed it."""
        worker = self.workers.pop(pid, None)
        if worker is None or worker.leaving or self.stopping:
            return self.settle(now)
        # the worker has logged why it ended, and if it started again it would end in the same way
        if code > 0 and not self._once_served:
            self.code = code
            return self._stop(now)
        if self._replacing and not worker.serves:
            log.error("replacement-failed", worker=worker.number, code=code)
            self._replacing = False
        if not self._of(worker.number):
            lasted = now - worker.since
            if code == 0 and worker.serves:  # somebody else has asked it to end, so this is no failure
                self._failures.pop(worker.number, None)
            wait = self._wait(worker.number, lasted, now)
            log.error("worker-died", worker=worker.number, code=code, lasted=round(lasted, 1), starts_in=wait)
        return self.settle(now)

    def signalled(self, number: int, now: float) -> list[Action]:
        """Note a signal."""
        if number in (signal.SIGTERM, signal.SIGINT):
            return self._stop(now)
        if number == signal.SIGHUP:
            return [Send(pid, signal.SIGHUP) for pid in self.workers]
        if number == signal.SIGUSR2 and not self.stopping:
            log.info("replacing-workers", count=self.count)
            self._round, self._replacing = self._round + 1, True
        return self.settle(now)

    # actions

    def settle(self, now: float) -> list[Action]:
        """What has to be done by now. At first that is to start one worker: the others follow once it has made the store and put the files
        in force."""
        overdue = self._overdue(now)
        if self.stopping:
            return overdue
        missing: list[Action] = [Start(number) for number in self._missing(now)]
        return [*overdue, *(missing or self._replace_one())]

    def _overdue(self, now: float) -> list[Action]:
        late = [each for each in self.workers.values() if each.kill_at is not None and each.kill_at <= now]
        for each in late:
            each.kill_at = now + self.grace
        return [Send(each.pid, signal.SIGKILL) for each in late]

    def _missing(self, now: float) -> Iterator[int]:
        """The numbers without a worker; before any has served, only the first, which must have the store for itself."""
        for number in range(self.count if self._once_served else 1):
            if not self._of(number) and self._due.get(number, now) <= now:
                yield number

    def _replace_one(self) -> list[Action]:
        """The next step of a replacement: one worker starts at a time, and the oldest is replaced first."""
        staying = [each for each in self.workers.values() if not each.leaving]
        if not self._replacing or not all(each.serves for each in staying):
            return []
        old = [each for each in staying if each.round < self._round]
        if old:
            return [Start(min(old, key=lambda each: each.round).number)]
        if len(staying) == self.count:
            log.info("replaced-workers", count=self.count)
            self._replacing = False
        return []

    def _of(self, number: int) -> list[Worker]:
        """The workers that have this number and are not ending. There are two while one replaces the other."""
        return [each for each in self.workers.values() if each.number == number and not each.leaving]

    def _ask_to_leave(self, worker: Worker, by: int, now: float) -> Action:
        if not worker.leaving:
            worker.leaving, worker.kill_at = True, now + self.grace
        return Send(worker.pid, by)

    def _wait(self, number: int, lasted: float, now: float) -> float:
        """Note that this number has lost its worker, and return how long it waits for the next one."""
        failures = 1 if lasted >= SETTLED_SECONDS else self._failures.get(number, 0) + 1
        wait = min(FIRST_RESTART_SECONDS * 2.0 ** min(failures - 1, 30), MAX_RESTART_SECONDS)
        self._failures[number], self._due[number] = failures, now + wait
        return wait

    def _stop(self, now: float) -> list[Action]:
        if self.stopping:
            return []
        self.stopping = True
        return [Close(), *(self._ask_to_leave(each, signal.SIGTERM, now) for each in self.workers.values())]
