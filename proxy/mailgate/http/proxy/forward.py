"""Carries an allowed request to the webmail and its answer back. Both are streamed."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import perf_counter
from typing import Any, TypeAlias

from mailgate.http.body import LAST_CHUNK, chunk, last_chunk
from mailgate.http.exchange import CLOSE, KEEP_OPEN, Exchange, Outcome, PendingOutcome
from mailgate.http.fields import Field
from mailgate.http.grammar import members
from mailgate.http.proxy.autodiscover import MAX_BODY, AutodiscoverEditor
from mailgate.http.proxy.heads import (
    Framing,
    Rewrite,
    framing_for,
    informational_head,
    request_head,
    response_head,
    safe_trailers,
    switching_head,
    whole_answer,
)
from mailgate.http.proxy.pool import UpstreamPool
from mailgate.http.proxy.request_body import Sending, end_sending, start_sending, tunnel
from mailgate.http.proxy.upstream import (
    UpstreamClosed,
    UpstreamConnection,
    UpstreamError,
    UpstreamMalformed,
)
from mailgate.http.request import RequestHead, ResponseHead
from mailgate.http.trusted_headers import Origin

# a webmail that sends nothing but 1xx would hold its client for ever
MAX_INTERIM = 32
# RFC 9110, section 9.2.1: repeating these has no effect
SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PROPFIND", b"REPORT", b"SEARCH"})
MAY_GO_UNREAD = frozenset({b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"TRACE"})
# RFC 4559, section 6: these log a connection in, so the webmail would take its next request for the same person's
CONNECTION_LOGINS = frozenset({b"ntlm", b"negotiate"})

WaitFor: TypeAlias = Callable[[Exchange, Coroutine[Any, Any, Outcome]], None]
"""Takes a coroutine that answers the request of an exchange."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Forwards requests to one webmail. ``idle`` is how many seconds either side may be silent inside a body."""

    pool: UpstreamPool
    rewrite: Rewrite
    default_host: bytes
    idle: float
    editor: AutodiscoverEditor | None = None
    """Changes answers that are small enough to be read as a whole; None if no answer is changed."""
    mark: Callable[[Exchange, bytes], bytes] | None = None
    """Adds a request to the webmail to its trace; None without traces."""

    def start(self, exchange: Exchange, origin: Origin, now: datetime, wait_for: WaitFor) -> PendingOutcome:
        """Like ``forward``, but without a task as long as none is needed.

        Most requests need none: their body came with their head, an idle connection waits for them, and their answer
        comes in one piece. Then this returns None, and the exchange ends with the answer. Anything else goes to
        ``wait_for``.
        """
        head, content = exchange.head, exchange.content or b""
        repeatable = _repeatable(head)
        if self.editor or head.upgrade or not (repeatable or content):
            return self.forward(exchange, origin, now)
        upstream = self.pool.take(repeatable=repeatable)
        if upstream is None:
            return self.forward(exchange, origin, now)
        exchange.asked_at = perf_counter()
        data = self._request(exchange, origin)
        upstream.ask(head.method, data + content if content else data)
        exchange.content, exchange.give_up = None, upstream.give_up
        upstream.watch(partial(self._answered, exchange, upstream, origin, now, wait_for))
        return None

    def _answered(
        self,
        exchange: Exchange,
        upstream: UpstreamConnection,
        origin: Origin,
        now: datetime,
        wait_for: WaitFor,
        response: ResponseHead | None,
        data: bytes,
    ) -> None:
        """End the request with an answer that is here as a whole, as it came; None if it comes otherwise, or never."""
        exchange.give_up = None
        if response is None:
            wait_for(exchange, self.forward(exchange, origin, now, asked=upstream))
            return
        try:
            outcome = self._write(exchange, response, data, now)
        except Exception as error:  # noqa: BLE001 - the error is passed to the waiting task
            upstream.abort()
            wait_for(exchange, _raising(error))
            return
        if response.keep_alive and _leaves_clean(exchange.head, response):
            self.pool.release(upstream)
        else:
            upstream.abort()
        if exchange.congested:
            wait_for(exchange, _received(exchange, self.idle, outcome))
        else:
            exchange.connection.answered(outcome)

    def _write(self, exchange: Exchange, response: ResponseHead, data: bytes, now: datetime) -> Outcome:
        """Write an answer that is here as a whole."""
        if not exchange.answer_fields:
            as_it_came = whole_answer(exchange.head, response, data, self.rewrite)
            if as_it_came is not None:
                exchange.begin(response.status)
                exchange.write(as_it_came)
                return KEEP_OPEN
        framing, out = self._answer_head(exchange, response, now, whole=True)
        content, _ = response.body().feed(data[len(response.raw) :])
        if framing.chunked:
            content = [*map(chunk, content), LAST_CHUNK]
        exchange.write(b"".join((out, *content)))
        return KEEP_OPEN if framing.keep_alive else CLOSE

    def _request(self, exchange: Exchange, origin: Origin) -> bytes:
        head = self.editor.readable_request(exchange.head) if self.editor else exchange.head
        closing = _may_go_unread(head) if head.length or head.chunked else False
        data = request_head(head, origin, default_host=self.default_host, closing=closing)
        return self.mark(exchange, data) if self.mark else data

    async def forward(
        self, exchange: Exchange, origin: Origin, now: datetime, asked: UpstreamConnection | None = None
    ) -> Outcome:
        """Forward one request and write its answer. ``asked`` is a connection that already has the head, if there is
        one.

        Raises UpstreamError or RequestRefused as long as nothing was written. After the answer has begun, a failure
        breaks the client's connection, so that a part never looks like the whole answer.
        """
        exchange.asked_at = exchange.asked_at or perf_counter()
        data = self._request(exchange, origin)
        repeatable = _repeatable(exchange.head)
        upstream = asked or self.pool.take(repeatable=repeatable) or await self.pool.connect()
        try:
            return await self._once(exchange, upstream, b"" if asked else data, now)
        except UpstreamClosed:
            # the webmail closed the idle connection at this moment, so it has not read this request
            if exchange.started or not repeatable or not upstream.served:
                raise
        return await self._once(exchange, await self.pool.connect(), data, now)

    async def _once(
        self,
        exchange: Exchange,
        upstream: UpstreamConnection,
        data: bytes,
        now: datetime,
    ) -> Outcome:
        """Forward once. ``data`` is empty if it was sent already."""
        reusable = False
        try:
            if data:
                upstream.ask(exchange.head.method, data)
            body = start_sending(exchange, upstream, self.idle)
            try:
                response = await self._final_head(exchange, upstream, body)
                if response.status == 101:
                    return await self._switch(exchange, upstream, response)
                outcome = await self._relay(exchange, upstream, response, body, now)
                whole = upstream.finish(response) and _leaves_clean(exchange.head, response) and body.complete
            finally:
                if body.task is not None:
                    await end_sending(body.task)
            reusable = whole
            return outcome
        except (UpstreamError, TimeoutError):
            if exchange.started:
                exchange.abort()
                return Outcome(keep_alive=False)
            raise
        finally:
            self._leave(upstream, reusable=reusable)

    def _leave(self, upstream: UpstreamConnection, *, reusable: bool) -> None:
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
                raise UpstreamMalformed("101 for a request that asked for no upgrade")
            if not head.informational or head.status == 101:
                return head
            if request.minor:  # RFC 9110, section 15.2: every 1xx is passed on, except to HTTP/1.0
                exchange.write(informational_head(head))
        raise UpstreamMalformed("interim answers without an end")

    async def _switch(self, exchange: Exchange, upstream: UpstreamConnection, head: ResponseHead) -> Outcome:
        exchange.begin(head.status)
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
        if self.editor is not None and self.editor.may_need_edit(exchange.head, head):
            head, edited = self.editor.edited(head, await _whole(upstream))
        framing, out = self._answer_head(exchange, head, now, whole=body.complete)
        return await self._stream(exchange, upstream, framing, out + edited)

    async def _stream(
        self, exchange: Exchange, upstream: UpstreamConnection, framing: Framing, out: bytes
    ) -> Outcome:
        """Write ``out`` and the body as it comes, as fast as the client receives it."""
        while not self._pass_on(exchange, upstream, framing, out):
            out = b""
            if exchange.congested:
                await exchange.drain(self.idle)
            await upstream.more()
        return Outcome(keep_alive=framing.keep_alive)

    def _answer_head(
        self, exchange: Exchange, response: ResponseHead, now: datetime, *, whole: bool
    ) -> tuple[Framing, bytes]:
        """The head of the answer. ``whole`` says whether the request was sent to its end."""
        framing = framing_for(exchange.head, response, closing=not whole)
        out = response_head(exchange.head, response, framing, self.rewrite, now, exchange.answer_fields)
        exchange.begin(response.status)
        return framing, out

    def _pass_on(
        self, exchange: Exchange, upstream: UpstreamConnection, framing: Framing, out: bytes
    ) -> bool:
        """Write ``out`` and the body so far, as much as the client receives. Returns whether the body has ended with that."""
        while piece := upstream.take():
            exchange.write(out + (chunk(piece) if framing.chunked else piece))
            out = b""
            if exchange.congested:
                return False
        if upstream.exhausted:
            out += _end(upstream.trailers, framing)
        if out:
            exchange.write(out)
        return upstream.exhausted


def _end(trailers: Sequence[Field], framing: Framing) -> bytes:
    """The end of a body."""
    return last_chunk(safe_trailers(trailers) if framing.trailers else []) if framing.chunked else b""


def _repeatable(head: RequestHead) -> bool:
    return head.method in SAFE and not (head.length or head.chunked)


async def _received(exchange: Exchange, timeout: float, outcome: Outcome) -> Outcome:
    """Wait until the client has received most of an answer."""
    try:
        await exchange.drain(timeout)
    except TimeoutError:
        exchange.abort()
        return CLOSE
    return outcome


async def _raising(error: Exception) -> Outcome:
    raise error


async def _whole(upstream: UpstreamConnection) -> bytes:
    """Read a body whose addresses are to be changed to its end. Raises UpstreamMalformed if it is longer than ``MAX_BODY``."""
    body = b""
    while piece := await upstream.read():
        body += piece
        if len(body) > MAX_BODY:
            raise UpstreamMalformed(f"an answer over {MAX_BODY} bytes whose addresses must be changed")
    return body


def _may_go_unread(head: RequestHead) -> bool:
    """Whether a server may leave the request's body unread and take it for the next request (RFC 9110, section 9.3.1)."""
    return head.has_body and head.method in MAY_GO_UNREAD and not head.upgrade


def _leaves_clean(head: RequestHead, response: ResponseHead) -> bool:
    """Whether another request, of any client, may follow this one on its connection."""
    if head.method == b"HEAD" and response.fields.get(b"content-length") != b"0":
        return False  # a webmail may send the body all the same, which the next client would read as its own answer
    if head.raw and not head.length:
        return True
    # a webmail may refuse a request before it has read the body
    refused = head.has_body and response.status >= 400
    return not (refused or _may_go_unread(head) or _logs_in(head))


def _logs_in(head: RequestHead) -> bool:
    """Whether the request logs in the connection on which it was sent."""
    logins = head.fields.values(b"authorization")
    return any(not CONNECTION_LOGINS.isdisjoint(each.lower().split(None, 1)[:1]) for each in logins)
