"""Relays bytes without reading them. Run with the port to listen on and the upstream's address."""

import asyncio
import sys
from typing import Any

import uvloop


class Side(asyncio.Protocol):
    """One end of a relayed connection. Its bytes go to the other end, as soon as that exists."""

    def __init__(self) -> None:
        self.other: Any = None
        self.early: list[bytes] = []
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def joined(self, other: Any) -> None:
        self.other = other
        other.writelines(self.early)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self.early.append(data)
        else:
            self.other.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.other is not None:
            self.other.close()


class Client(Side):
    """The client's end, which opens a connection of its own to the upstream."""

    def __init__(self, host: str, port: int, opening: set[asyncio.Task[None]]) -> None:
        super().__init__()
        self.upstream, self.opening = (host, port), opening

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        task = asyncio.get_running_loop().create_task(self.join())
        self.opening.add(task)
        task.add_done_callback(self.opening.discard)

    async def join(self) -> None:
        transport, side = await asyncio.get_running_loop().create_connection(Side, *self.upstream)
        side.joined(self.transport)
        self.joined(transport)


async def relay(port: int, host: str, upstream: int) -> None:
    opening: set[asyncio.Task[None]] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: Client(host, upstream, opening), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    host, _, upstream = sys.argv[2].rpartition(":")
    uvloop.run(relay(int(sys.argv[1]), host, int(upstream)))
