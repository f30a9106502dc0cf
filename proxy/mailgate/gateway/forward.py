"""Carry an allowed request to the webmail and its answer back, streaming both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from mailgate.gateway.autodiscover import MAX_BODY, AutodiscoverEditor
from mailgate.gateway.exchange import Exchange, Outcome
from mailgate.gateway.http1.body import chunk, last_chunk
from mailgate.gateway.http1.grammar import members, values
from mailgate.gateway.http1.request import RequestHead, RequestRefused
from mailgate.gateway.http1.response import ResponseHead
from mailgate.gateway.messages import (
    Framing,
    framing_for,
    informational_head,
    request_head,
    response_head,
    safe_trailers,
    switching_head,
)
from mailgate.gateway.pool import UpstreamPool
from mailgate.gateway.rewrite import Rewrite
from mailgate.gateway.trust import Origin
from mailgate.gateway.tunnel import tunnel
from mailgate.gateway.upstream import (
    UpstreamClosed,
    UpstreamConnection,
    UpstreamError,
    UpstreamMalformed,
)
from mailgate.model import Reason

MAX_INTERIM = 32
# RFC 9110, section 9.2.1: repeating these cannot do a thing twice
SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PROPFIND", b"REPORT", b"SEARCH"})
# RFC 4559, section 6: these log a connection in, so that the webmail takes whoever comes next for the same person
CONNECTION_LOGINS = frozenset({b"ntlm", b"negotiate"})


@dataclass(frozen=True, slots=True)
class Forwarder:
    """The way to one webmail. ``idle`` is how many seconds either side may be silent inside a body."""

    pool: UpstreamPool
    rewrite: Rewrite
    default_host: bytes
    idle: float
    editor: AutodiscoverEditor | None = None
    """Changes answers that are small enough to be read whole."""

    async def forward(self, exchange: Exchange, origin: Origin, now: datetime) -> Outcome:
        """Forward one request and write its answer.

        Raises UpstreamError or RequestRefused while nothing was written yet; once the answer has begun, a
        failure breaks the client's connection, so that a part never looks like the whole.
        """
        head = self.editor.asked(exchange.head) if self.editor else exchange.head
        data = request_head(head, origin, default_host=self.default_host)
        repeatable = exchange.head.method in SAFE and not exchange.head.has_body
        upstream = await self.pool.acquire(repeatable=repeatable)
        try:
            return await self._once(exchange, upstream, data, now)
        except UpstreamClosed:
            # the webmail closed an idle connection just as we used it: nobody saw this request
            if exchange.started or not repeatable or not upstream.served:
                raise
        return await self._once(exchange, await self.pool.connect(), data, now)

    async def _once(
        self, exchange: Exchange, upstream: UpstreamConnection, data: bytes, now: datetime
    ) -> Outcome:
        reusable = False
        try:
            upstream.expect(exchange.head.method)
            upstream.write(data)
            async with _sending(exchange, upstream, self.idle) as sending:
                response = await self._final_head(exchange, upstream, sending)
                if response.status == 101:
                    return await self._switch(exchange, upstream, response)
                outcome = await self._relay(exchange, upstream, response, sending, now)
                reusable = upstream.finish(response) and sending.complete and not _logs_in(exchange.head)
            return outcome
        except (UpstreamError, TimeoutError):
            if exchange.started:
                exchange.abort()
                return Outcome(keep_alive=False)
            raise
        finally:
            if reusable:
                self.pool.release(upstream)
            else:
                upstream.abort()

    async def _final_head(
        self, exchange: Exchange, upstream: UpstreamConnection, sending: "Sending"
    ) -> ResponseHead:
        request = exchange.head
        for _ in range(MAX_INTERIM):
            try:
                head = await upstream.read_head(sending.task)
            except UpstreamError:
                if sending.refused is not None:
                    raise sending.refused from None
                raise
            if head.status == 101 and members(head.fields, b"upgrade") != [request.upgrade]:
                raise UpstreamMalformed("101 to what was not asked for")
            if not head.informational or head.status == 101:
                return head
            if request.minor:  # RFC 9110, section 15.2: every 1xx is passed on, but never to HTTP/1.0
                exchange.write(informational_head(head))
        raise UpstreamMalformed("interim answers without an end")

    async def _switch(self, exchange: Exchange, upstream: UpstreamConnection, head: ResponseHead) -> Outcome:
        exchange.started = True
        exchange.write(switching_head(head, exchange.head.upgrade))
        await tunnel(exchange, upstream)
        return Outcome(keep_alive=False)

    async def _relay(
        self,
        exchange: Exchange,
        upstream: UpstreamConnection,
        head: ResponseHead,
        sending: "Sending",
        now: datetime,
    ) -> Outcome:
        if self.editor is not None and self.editor.wants(head):
            head, body = self.editor.edited(head, await _whole(upstream))
            framing = framing_for(exchange.head, head, closing=not sending.complete)
            exchange.started = True
            exchange.write(response_head(exchange.head, head, framing, self.rewrite, now) + body)
            return Outcome(keep_alive=framing.keep_alive)
        framing = framing_for(exchange.head, head, closing=not sending.complete)
        out = response_head(exchange.head, head, framing, self.rewrite, now)
        exchange.started = True
        while True:
            if not upstream.ready:
                exchange.write(out)
                out = b""
                await exchange.drain(self.idle)
            piece = await upstream.read()
            if not piece:
                break
            exchange.write(out + (chunk(piece) if framing.chunked else piece))
            out = b""
            await exchange.drain(self.idle)
        out += self._end(upstream, framing)
        if out:
            exchange.write(out)
        return Outcome(keep_alive=framing.keep_alive)

    @staticmethod
    def _end(upstream: UpstreamConnection, framing: Framing) -> bytes:
        if not framing.chunked:
            return b""
        return last_chunk(safe_trailers(upstream.trailers) if framing.trailers else [])


async def _whole(upstream: UpstreamConnection) -> bytes:
    """A body to its end. Raises UpstreamMalformed where it is longer than an answer that is changed may be."""
    body = b""
    while piece := await upstream.read():
        body += piece
        if len(body) > MAX_BODY:
            raise UpstreamMalformed(f"an answer over {MAX_BODY} bytes where its addresses must be changed")
    return body


def _logs_in(request: RequestHead) -> bool:
    credentials = values(request.fields, b"authorization")
    return any(value.partition(b" ")[0].lower() in CONNECTION_LOGINS for value in credentials)


@dataclass(slots=True)
class Sending:
    """The request body on its way to the webmail."""

    complete: bool
    task: asyncio.Future[None] | None = None
    refused: RequestRefused | None = None


@asynccontextmanager
async def _sending(exchange: Exchange, upstream: UpstreamConnection, idle: float) -> AsyncIterator[Sending]:
    """Send the body while the answer is awaited: a webmail may answer before it has read everything."""
    sending = Sending(complete=not exchange.head.has_body)
    if sending.complete:
        yield sending
        return
    sending.task = asyncio.get_running_loop().create_task(_send_body(exchange, upstream, idle, sending))
    try:
        yield sending
    finally:
        sending.task.cancel()
        [error] = await asyncio.gather(sending.task, return_exceptions=True)
        if isinstance(error, Exception):
            raise error


async def _send_body(exchange: Exchange, upstream: UpstreamConnection, idle: float, sending: Sending) -> None:
    head = exchange.head
    try:
        while piece := await _next_piece(exchange, idle):
            upstream.write(chunk(piece) if head.chunked else piece)
            await upstream.drain()
        if head.chunked:
            upstream.write(last_chunk(safe_trailers(head.trailers)))
        sending.complete = True
    except RequestRefused as refused:
        sending.refused = refused
        upstream.abort()
    except OSError:  # the client is gone
        upstream.abort()
    except UpstreamError:
        pass  # the webmail stopped reading: its answer says why, or the reader of the answer finds out


async def _next_piece(exchange: Exchange, idle: float) -> bytes:
    try:
        async with asyncio.timeout(idle):
            return await exchange.body.readany()
    except TimeoutError:
        raise RequestRefused(
            408, Reason.REQUEST_TIMEOUT, "The request body did not arrive in time."
        ) from None
