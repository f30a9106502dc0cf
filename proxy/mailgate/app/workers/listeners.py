"""Listening sockets that live as long as the supervisor: one for each worker, all on one address."""

import os
import socket
from typing import Any

from mailgate.config import Address

BACKLOG = 1024
"""Connections that wait to be taken, a socket."""


def open_listeners(address: Address, count: int) -> list[list[socket.socket]]:
    """For each of ``count`` workers a socket for each address that the host has. Raises OSError.

    SO_REUSEPORT has the kernel spread new connections among the sockets of an address. They stay open here while a
    worker is replaced, so what waits in one is taken by the next worker and nobody is turned away.
    """
    found: list[list[socket.socket]] = [[] for _ in range(count)]
    try:
        for family, kind, protocol, _, where in _resolved(address):
            _see_that_it_is_free(family, where)
            for of_worker in found:
                opened = socket.socket(family, kind, protocol)
                of_worker.append(opened)
                _listen(opened, where)
                where = opened.getsockname()  # port 0 is chosen once
    except OSError:
        close(found)
        raise
    return found


def close(listeners: list[list[socket.socket]]) -> None:
    for of_worker in listeners:
        for each in of_worker:
            each.close()


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _resolved(address: Address) -> list[Any]:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))


def _see_that_it_is_free(family: int, where: Any) -> None:
    """Raises OSError where somebody listens: with SO_REUSEPORT alone two gates would share a port without a word."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _only_its_family(probe)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(where)
        probe.listen()


def _listen(opened: socket.socket, where: Any) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    _only_its_family(opened)
    opened.bind(where)
    opened.setblocking(False)
    opened.listen(BACKLOG)


def _only_its_family(opened: socket.socket) -> None:
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
