"""What a worker is given: its number, its sockets, and the socket on which it answers with its metrics."""

import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPLACED = signal.SIGRTMIN
"""Tells a worker to end as on SIGTERM, but slowly, since another worker has its place already.

No signal that people send: SIGUSR2 means the supervisor alone, also where it is sent to all processes of a service.
"""
FAREWELL = 15.0
"""Seconds beyond ``timeouts.shutdown`` that a gate has to write what it recorded and to close."""
PARTING = 2.0
"""Seconds for which such a worker waits for the next request of an idle connection, whose answer then is its last."""


@dataclass(frozen=True, slots=True)
class Place:
    """One worker among ``of``. A gate that is alone opens its own sockets."""

    number: int = 0
    of: int = 1
    public: Sequence[socket.socket] = ()
    devices: Sequence[socket.socket] = ()
    """The sockets at which client certificates are asked for."""
    admin: Sequence[socket.socket] = ()
    """The first worker alone has the admin port."""
    folder: Path = Path()
    """Every worker has a socket for its metrics here."""
    questions: Mapping[str, Sequence[socket.socket]] = field(default_factory=dict)
    """The sockets for questions of other proxies, by their address in the settings."""

    @property
    def has_admin(self) -> bool:
        return self.number == 0

    def metrics_socket(self, number: int | None = None) -> Path:
        """The socket on which a worker answers with its metrics; this worker if none is named."""
        return self.folder / f"worker-{self.number if number is None else number}.sock"


ALONE = Place()
