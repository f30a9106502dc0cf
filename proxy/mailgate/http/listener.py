"""The listener makes a connection for each client, and ends all of them in an orderly way."""

import asyncio
import sys
from collections.abc import Callable

from mailgate.http.connection import Connection
from mailgate.http.connection_limits import ConnectionLimit
from mailgate.http.exchange import Exchange, Handler
from mailgate.http.parser import ServerLimits

CHECK_SECONDS = 0.05
"""The seconds between two looks at the running requests while the gate stops."""


class Server:
    """Makes a Connection of each accepted socket and calls ``handler`` with each Exchange."""

    def __init__(
        self,
        handler: Handler,
        limits: ServerLimits,
        room: ConnectionLimit | None = None,
        *,
        local: bool = False,
        request_finished: Callable[[Exchange], None] | None = None,
    ) -> None:
        self.handler = handler
        self.request_finished = request_finished
        """Called after each request; never raises."""
        self.room = ConnectionLimit(sys.maxsize) if room is None else room
        """Limits the connections. Several listeners may share it. If none is given, there is no limit."""
        self.local = local
        """Whether it listens at a Unix socket, where peers have no address (``trusted_headers.LOCAL``)."""
        self.connections: set[Connection] = set()
        self.draining = False
        self._limits = limits
        self._loop = asyncio.get_running_loop()

    @property
    def running(self) -> int:
        return len(self.exchanges())

    def exchanges(self) -> list[Exchange]:
        return [each for connection in self.connections if (each := connection.serving) is not None]

    def __call__(self) -> Connection:
        return Connection(self, self._limits, self._loop)

    async def finish(self, timeout: float, keep_alive_seconds: float = 0.0) -> None:
        """Let running requests end within ``timeout`` seconds, then close the remaining connections.

        Idle connections stay open for ``keep_alive_seconds`` seconds. A client that sends a request on one just then is answered and
        told that it was the last. Closing a connection under a request would lose the request.
        """
        self.draining = True
        now = self._loop.time()
        idle, end = now + keep_alive_seconds, now + timeout
        while self.connections and self._loop.time() < end:
            for connection in list(self.connections):
                connection.drain(close_idle=self._loop.time() >= idle)
            await asyncio.sleep(CHECK_SECONDS)
        ending = [task for connection in self.connections if (task := connection.cut())]
        if ending:
            await asyncio.wait(ending, timeout=2 * CHECK_SECONDS)
