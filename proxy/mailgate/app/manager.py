"""What has started the gate and looks after it: it is told that the gate serves, lives, reloads and ends.

That is systemd, by sd_notify(3), or the supervisor of workers, or nobody.
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
    """Nobody looks after this process."""


@dataclass(frozen=True, slots=True)
class Manager:
    """``send`` takes one message to whoever looks after this process. A message that does not arrive changes nothing."""

    send: Callable[[str], None] = _nobody
    silence: float = 0.0
    """Seconds without a word after which this process is taken for hung and is ended; 0: it never is."""

    @classmethod
    def of(cls, environ: MutableMapping[str, str]) -> "Manager":
        """Who is named in the environment of the process; it is taken out, so that no child speaks in its place."""
        where = environ.pop("NOTIFY_SOCKET", "")
        silence, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        if not where.startswith(("/", "@")):
            return cls()
        watched = silence.isdecimal() and pid in ("", str(os.getpid()))
        return cls(partial(_send, where), int(silence) / 1e6 if watched else 0.0)

    def ready(self) -> None:
        """It serves, or serves by what it has read anew."""
        self.send(READY)

    def alive(self) -> None:
        self.send(ALIVE)

    def reloading(self) -> None:
        """It reads its files; ``ready`` says that it is done."""
        self.send(f"{RELOADING}\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, seconds: float) -> None:
        """It ends, and takes at most so long."""
        self.send(f"{STOPPING}\nEXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    async def keep_alive(self) -> None:
        """Say so for as long as the loop goes round; at once back where nobody listens."""
        while self.silence:
            self.alive()
            await asyncio.sleep(self.silence / 4)


NOBODY = Manager()


def _send(where: str, message: str) -> None:
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
        way.setblocking(False)
        way.sendto(message.encode(), where.replace("@", "\0", 1) if where.startswith("@") else where)
