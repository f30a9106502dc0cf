"""Opens the ports of the settings, or serves on sockets that a supervisor holds open."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import structlog

from mailgate.app.workers.listeners import BACKLOG, open_file, open_listeners, remove_files
from mailgate.config import Address, SocketFile
from mailgate.http.listener import Server

log = structlog.get_logger()

ACCEPT_PAUSE_SECONDS = 1.0
"""The seconds for which no connection is accepted if no descriptors are left."""


async def open_public(
    server: Server,
    address: Address,
    tls: ssl.SSLContext | None,
    given: Sequence[socket.socket],
    closing: AsyncExitStack,
) -> str:
    """Serve employees at an address, or at sockets that already listen there. Returns the origin; raises OSError."""
    loop = asyncio.get_running_loop()
    ways: list[dict[str, Any]] = [{"sock": each} for each in given]
    ways = ways or [{"host": address.host, "port": address.port, "backlog": BACKLOG}]
    listeners = [await loop.create_server(server, ssl=tls, **way) for way in ways]
    for each in listeners:
        closing.callback(each.close)
    host, port = listeners[0].sockets[0].getsockname()[:2]
    return f"{'https' if tls else 'http'}://{Address(host, port)}"


async def open_for_proxy(
    server: Server,
    where: Address | SocketFile,
    tls: ssl.SSLContext | None,
    given: Sequence[socket.socket],
    closing: AsyncExitStack,
) -> str:
    """Like ``open_public``, or at a Unix socket. Returns its address for the proxy; raises OSError."""
    if isinstance(where, Address):
        return await open_public(server, where, tls, given, closing)
    loop = asyncio.get_running_loop()
    own = () if given else (open_file(where),)
    for each in given or own:
        # `create_unix_server` would remove the file when one of several workers ends
        listener = await loop.create_server(server, sock=each)
        closing.callback(listener.close)
    closing.callback(remove_files, own)  # this runs before the listeners are closed
    return str(where)


async def open_admin(
    server: Server, address: Address, given: Sequence[socket.socket], closing: AsyncExitStack
) -> str:
    """Serve operators at an address, or at sockets that already listen there. Returns the origin; raises OSError.

    Connections are accepted one by one, and each has its place before the next is accepted. Otherwise many connections
    at this port could use up the descriptors within one turn of the loop, and requests for mail would fail.
    """
    own = () if given else open_listeners(address, 1)[0]
    for each in given or own:
        door = Acceptor(each, server)
        door.open()
        closing.callback(each.close)
        closing.callback(door.close)
    return f"http://{Address(*(given or own)[0].getsockname()[:2])}"


async def open_at_path(server: Server, path: Path, closing: AsyncExitStack) -> None:
    """Serve the other workers at a Unix socket. Raises OSError."""
    listener = await asyncio.get_running_loop().create_unix_server(server, path)
    closing.callback(listener.close)


class Acceptor:
    """Accepts the connections of a socket, one at a time."""

    def __init__(self, listening: socket.socket, server: Server) -> None:
        self._listening, self._server = listening, server
        self._loop = asyncio.get_running_loop()
        self._taking: asyncio.Task[Any] | None = None
        self._pause: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listening, self._take)

    def close(self) -> None:
        self._loop.remove_reader(self._listening)
        if self._pause is not None:
            self._pause.cancel()

    def _take(self) -> None:
        if self._taking is not None:
            return
        try:
            taken, _ = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:  # no descriptors are left, and mail needs the next free ones
            log.warning("connection-not-taken", port="admin", error=error.errno)
            self._loop.remove_reader(self._listening)
            self._pause = self._loop.call_later(ACCEPT_PAUSE_SECONDS, self.open)
            return
        taken.setblocking(False)
        self._taking = self._loop.create_task(self._connect(taken))

    async def _connect(self, taken: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._server, taken)
        except OSError:  # the client left at once
            taken.close()
        finally:
            self._taking = None
