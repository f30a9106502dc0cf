"""The sockets of workers: they listen as long as the supervisor lives, one for each worker at an address, or one for all in a file."""

import errno
import os
import signal
import socket
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailgate.config import Address, SocketFile

REPLACED = signal.SIGRTMIN
"""The signal for a worker to end like on SIGTERM, but slowly, since another worker has already replaced it.

People do not send this signal. SIGUSR2 would be for the supervisor alone, even if it is sent to all processes of a
service.
"""
SHUTDOWN_EXTRA_SECONDS = 15.0
"""The seconds beyond ``timeouts.shutdown`` that a gate has to write its records and to close."""


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

BACKLOG = 1024
"""How many connections may wait at a socket."""
FILE_MODE = 0o660
"""The permissions of a Unix socket: the gate's own user may ask, and its group, which a proxy can be in."""


def open_listeners(where: Address | SocketFile, count: int) -> list[list[socket.socket]]:
    """The sockets for each of ``count`` workers. Raises OSError.

    The workers share the socket of a file, since a path leads to only one socket.
    """
    if isinstance(where, Address):
        return _open_ports(where, count)
    with open_file(where) as opened:
        return [[opened.dup()] for _ in range(count)]


def open_file(where: SocketFile) -> socket.socket:
    """Listen at a Unix socket. Raises OSError, also if another process listens there, or the file is something else."""
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(where.path)
        opened.bind(str(where.path))
        # before the socket listens, so that nobody connects while its permissions are wider
        where.path.chmod(FILE_MODE)
        opened.setblocking(False)
        opened.listen(BACKLOG)
    except OSError as error:
        opened.close()
        raise OSError(error.errno, error.strerror, str(where.path)) from error
    return opened


def remove_files(listeners: Iterable[socket.socket]) -> None:
    """Remove the files of Unix sockets while these still listen, so that another gate's file is never removed."""
    listening = [each for each in listeners if each.family == socket.AF_UNIX and each.fileno() >= 0]
    for path in {each.getsockname() for each in listening}:
        Path(path).unlink(missing_ok=True)


def _open_ports(address: Address, count: int) -> list[list[socket.socket]]:
    """For each of ``count`` workers a socket for each address of the host. Raises OSError.

    SO_REUSEPORT lets the kernel distribute new connections among the sockets of an address. They stay open here while a
    worker is replaced, so waiting connections are accepted by the next worker and none is refused.
    """
    found: list[list[socket.socket]] = [[] for _ in range(count)]
    try:
        known = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, where in dict.fromkeys(known):
            _require_free(family, where)
            for of_worker in found:
                opened = socket.socket(family, kind, protocol)
                of_worker.append(opened)
                _listen(opened, where)
                # if the port is 0, the system has chosen one, which all workers use
                where = opened.getsockname()
    except OSError as error:
        close(found)
        raise OSError(error.errno, error.strerror, str(address)) from error
    return found


def close(listeners: list[list[socket.socket]]) -> None:
    for of_worker in listeners:
        for each in of_worker:
            each.close()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _require_free(family: int, where: Any) -> None:
    """Raise OSError if another process listens there: with SO_REUSEPORT alone two gates would silently share a port."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _ipv6_only(probe)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)
        probe.listen()


def _clear(path: Path) -> None:
    """Remove the file of a gate that is gone. Raises OSError if another process listens there."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "there is a file that is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _listen(opened: socket.socket, where: Any) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    _ipv6_only(opened)
    opened.bind(where)
    opened.setblocking(False)
    opened.listen(BACKLOG)


def _ipv6_only(opened: socket.socket) -> None:
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
