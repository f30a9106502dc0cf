"""Takes one request from its facts to its answer. This file has the order of the steps; each step has a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailgate import classify
from mailgate.gateway.answer import Answer, send
from mailgate.gateway.authz.questions import Questions
from mailgate.gateway.forward import Forwarding
from mailgate.gateway.observe.request_metrics import RequestMetrics, Tracing
from mailgate.gateway.own_addresses import OwnAddresses
from mailgate.gateway.pages import render
from mailgate.gateway.pipeline import Asked, Pipeline
from mailgate.gateway.recorder import Recorder
from mailgate.gateway.refusals.failure import Failures
from mailgate.gateway.request_reader import refuse_misdirected
from mailgate.gateway.streams import Streams
from mailgate.http.exchange import Exchange, Outcome, PendingOutcome
from mailgate.model import Access, Decision


def warming() -> list[Callable[[], object]]:
    """The steps that do what takes time before requests need it, and for which no start has to wait; what is for mail first."""
    return [*classify.warming(), *render.warming()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Pipeline):
    """The policy enforcement point of one public address."""

    clock: Callable[[], datetime]
    recorder: Recorder
    forwarding: Forwarding
    streams: Streams
    own: OwnAddresses
    questions: Questions
    failures: Failures
    requests: RequestMetrics
    tracing: Tracing | None = None

    def handle(self, exchange: Exchange, asked_at: str = "") -> PendingOutcome:
        """Serve one request, at once if possible. Never raises for what a client or the webmail sends.

        ``asked_at`` is the address of a port at which other proxies ask. Such a port carries no mail.
        """
        served: Outcome | PendingOutcome
        try:
            now = self.clock()
            if exchange.head.refused:
                served = self.failures.answer(exchange, exchange.head.refused)
            elif asked_at:
                served = self.questions.serve_port(exchange, asked_at, now)
            else:
                served = self._serve(exchange, now)
        except Exception as error:  # noqa: BLE001 - the edge: any error becomes an answer
            served = self.failures.answer(exchange, error)
        if isinstance(served, Outcome):
            exchange.connection.answered(served)
            return None
        return None if served is None else self.failures.caught(exchange, served)

    def _serve(self, exchange: Exchange, now: datetime) -> Outcome | PendingOutcome:
        """Serve one request. Returns the outcome if the answer is written already."""
        head, authorizer = exchange.head, self.in_force.live.authorizer
        if authorizer and self.questions.is_question(authorizer, exchange):
            return self.questions.answer(authorizer, exchange, now)
        origin = self.reader.origin(exchange, head)
        self.reader.refuse_foreign(head, origin)
        known = self.known(exchange, head, origin, now)
        if known is not None:
            if known.refusal is None:
                return self.forwarding.forward_usual(exchange, origin, now)
            return send(exchange, self.refuse_again(exchange, head, origin, now, known.refusal)[1], now)
        incoming = self.read(exchange, head, origin)
        refuse_misdirected(head, origin)
        if incoming.facts.is_local:
            return self.own.serve(exchange, incoming, now)
        return self.serve(Asked(exchange, head, incoming), now)

    def let_in(
        self, asked: Asked, access: Access, decision: Decision, *, at_once: bool
    ) -> Outcome | PendingOutcome:
        """Forward a request. Its verdict is kept if no device had to be asked about."""
        exchange, head, incoming, _ = asked
        if at_once:
            self.verdicts.keep(exchange, head, incoming, access, decision)
        return self.forwarding.forward(exchange, incoming, access, decision, at_once=at_once)

    def keep_out(
        self, asked: Asked, access: Access, decision: Decision, answer: Answer, /, *, probing: bool = False
    ) -> Outcome:
        """Send the answer instead of mail. The verdict is kept."""
        if not probing:
            self.verdicts.keep(asked.exchange, asked.head, asked.incoming, access, decision)
        return send(asked.exchange, answer, access.now)
