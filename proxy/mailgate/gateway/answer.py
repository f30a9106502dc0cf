"""Requests to the gate itself: how often a caller may try, their small bodies, their reference ids and their answers, which are bytes on
the wire that are never cached and always have a length.

The answer, the page, the record and the log line of a request have one reference id, which a person can give to the help desk.
"""

import asyncio
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from cachetools import LRUCache

from mailgate.http.exchange import Exchange, Outcome, ends_soon
from mailgate.http.proxy.heads import connection_option, http_date
from mailgate.http.request import RequestHead, RequestRefused, refuse_coded_body
from mailgate.model import Reason

_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response. ``Cache-Control: no-store``, length and date are added when it is sent."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def json_answer(status: int, content: Mapping[str, object], content_type: str = "application/json") -> Answer:
    return Answer(status, json.dumps(content, ensure_ascii=False).encode() + b"\n", content_type)


def send(exchange: Exchange, answer: Answer, now: datetime) -> Outcome:
    """Write an answer. The connection stays open only if the request has ended or soon will."""
    keep_alive = exchange.head.keep_alive and not exchange.broken and ends_soon(exchange)
    before, behind = head_around_date(exchange.head, answer, exchange.answer_fields, keep_alive=keep_alive)
    head = before + http_date(now) + behind
    exchange.started, exchange.status = True, answer.status
    exchange.write(head if exchange.head.method == b"HEAD" else head + answer.body)
    if exchange.broken:
        exchange.half_close()
    return Outcome(keep_alive=keep_alive)


def head_around_date(
    request: RequestHead, answer: Answer, added: Sequence[tuple[str, str]], *, keep_alive: bool
) -> tuple[bytes, bytes]:
    """The head of an answer in two parts: up to its Date, and after it. ``added`` are further fields that must be sent."""
    lines = []
    if answer.content_type:
        lines.append(f"Content-Type: {answer.content_type}")
    if answer.status != 304:  # RFC 9110, section 8.6: a length in a 304 would be the length of the 200
        lines.append(f"Content-Length: {len(answer.body)}")
    lines += ["Cache-Control: no-store", "X-Content-Type-Options: nosniff"]
    lines += [f"{name}: {value}" for name, value in (*answer.headers, *added)]
    behind = "\r\n".join(lines).encode("latin-1") + b"\r\n"
    behind += connection_option(request, keep_alive=keep_alive) + b"\r\n"
    return b"HTTP/1.1 %d %b\r\n" % (answer.status, _PHRASES[answer.status]), behind


MAX_BYTES = 16 * 1024
TIMEOUT_SECONDS = 10.0
"""How many seconds the whole body may take."""


async def read_small_body(exchange: Exchange) -> bytes:
    """Read the body. Raises RequestRefused if it is coded, longer than ``MAX_BYTES`` or does not come within ``TIMEOUT_SECONDS``."""
    if not exchange.head.has_body:
        return b""
    refuse_coded_body(exchange.head)
    body = b""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while piece := await exchange.body.readany():
                body += piece
                if len(body) > MAX_BYTES:
                    raise RequestRefused(
                        413, Reason.REQUEST_BODY_TOO_LARGE, f"Expected at most {MAX_BYTES} bytes."
                    )
    except TimeoutError:
        raise RequestRefused(
            408, Reason.REQUEST_TIMEOUT, "The request body did not arrive in time."
        ) from None
    return body


@dataclass(frozen=True, slots=True)
class References:
    """Makes reference ids. An id is made when it is first shown, and an allowed request shows none."""

    draw: Callable[[], str]

    def of(self, exchange: Exchange) -> str:
        if not exchange.reference:
            exchange.reference = self.draw()
        return exchange.reference


class RateLimit:
    """Allows each caller ``max_tries`` tries within ``span``, counted from the first try. It remembers ``size`` callers."""

    def __init__(self, max_tries: int, span: timedelta, size: int = 20_000) -> None:
        self.max_tries, self.span = max_tries, span
        self._tries: LRUCache[Hashable, tuple[datetime, int]] = LRUCache(size)

    def wait(self, who: Hashable, now: datetime) -> timedelta:
        """How long the caller has to wait for the next try; zero if they may try now."""
        since, count = self._tries.get(who, (now, 0))
        left = since + self.span - now
        return left if count >= self.max_tries and timedelta() < left <= self.span else timedelta()

    def note(self, who: Hashable, now: datetime) -> int:
        """Count one try. Returns how many it makes."""
        since, count = self._tries.get(who, (now, 0))
        within = timedelta() <= now - since < self.span
        self._tries[who] = (since, count + 1) if within else (now, 1)
        return self._tries[who][1]
