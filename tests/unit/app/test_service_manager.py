"""What whoever looks after the gate is told, and who that is."""

import asyncio
import os
from pathlib import Path

import pytest

from mailgate.app import service_manager
from mailgate.app.service_manager import ALIVE, ServiceManager


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Where each message went, and what it was."""
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(service_manager, "_send", lambda where, message: sent.append((where, message)))
    return sent


def test_the_manager_is_named_by_the_environment_and_hidden_from_children(
    said: list[tuple[str, str]],
) -> None:
    environ = {
        "NOTIFY_SOCKET": "/run/x",
        "WATCHDOG_USEC": "2000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "b",
    }
    found = ServiceManager.of(environ)
    found.ready()
    found.stopping(45.5)
    assert environ == {"A": "b"}
    assert found.silence == 2.0
    assert said == [("/run/x", "READY=1"), ("/run/x", "STOPPING=1\nEXTEND_TIMEOUT_USEC=45500000")]


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_one_nobody_is_told(environ: dict[str, str], said: list[tuple[str, str]]) -> None:
    found = ServiceManager.of({**environ, "WATCHDOG_USEC": "1000000"})
    found.ready()
    assert (said, found.silence) == ([], 0.0)


@pytest.mark.parametrize(
    "watchdog", [{"WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": ""}]
)
def test_a_watchdog_for_another_process_or_none_is_not_fed(watchdog: dict[str, str]) -> None:
    assert ServiceManager.of({"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1000000", **watchdog}).silence == 0.0


def test_a_reload_has_the_time_at_which_it_began(said: list[tuple[str, str]]) -> None:
    ServiceManager.of({"NOTIFY_SOCKET": "@x"}).reloading()
    [(_, message)] = said
    assert message.startswith("RELOADING=1\nMONOTONIC_USEC=")


async def test_the_watchdog_is_fed_several_times_in_its_span(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await ServiceManager(heard.append, 20.0).keep_alive()
    assert (heard, pauses) == ([ALIVE] * 3, [5.0] * 3)


async def test_without_a_watchdog_nothing_is_fed() -> None:
    heard: list[str] = []
    await ServiceManager(heard.append).keep_alive()
    assert heard == []


def test_a_socket_that_is_gone_changes_nothing(tmp_path: Path) -> None:
    ServiceManager.of({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
