"""The resources of a worker: its number, its sockets, and the socket on which it answers with its metrics."""

import signal
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPLACED = signal.SIGRTMIN
"""The signal for a worker to end like on SIGTERM, but slowly, since another worker has already replaced it.

People do not send this signal. SIGUSR2 would be for the supervisor alone, even if it is sent to all processes of a
service.
"""
SHUTDOWN_EXTRA_SECONDS = 15.0
"""The seconds beyond ``timeouts.shutdown`` that a gate has to write its records and to close."""
KEEP_ALIVE_SECONDS = 2.0
"""The seconds for which such a worker waits for the next request of an idle connection, which is then its last."""


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """One worker among ``count``. A gate that is alone opens its own sockets."""

    number: int = 0
    count: int = 1
    public: Sequence[socket.socket] = ()
    devices: Sequence[socket.socket] = ()
    """The sockets at which client certificates are requested."""
    admin: Sequence[socket.socket] = ()
    """The sockets of the admin port, which only the first worker has."""
    folder: Path = Path()
    """The folder with a socket of every worker for its metrics."""
    questions: Mapping[str, Sequence[socket.socket]] = field(default_factory=dict)
    """The sockets for questions of other proxies, by their address in the settings."""

    @property
    def has_admin(self) -> bool:
        return self.number == 0

    def metrics_socket(self, number: int | None = None) -> Path:
        """The socket on which a worker answers with its metrics; by default this worker."""
        return self.folder / f"worker-{self.number if number is None else number}.sock"


ALONE = WorkerPlace()
