"""The request body on its way to the webmail, while the answer is already awaited."""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from mailgate.gateway.http1.body import chunk, last_chunk
from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.proxy.heads import safe_trailers
from mailgate.gateway.proxy.upstream import UpstreamConnection, UpstreamError
from mailgate.model import Reason

Raised = TypeVar("Raised", bound=Exception)


@dataclass(slots=True)
class Sending:
    """How far it is. ``refused`` is why the client's body could not be read to its end."""

    complete: bool
    task: asyncio.Future[None] | None = None
    refused: RequestRefused | None = None


def start_sending(exchange: Exchange, upstream: UpstreamConnection, idle: float) -> Sending:
    """Send the body while the answer is awaited: a webmail may answer before it has read everything."""
    state = Sending(complete=not exchange.head.has_body or exchange.content is None)
    if not state.complete:
        state.task = asyncio.get_running_loop().create_task(_send(exchange, upstream, idle, state))
    return state


async def end_sending(task: asyncio.Future[None]) -> None:
    """Send no more. Raises whatever broke the sending by a mistake of ours."""
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
        pass  # the webmail stopped reading: its answer says why, or the reader of the answer finds out


def _alone(error: Raised) -> Raised:
    """An error without the calls that it was raised in: whoever waited for it holds it, and they hold a piece of the body."""
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
