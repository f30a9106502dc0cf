"""Tells the manager of the process that the gate serves, runs, reloads and ends.

The manager is systemd, by sd_notify(3), the supervisor of workers, or nothing.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

READY, ALIVE, STOPPING, RELOADING = "READY=1", "WATCHDOG=1", "STOPPING=1", "RELOADING=1"


def _nobody(_: str) -> None:
    """Ignore the message, since the process has no manager."""


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """``send`` sends one message to the manager. A message that does not arrive changes nothing."""

    send: Callable[[str], None] = _nobody
    silence: float = 0.0
    """The seconds without a message after which the manager ends this process as hung; 0 if it never does."""

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> "ServiceManager":
        """The manager in the environment, from which it is removed, so that no child sends messages in its place."""
        where = environ.pop("NOTIFY_SOCKET", "")
        silence, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        if not where.startswith(("/", "@")):
            return cls()
        watched = silence.isdecimal() and pid in ("", str(os.getpid()))
        return cls(partial(_send, where), int(silence) / 1e6 if watched else 0.0)

    def ready(self) -> None:
        """Tell the manager that the process serves, or has finished reading its files again."""
        self.send(READY)

    def alive(self) -> None:
        self.send(ALIVE)

    def reloading(self) -> None:
        """Tell the manager that the process reads its files again. ``ready`` tells it the end."""
        self.send(f"{RELOADING}\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, seconds: float) -> None:
        """Tell the manager that the process ends within this many seconds."""
        self.send(f"{STOPPING}\nEXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    async def keep_alive(self) -> None:
        """Report regularly that the event loop runs. Returns at once if no manager expects that."""
        while self.silence:
            self.alive()
            await asyncio.sleep(self.silence / 4)


NOBODY = ServiceManager()


def _send(where: str, message: str) -> None:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
        way.setblocking(False)
        way.sendto(message.encode(), where.replace("@", "\0", 1) if where.startswith("@") else where)
