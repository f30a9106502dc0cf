"""Carry an allowed request to the webmail and its answer back, streaming both ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailgate.gateway.autodiscover import MAX_BODY, AutodiscoverEditor
from mailgate.gateway.exchange import Exchange, Outcome
from mailgate.gateway.http1.body import chunk, last_chunk
from mailgate.gateway.http1.fields import Field, once
from mailgate.gateway.http1.grammar import members, values
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
from mailgate.gateway.sending import Sending, end_sending, start_sending
from mailgate.gateway.trust import Origin
from mailgate.gateway.tunnel import tunnel
from mailgate.gateway.upstream import (
    UpstreamClosed,
    UpstreamConnection,
    UpstreamError,
    UpstreamMalformed,
)

# a webmail that only ever says 1xx would hold its client for good
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
        upstream = self.pool.take(repeatable=repeatable) or await self.pool.connect()
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
            body = start_sending(exchange, upstream, self.idle)
            try:
                response = await self._final_head(exchange, upstream, body)
                if response.status == 101:
                    return await self._switch(exchange, upstream, response)
                outcome = await self._relay(exchange, upstream, response, body, now)
                whole = upstream.finish(response) and body.complete
            finally:
                if body.task is not None:
                    await end_sending(body.task)
            reusable = whole and not _logs_in(exchange.head.fields)
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
        self, exchange: Exchange, upstream: UpstreamConnection, body: Sending
    ) -> ResponseHead:
        request = exchange.head
        for _ in range(MAX_INTERIM):
            try:
                head = await upstream.read_head(body.task)
            except UpstreamError:
                if body.refused is not None:
                    raise body.refused from None
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
        body: Sending,
        now: datetime,
    ) -> Outcome:
        edited = b""
        if self.editor is not None and self.editor.wants(exchange.head, head):
            head, edited = self.editor.edited(head, await _whole(upstream))
        framing = framing_for(exchange.head, head, closing=not body.complete)
        out = response_head(exchange.head, head, framing, self.rewrite, now, exchange.answer_fields) + edited
        exchange.started = True
        while not upstream.exhausted:
            if not upstream.ready:  # else the head leaves together with the first piece
                exchange.write(out)
                out = b""
                if exchange.congested:
                    await exchange.drain(self.idle)
            piece = await upstream.read()
            if not piece:
                break
            exchange.write(out + (chunk(piece) if framing.chunked else piece))
            out = b""
            if exchange.congested:
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


@once
def _logs_in(fields: Sequence[Field]) -> bool:
    credentials = values(fields, b"authorization")
    return any(value.partition(b" ")[0].lower() in CONNECTION_LOGINS for value in credentials)
