"""The smallest authorizer: 204 for everything, except 403 for one path. Run with the port to listen on."""

import sys

import uvloop
from aiohttp import web

from benchmarks.peers.low_level import serve_forever

REFUSED = "/refused"


async def authorize(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(status=403 if request.headers.get("X-Forwarded-Uri") == REFUSED else 204)


if __name__ == "__main__":
    uvloop.run(serve_forever(authorize, int(sys.argv[1])))
