"""Keeps idle connections to the webmail for the next request, and opens new ones if none is idle."""

import asyncio
import ssl
from collections import deque

from mailgate.http.proxy.upstream import Endpoint, UpstreamConnection, UpstreamUnreachable

FRESH_SECONDS = 1.0
"""How many seconds after its last answer a connection is fresh: webmails keep an idle connection open for longer."""


class UpstreamPool:
    """Idle connections to one endpoint, the freshest first."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._idle: deque[UpstreamConnection] = deque()
        self._loop = asyncio.get_running_loop()

    def take(self, *, repeatable: bool) -> UpstreamConnection | None:
        """Take an idle connection on which nothing has arrived. Returns None if there is none.

        A request that must not be repeated gets only a fresh connection: the webmail may be closing an older one at this
        moment, and the request would be lost with it.
        """
        idle, now = self._idle, self._loop.time()
        oldest = now - self._endpoint.keep_alive
        while idle and idle[0].idle_since < oldest:
            idle.popleft().close()
        while idle and (repeatable or idle[-1].idle_since >= now - FRESH_SECONDS):
            connection = idle.pop()
            if connection.usable:
                return connection
            connection.abort()
        return None

    def release(self, connection: UpstreamConnection) -> None:
        """Take back a connection whose answer was read to its end."""
        connection.idle_since = self._loop.time()
        self._idle.append(connection)
        if len(self._idle) > self._endpoint.max_idle:
            self._idle.popleft().close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def connect(self) -> UpstreamConnection:
        """A new connection. Raises UpstreamUnreachable."""
        endpoint = self._endpoint
        try:
            async with asyncio.timeout(endpoint.connect_time):
                _, connection = await self._loop.create_connection(
                    lambda: UpstreamConnection(endpoint, self._loop),
                    endpoint.host,
                    endpoint.port,
                    ssl=endpoint.tls,
                    server_hostname=endpoint.host if endpoint.tls else None,
                )
        except TimeoutError:
            raise UpstreamUnreachable("the webmail does not accept a connection in time") from None
        except (OSError, ssl.SSLError) as error:
            raise UpstreamUnreachable(f"the webmail cannot be reached: {type(error).__name__}") from None
        return connection
