"""``mailgate`` as a process of its own that need not import everything first.

A process that has imported the command line once is forked for each command, which saves more than a second of
processor time for each gate. The real command line runs, with its own arguments, folder, environment and output; only
the preparations of ``nursery.py`` are shared. The tests of the demo and of the tour in the README start new
processes.
"""

import atexit
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

ROOT = Path(__file__).parents[2]
CODE = struct.Struct("i")
MOST = 1 << 16
"""Bytes of one order: arguments and environment."""
SHARED = "TEST_NURSERY"
"""The variable with the folder of a socket: the way to the process from which all parts of a run fork."""
VERSION = sys.implementation.cache_tag or ""
"""Its name there: tests on another Python have one of their own."""


class Forked:
    """A process that the nursery has forked, with the part of ``subprocess.Popen`` that tests use."""

    def __init__(self, pid: int, stderr: IO[bytes], ended: int) -> None:
        self.pid = pid
        self.stderr = stderr
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            self._learn()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, negative for a signal. Raises subprocess.TimeoutExpired after so many seconds."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("mailgate", timeout or 0)
            self._learn()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it has ended, but its end was not reported yet
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _learn(self) -> None:
        (status,) = CODE.unpack(os.read(self._ended, CODE.size))
        os.close(self._ended)
        self.returncode = os.waitstatus_to_exitcode(status)


def fork(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int | None = None
) -> Forked:
    """Run ``mailgate`` with these arguments in a process of its own. ``output``: a descriptor that it prints to."""
    order = json.dumps([list(arguments), str(folder), dict(environment)]).encode()
    read_error, write_error = os.pipe()
    read_end, write_end = os.pipe()
    try:
        printing = [] if output is None else [output]
        socket.send_fds(_nursery(), [order], [write_error, write_end, *printing])
    finally:
        os.close(write_error)
        os.close(write_end)
    (pid,) = CODE.unpack(os.read(read_end, CODE.size))
    return Forked(pid, open(read_error, "rb"), read_end)


@cache
def _nursery() -> socket.socket:
    """The way to the process from which all others are forked: to that of a whole run, or to one that ends with these tests."""
    if (shared := Path(os.environ.get(SHARED, os.devnull), VERSION)).is_socket():
        way = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        way.connect(str(shared))
        return way
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    nursery = subprocess.Popen(
        [sys.executable, __file__, str(theirs.fileno())],
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'proxy'}{os.pathsep}{ROOT}"},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    theirs.close()
    atexit.register(_close, ours, nursery)
    return ours


def _close(orders: socket.socket, nursery: subprocess.Popen[bytes]) -> None:
    orders.close()
    nursery.wait()


def _serve_all(command: Sequence[str]) -> None:
    """Run a command, whose tests fork from here, to its end, and end like it."""
    with TemporaryDirectory(prefix="mailgate-nursery-") as folder:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(str(Path(folder, VERSION)))
        listening.listen()
        with subprocess.Popen(command, env=os.environ | {SHARED: folder}) as run:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, 0)
            os.dup2(nowhere, 1)
            sys.path[:0] = [str(ROOT / "proxy"), str(ROOT)]
            import_module("tests.conftest")  # as for every test
            _serve([listening], run.pid)


def _serve(ways: list[socket.socket], until: int = 0) -> None:
    """Fork for each order that comes by one of these, or by one that is opened to them, until all have ended, or this process has."""
    from tests.integration.nursery import prepare  # imported here, once, since this is expensive

    prepare()
    running: dict[int, int] = {}

    def reap(*_: object) -> None:
        """Report how child processes have ended."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == until:
                    raise SystemExit(os.waitstatus_to_exitcode(ended[1]))
                descriptor = running.pop(ended[0])
                with suppress(BrokenPipeError):
                    os.write(descriptor, CODE.pack(ended[1]))
                os.close(descriptor)

    signal.signal(signal.SIGCHLD, reap)
    reap()
    while ways:
        for way in select.select(ways, [], [])[0]:
            if way.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                ways.append(way.accept()[0])
                continue
            order, descriptors, _, _ = socket.recv_fds(way, MOST, 3)
            if not order:
                ways.remove(way)
                way.close()
                continue
            error, ended, *printing = descriptors
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
            pid = os.fork()
            if pid == 0:
                for each in ways:
                    each.close()
                for descriptor in (ended, *running.values()):
                    os.close(descriptor)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
                _run(*json.loads(order), error, printing)
            running[pid] = ended
            os.write(ended, CODE.pack(pid))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            for descriptor in (error, *printing):
                os.close(descriptor)


def _run(
    arguments: list[str], folder: str, environment: dict[str, str], error: int, printing: list[int]
) -> None:
    import killed_at_statement  # type: ignore[import-not-found]  # beside this file, which runs as a script
    import killed_while_mailing  # type: ignore[import-not-found]
    import moving_clock  # type: ignore[import-not-found]
    import next_version  # type: ignore[import-not-found]

    from mailgate.cli import main

    for number, descriptor in ((2, error), *((1, each) for each in printing)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["mailgate", *arguments]
    if point := environment.get(killed_at_statement.POINT):
        killed_at_statement.arm(int(point), environment.get(killed_at_statement.BEHIND, ""))
    if death := environment.get(killed_while_mailing.DEATH):
        killed_while_mailing.arm(*death.split())
    if step := environment.get(moving_clock.CLOCK_STEP):
        moving_clock.arm(float(step))
    if steps := environment.get(next_version.STEPS):
        next_version.arm(steps)
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter would
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    if sys.argv[1].isdecimal():
        _serve([socket.socket(fileno=int(sys.argv[1]))])
    else:
        _serve_all(sys.argv[1:])
