"""A naive reverse proxy in aiohttp. Run with the port to listen on and the upstream's address."""

import sys
from collections.abc import Mapping

import aiohttp
import uvloop
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from benchmarks.peers.low_level import serve_forever

NOT_FORWARDED = (hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.TRANSFER_ENCODING, hdrs.UPGRADE)


async def proxy(port: int, upstream: str) -> None:
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def forward(request: web.BaseRequest) -> web.StreamResponse:
            url = URL(upstream + request.raw_path, encoded=True)
            body = request.content if request.body_exists else None
            headers = end_to_end(request.headers)
            async with session.request(
                request.method, url, headers=headers, data=body, allow_redirects=False
            ) as answer:
                response = web.StreamResponse(
                    status=answer.status, reason=answer.reason, headers=end_to_end(answer.headers)
                )
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
                return response

        await serve_forever(forward, port)


def end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """The fields that are not for one connection only."""
    kept = CIMultiDict(headers)
    for name in NOT_FORWARDED:
        kept.popall(name, None)
    return kept


if __name__ == "__main__":
    uvloop.run(proxy(int(sys.argv[1]), sys.argv[2]))
