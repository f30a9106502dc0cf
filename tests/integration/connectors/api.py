"""An API from recorded data, as a server on the loopback interface."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext

from aiohttp import web
from aiohttp.typedefs import Handler
from tests.exchanges import Exchanges


@asynccontextmanager
async def serving(handler: Handler, ssl: SSLContext | None = None) -> AsyncIterator[str]:
    """A server that answers by ``handler``. Yields its origin."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl).start()
        yield f"{'https' if ssl else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def api(
    source: str,
    instead: Callable[[web.Request], web.Response | None] = lambda _: None,
    changed: Callable[[bytes], bytes] = lambda body: body,
) -> AsyncIterator[tuple[str, Exchanges]]:
    """The API of a source. Yields its origin and the received requests.

    ``instead`` may answer a question in its own way, ``changed`` may change the body of an answer.
    """
    exchanges = Exchanges(source, "")

    async def answer(request: web.Request) -> web.Response:
        if (other := instead(request)) is not None:
            return other
        said = exchanges.answer(request.method, str(request.url), request.headers, await request.read())
        status, headers, body = said
        kind = {"Content-Type": "application/json", **headers}
        return web.Response(status=status, headers=kind, body=changed(body))

    async with serving(answer) as origin:
        exchanges.origin = origin
        yield origin, exchanges
