"""Passes on what a client sends: the body of a request, while the gate already waits for the answer, and every byte after a switch to WebSocket."""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from mailgate.http.body import chunk, last_chunk
from mailgate.http.exchange import Exchange
from mailgate.http.proxy.heads import safe_trailers
from mailgate.http.proxy.upstream import UpstreamConnection, UpstreamError
from mailgate.http.request import RequestRefused
from mailgate.model import Reason

Raised = TypeVar("Raised", bound=Exception)


@dataclass(slots=True)
class Sending:
    """The state of sending. ``refused`` says why the client's body could not be read to its end; None if it could."""

    complete: bool
    task: asyncio.Future[None] | None = None
    refused: RequestRefused | None = None


def start_sending(exchange: Exchange, upstream: UpstreamConnection, idle: float) -> Sending:
    """Start to send the body in a task, since a webmail may answer before it has read everything."""
    state = Sending(complete=not exchange.head.has_body or exchange.content is None)
    if not state.complete:
        state.task = asyncio.get_running_loop().create_task(_send(exchange, upstream, idle, state))
    return state


async def end_sending(task: asyncio.Future[None]) -> None:
    """Stop sending. Raises an error in the sending only if it is a fault of the gate."""
    task.cancel()
    [error] = await asyncio.gather(task, return_exceptions=True)
    if isinstance(error, Exception):
        raise error


async def _send(exchange: Exchange, upstream: UpstreamConnection, idle: float, state: Sending) -> None:
    head = exchange.head
    try:
        while piece := await _next_piece(exchange, idle):
            upstream.write(chunk(piece) if head.chunked else piece)
            await upstream.drain()
        if head.chunked:
            upstream.write(last_chunk(safe_trailers(head.trailers)))
        state.complete = True
    except RequestRefused as refused:
        state.refused = _alone(refused)
        upstream.abort()
    except OSError as error:  # the client is gone
        _alone(error)
        upstream.abort()
    except UpstreamError:
        pass  # the webmail stopped reading: either its answer says why, or reading the answer fails


def _alone(error: Raised) -> Raised:
    """The error without its traceback. The error is kept, and its frames would keep a piece of the body in memory."""
    error.__traceback__ = error.__context__ = None
    return error


async def _next_piece(exchange: Exchange, idle: float) -> bytes:
    try:
        async with asyncio.timeout(idle):
            return await exchange.body.readany()
    except TimeoutError:
        raise RequestRefused(
            408, Reason.REQUEST_TIMEOUT, "The request body did not arrive in time."
        ) from None


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
