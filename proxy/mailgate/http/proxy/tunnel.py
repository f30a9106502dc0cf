"""Passes bytes both ways after a switch to WebSocket. They stay as they are, and so do frames, extensions and close codes."""

import asyncio

from mailgate.http.exchange import Exchange
from mailgate.http.proxy.upstream import UpstreamConnection


class _ToUpstream:
    """Takes the bytes that the client sends."""

    def __init__(self, upstream: UpstreamConnection) -> None:
        self._upstream = upstream

    def feed_data(self, data: bytes) -> None:
        if not self._upstream.closed:
            self._upstream.write(data)

    def feed_eof(self) -> None:
        """The client is gone, so end the other half too."""
        self._upstream.close()


async def tunnel(exchange: Exchange, upstream: UpstreamConnection) -> None:
    """Run until either side ends. Each side is read only as fast as the other side receives."""
    ended = asyncio.get_running_loop().create_future()

    def end() -> None:
        if not ended.done():
            ended.set_result(None)

    def to_client(data: bytes) -> None:
        if exchange.connection.transport is None:
            end()
        else:
            exchange.write(data)

    upstream.on_end = end
    exchange.connection.start_tunnel(_ToUpstream(upstream), upstream)
    upstream.start_tunnel(to_client, exchange.connection)
    if upstream.closed:
        end()
    await ended
