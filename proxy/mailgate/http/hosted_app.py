"""Runs aiohttp applications behind the gate's own connections. The applications route and answer, but read no socket.

So they are protected like the mail: by the same strict grammar and the same limits of size and time. Nothing is decompressed, and
refused requests get one form of answer (docs/decisions/0028-one-server-for-every-port.md).
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from aiohttp import ClientConnectionResetError, HttpVersion, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import RawRequestMessage, StreamWriter
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from mailgate.http.deadline import Pace
from mailgate.http.exchange import Exchange, Outcome, PendingOutcome, ends_soon
from mailgate.http.request import RequestHead, RequestRefused, malformed, refuse_coded_body
from mailgate.model import Reason
from mailgate.tasks import end_all

TIMEOUT_SECONDS = 60.0
"""How many seconds a client has to take what was written."""
MAX_FIELD_BYTES, MAX_FIELDS = 8 * 1024, 100
"""The longest header field of a part of a form, in bytes, and the most fields of a part."""

_REASONS = {
    404: Reason.NOT_FOUND,
    405: Reason.METHOD_NOT_ALLOWED,
    408: Reason.REQUEST_TIMEOUT,
    413: Reason.REQUEST_BODY_TOO_LARGE,
    415: Reason.REQUEST_NOT_SUPPORTED,
}

Admit = Callable[[Exchange], None]
"""Raises RequestRefused for a client that may not ask."""
Fail = Callable[[Exchange, Exception], Outcome]
"""Answers a request that was refused or failed. Never raises."""


class HostedApp:
    """Serves one application. ``admit`` is called before the application sees a request, ``fail`` for one that was refused or failed.

    ``rest`` is a second application, which may still be in the making: a request for which the first has no route waits for it. Who
    makes it cleans it up.
    """

    def __init__(
        self,
        app: web.Application,
        fail: Fail,
        admit: Admit = lambda _: None,
        rest: "asyncio.Future[web.AppRunner] | None" = None,
    ) -> None:
        self._runner, self._rest = web.AppRunner(app, access_log=None), rest
        self._fail, self._admit = fail, admit
        self._running: set[asyncio.Task[Outcome]] = set()

    async def start(self) -> None:
        await self._runner.setup()

    async def close_streams(self) -> None:
        """Tell the applications that they are stopping, so that their endless streams end."""
        await self._runner.shutdown()
        if self._rest and self._rest.done() and not self._rest.cancelled() and not self._rest.exception():
            await self._rest.result().shutdown()

    async def stop(self) -> None:
        """End the requests that still run, and then the application."""
        await end_all(self._running)
        await self._runner.cleanup()

    def handle(self, exchange: Exchange) -> PendingOutcome:
        """Serve a request. It runs to its end even if the client leaves, since an action that is half done would
        be worse than none."""
        task = asyncio.get_running_loop().create_task(self._serve(exchange))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return _end_of(task)

    async def _serve(self, exchange: Exchange) -> Outcome:
        try:
            return await self._answer(exchange)
        except Exception as error:  # noqa: BLE001 - the edge: any error becomes an answer
            return self._fail(exchange, error)

    async def _answer(self, exchange: Exchange) -> Outcome:
        if exchange.head.refused:
            raise exchange.head.refused
        self._admit(exchange)
        refuse_coded_body(exchange.head)
        loop = asyncio.get_running_loop()
        server = await self._server_for(exchange, loop)
        pace = Pace(exchange.body, loop) if exchange.head.has_body else None
        try:
            request = _request(server, exchange, loop)
            response = await _response(server, request)
            if not ends_soon(exchange):
                response.force_close()
            await response.prepare(request)
            await response.write_eof()
        finally:
            if pace:
                pace.end()
        return Outcome(bool(response.keep_alive) and exchange.head.keep_alive and ends_soon(exchange))

    async def _server_for(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> web.Server:
        """The server of the application that answers the request."""
        own = _server_of(self._runner)
        if self._rest is None:
            return own
        request = cast(web.Request, _request(own, exchange, loop))
        found = await self._runner.app.router.resolve(request)
        return own if found.http_exception is None else _server_of(await asyncio.shield(self._rest))


def _server_of(runner: web.AppRunner) -> web.Server:
    assert runner.server is not None, "it is set up"
    return runner.server


def _request(server: web.Server, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> web.BaseRequest:
    writer = _Writer(exchange, loop)
    task = cast("asyncio.Task[None]", asyncio.current_task())
    return server.request_factory(
        message_of(exchange.head),
        exchange.body,
        cast(Any, _Peer(exchange)),
        cast(AbstractStreamWriter, writer),
        task,
    )


async def _response(server: web.Server, request: web.BaseRequest) -> web.StreamResponse:
    try:
        return await server.request_handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            return error
        allow = tuple(each.strip() for each in error.headers.get("Allow", "").split(",") if each.strip())
        reason = _REASONS.get(error.status, Reason.REQUEST_MALFORMED)
        raise RequestRefused(error.status, reason, "", allow) from None


async def _end_of(task: asyncio.Task[Outcome]) -> Outcome:
    return await asyncio.shield(task)


def message_of(head: RequestHead) -> RawRequestMessage:
    """Convert a head to aiohttp's form. Its ``Host`` is the host of the request, even if that was in the target."""
    fields = [
        (b"Host", head.host),
        *((name, value) for name, value in head.fields if name.lower() != b"host"),
    ]
    target = head.target.decode("ascii")
    path, _, query = target.partition("?")
    try:
        url = URL.build(path=path, query_string=query, encoded=True)
    except ValueError:
        raise malformed("The request target is not served here.") from None
    return RawRequestMessage(
        head.method.decode("ascii"),
        target,
        HttpVersion(1, head.minor),
        CIMultiDictProxy(
            CIMultiDict(
                (name.decode("ascii"), value.decode("utf-8", "surrogateescape")) for name, value in fields
            )
        ),
        tuple(fields),
        not head.keep_alive,
        None,
        False,
        head.chunked,
        url,
    )


class _Peer:
    """The facts about its connection that a request of aiohttp asks for."""

    max_field_size, max_headers = MAX_FIELD_BYTES, MAX_FIELDS

    def __init__(self, exchange: Exchange) -> None:
        self._connection = exchange.connection
        self.ssl_context = exchange.connection.ssl_context
        self.peername = exchange.peer
        self.sockname = exchange.reached_at

    @property
    def transport(self) -> asyncio.Transport | None:
        return self._connection.transport


class _Writer(StreamWriter):
    """Writes an answer as fast as the client takes it. The answer does not name a program in ``Server``."""

    def __init__(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(cast(BaseProtocol, exchange.connection), loop)
        self._exchange = exchange

    async def write_headers(self, status_line: str, headers: "CIMultiDict[str]") -> None:
        headers.popall("Server", None)
        self._exchange.started = True
        await super().write_headers(status_line, headers)

    async def drain(self) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await super().drain()
        except TimeoutError:
            self._exchange.abort()
            raise ClientConnectionResetError("the client does not receive the answer") from None
