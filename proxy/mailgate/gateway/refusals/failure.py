"""Turns an error into one status, one reason, one log line and one answer. Errors are typed everywhere inside."""

import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from mailgate.gateway.answer import Answer, References, send
from mailgate.gateway.evaluate.facts import read_facts
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.refusals.wording import problem
from mailgate.http.exchange import CLOSE, Exchange, Outcome
from mailgate.http.proxy.upstream import UpstreamError, UpstreamTimeout, UpstreamUnreachable
from mailgate.http.request import RequestRefused
from mailgate.http.trusted_headers import origin_of
from mailgate.model import Reason, RequestFacts

log = structlog.get_logger()


def translate(error: Exception) -> RequestRefused:
    """Translate an error for the caller. An unknown error is a fault of the gate: it becomes a 500 that reveals nothing."""
    if isinstance(error, RequestRefused):
        return error
    if isinstance(error, UpstreamUnreachable):
        return RequestRefused(502, Reason.UPSTREAM_UNREACHABLE, "")
    if isinstance(error, UpstreamTimeout):
        return RequestRefused(504, Reason.UPSTREAM_TIMEOUT, "")
    if isinstance(error, UpstreamError):
        return RequestRefused(502, Reason.UPSTREAM_MALFORMED, "")
    return RequestRefused(500, Reason.INTERNAL_ERROR, "")


def note_failure(failure: RequestRefused, reference: str, error: Exception) -> None:
    status, reason = failure.status, failure.reason
    if reason is not Reason.INTERNAL_ERROR:
        log.warning("failed", reference=reference, reason=reason, status=status, detail=str(error))
        return
    # the line says where it broke but not with which values, since an error's text may quote a header
    where = traceback.format_tb(error.__traceback__)[-4:]
    log.error("failed", reference=reference, reason=reason, error=type(error).__name__, where=where)


@dataclass(frozen=True, slots=True)
class Failures:
    """Answers a client if serving its request failed: in words for a program."""

    references: References
    metrics: Metrics
    clock: Callable[[], datetime]

    async def caught(self, exchange: Exchange, rest: Coroutine[Any, Any, Outcome]) -> Outcome:
        try:
            return await rest
        except Exception as error:  # noqa: BLE001 - the edge: any error becomes an answer
            return self.answer(exchange, error)

    def answer(self, exchange: Exchange, error: Exception) -> Outcome:
        """Send one answer, or break the connection if another answer has begun. Never raises."""
        if isinstance(error, ConnectionError):  # the client is gone
            return CLOSE
        failure, reference = translate(error), self.references.of(exchange)
        self.metrics.errors.labels(failure.reason).inc()
        exchange.failed = failure.reason
        note_failure(failure, reference, error)
        if exchange.started:
            exchange.abort()
            return CLOSE
        answer = self.answer_to(exchange, reference, failure)
        allow = (("Allow", ", ".join(failure.allow)),) if failure.allow else ()
        try:
            return send(exchange, replace(answer, headers=(*answer.headers, *allow)), self.clock())
        except ConnectionError:
            return CLOSE

    def answer_to(self, _exchange: Exchange, reference: str, failure: RequestRefused) -> Answer:
        return problem(failure.status, failure.reason, reference, detail=failure.detail)


@dataclass(frozen=True, slots=True)
class FailuresInForm(Failures):
    """Answers each client in its own form, such as a page."""

    in_force: InForce

    def answer_to(self, exchange: Exchange, reference: str, failure: RequestRefused) -> Answer:
        return self.in_force.live.responses.error(
            _facts(exchange), failure.status, failure.reason, reference, self.clock(), failure.detail
        )


def _facts(exchange: Exchange) -> RequestFacts:
    """The facts as far as they could be read. None of them are believed."""
    head = exchange.head
    if head.refused:
        return RequestFacts()
    origin = origin_of((), peer=exchange.peer, secure=exchange.secure, host=head.host, trusted=())
    return read_facts(head, origin).facts
