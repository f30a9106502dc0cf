"""A supervisor that is asked to end, or loses a worker, at the worst of moments; tests/integration/test_workers.py has the rest of it."""

import os
import subprocess
import sys
from pathlib import Path

import mailgate

GRACE = 5.0
"""Seconds after which a worker that nobody has asked to end is killed."""
# a supervisor without what a gate is besides: to import all of it takes seconds
ALONE = """
import os, signal, sys, types
for name in ("app", "app.workers"):
    room = sys.modules["mailgate." + name] = types.ModuleType(name)
    room.__path__ = [os.path.join(os.environ["PYTHONPATH"], "mailgate", *name.split("."))]
"""
PROGRAM = (
    ALONE
    + """
from mailgate.app.workers.supervisor import Supervisor

def be(number, ready, life):
    print("worker", number, flush=True)
    {first}
    os.read(life, 1)
    return 0

{before}
sys.exit(Supervisor(2, be, {grace}).run())
"""
)


def run(program: str, *given: str) -> subprocess.CompletedProcess[str]:
    """A process of its own for this program."""
    environment = os.environ | {"PYTHONPATH": str(Path(mailgate.__file__).parents[1])}
    return subprocess.run(
        [sys.executable, "-c", program, *given], env=environment, capture_output=True, text=True
    )


def started(first: str, before: str = "") -> str:
    """What its workers print, which all end. ``first``: what each does."""
    done = run(PROGRAM.format(first=first, before=before, grace=GRACE))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_no_other_worker_starts_after_the_order_to_end() -> None:
    up_late = "signal.signal(signal.SIGTERM, lambda *_: (ready(), os._exit(0))); os.kill(os.getppid(), signal.SIGTERM)"
    assert started(up_late) == "worker 0\n"


def test_a_worker_that_was_only_just_forked_hears_of_it() -> None:
    """A busy machine lets it wait before its first step, until after it was asked to end."""
    waits = """
def wait():
    while signal.SIGTERM not in signal.sigpending():
        os.sched_yield()

os.register_at_fork(after_in_parent=lambda: os.register_at_fork(after_in_child=wait))  # not the first worker
"""
    assert started("ready(); os.kill(os.getppid(), signal.SIGTERM)", waits) == "worker 0\n"


def test_a_reload_during_the_start_of_a_worker_is_told_later() -> None:
    """A reload would end the first worker otherwise, and all with it."""
    waits = """os.kill(os.getppid(), signal.SIGHUP)
    while number == 0 and signal.SIGHUP not in signal.sigpending():
        os.sched_yield()
    ready()
    os.kill(os.getppid(), signal.SIGTERM)"""
    assert started(waits).startswith("worker 0\n")


BEREAVED = (
    ALONE
    + """
from mailgate.app.workers.listeners import REPLACED
from mailgate.app.workers.supervisor import Supervisor

pids = sys.argv[1]

def kill_the_new_one(*_):
    signal.signal(REPLACED, signal.SIG_IGN)
    os.kill(int(open(pids).read().split()[1]), signal.SIGKILL)

def be(number, ready, life):
    with open(pids, "a") as file:
        file.write(f"{{os.getpid()}} ")
    started = len(open(pids).read().split())
    print("start", started, flush=True)
    if started == 1:
        signal.signal(REPLACED, kill_the_new_one)
    ready()
    os.kill(os.getppid(), signal.SIGUSR2 if started == 1 else signal.SIGTERM if started == 3 else 0)
    while started == 1 and len(open(pids).read().split()) < 3:
        os.sched_yield()
    os.read(life, 1)
    return 0

sys.exit(Supervisor(1, be, {grace}).run())
"""
)


def test_a_worker_that_dies_during_a_replacement_is_started_again(tmp_path: Path) -> None:
    """Else its share of the connections would wait for good."""
    done = run(BEREAVED.format(grace=GRACE), str(tmp_path / "pids"))
    starts = [line for line in done.stdout.splitlines() if line.startswith("start ")]
    assert starts == ["start 1", "start 2", "start 3"]
