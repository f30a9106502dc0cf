"""What a service manager hears of a gate, by the protocol of sd_notify(3); deploy/try-deb has systemd itself hear it."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.gate import Gate, start_gate, wait_for, write_config
from tests.servers import descendants

SILENCE = 2_000_000
"""Microseconds after which the manager wonders."""


class Manager:
    """Hears what is said at a socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.said: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def heard(self, word: str) -> int:
        """How many messages had this word so far."""
        try:
            while True:
                self.said.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return sum(word in message.splitlines() for message in self.said)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    found = Manager(tmp_path / "notify")
    yield found
    found.close()


def started(manager: Manager, workers: int) -> Gate:
    config = write_config(manager.path.parent, "http://127.0.0.1:9", {"workers": workers})
    return start_gate(config, {"NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": str(SILENCE)})


@pytest.mark.parametrize("workers", [1, 2])
def test_the_manager_hears_ready_watchdog_and_stopping(workers: int, manager: Manager) -> None:
    gate = started(manager, workers)
    assert wait_for(lambda: manager.heard("READY=1"))
    first = manager.heard("WATCHDOG=1")
    assert wait_for(lambda: manager.heard("WATCHDOG=1") > first + 1)
    assert manager.heard("STOPPING=1") == 0
    assert gate.stop() == 0
    assert (manager.heard("READY=1"), manager.heard("STOPPING=1")) == (1, 1)
    assert any(
        "EXTEND_TIMEOUT_USEC=45000000" in message for message in manager.said
    )  # 30 s to end, 15 s to close


def test_the_manager_hears_ready_once_every_worker_serves(manager: Manager) -> None:
    gate = started(manager, 2)
    assert wait_for(lambda: manager.heard("READY=1"))
    assert sum(each.get("event") == "listening" for each in gate.records()) == 2
    assert gate.stop() == 0


def test_the_manager_hears_of_a_reload_and_its_end(manager: Manager) -> None:
    gate = started(manager, 1)
    assert wait_for(lambda: manager.heard("READY=1"))
    gate.process.send_signal(signal.SIGHUP)
    assert wait_for(lambda: manager.heard("READY=1") == 2)
    assert manager.heard("RELOADING=1") == 1
    assert gate.stop() == 0


def test_a_worker_that_hangs_is_replaced_and_the_manager_hears_nothing_of_it(manager: Manager) -> None:
    gate = started(manager, 2)
    assert wait_for(lambda: manager.heard("READY=1"))
    before = set(descendants(gate.process.pid))
    os.kill(min(before), signal.SIGSTOP)
    assert wait_for(lambda: len(now := set(descendants(gate.process.pid))) == 2 and now != before)
    assert wait_for(lambda: sum(each.get("event") == "listening" for each in gate.records()) == 3)
    assert manager.heard("STOPPING=1") == 0
    assert gate.stop() == 0
