"""The ports of the demo. They are tried before anything else starts, so that nobody waits only to learn that a port is taken. A
folder has one demo at a time."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from mailgate.errors import MailgateError

_STEP, _TRIES, _LAST = 10, 50, 65535


class PortTakenError(MailgateError):
    """A port that the demo needs cannot be opened."""


def require_ports(ports: Mapping[str, int]) -> None:
    """Check that these ports can be opened; each is named by its option. Raises PortTakenError."""
    with ExitStack() as held:
        for option, port in ports.items():
            why = _why_not(port, held)
            if why:
                raise PortTakenError(f"port {port:d} ({option}) {why}. {_instead(ports)}")


def _why_not(port: int, held: ExitStack) -> str:
    """Why this port cannot be opened; empty if it can, and then it is kept open."""
    if port > _LAST:
        return f"does not exist: the last one is {_LAST}"
    listening = held.enter_context(socket.socket())
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return "is in use by another program" if taken else f"cannot be opened: {error.strerror}"
    return ""


def _instead(ports: Mapping[str, int]) -> str:
    """The advice to take other ports, and an option for the next ones that are free."""
    first = next(iter(ports.values()))
    for port in range(first + _STEP, min(first + _STEP * _TRIES, _LAST - 2), _STEP):
        with ExitStack() as held:
            if not any(_why_not(each, held) for each in range(port, port + len(ports))):
                option = f"--port {port}"
                made_by_make = f'make run ARGS="{option}"'
                return f"Take others with {made_by_make if 'MAKELEVEL' in os.environ else option}, which uses {port} to {port + len(ports) - 1}"
    return "Take others with --port, --admin-port and --start-port"


class TakenError(MailgateError):
    """Another demo runs in this folder."""


@contextmanager
def locked_folder(directory: Path) -> Iterator[None]:
    """Hold the folder until the body ends or the process dies. A missing folder is made.

    Raises TakenError, or OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    file = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise TakenError(
            f"a demo runs in {directory} already: end it, or give this one another --directory and --port"
        ) from None
    try:
        yield
    finally:
        os.close(file)
