"""A WebSocket that echoes messages. Run with the port to listen on."""

import sys

import uvloop
from aiohttp import web

from benchmarks.peers.low_level import serve_forever


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


if __name__ == "__main__":
    uvloop.run(serve_forever(echo, int(sys.argv[1])))
