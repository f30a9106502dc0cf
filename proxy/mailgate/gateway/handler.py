"""Takes one request from its facts to its answer. This file has the order of the steps; each step has a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter

from mailgate.gateway.answer import send
from mailgate.gateway.authz.questions import Questions
from mailgate.gateway.carrier import Carrier
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.http1.exchange import Exchange, Outcome, PendingOutcome
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.observe.request_metrics import RequestMetrics
from mailgate.gateway.observe.tracing import Tracing
from mailgate.gateway.own_addresses import OwnAddresses
from mailgate.gateway.recorder import Recorder
from mailgate.gateway.reference import References
from mailgate.gateway.refusals.enforce import gets_mail
from mailgate.gateway.refusals.failure import Failures
from mailgate.gateway.refuser import Refuser, asks_for_login
from mailgate.gateway.request_reader import Reader, refuse_misdirected
from mailgate.gateway.streams import Streams
from mailgate.gateway.verdict_cache import VerdictCache
from mailgate.model import Access, Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The policy enforcement point of one public address."""

    in_force: InForce
    clock: Callable[[], datetime]
    references: References
    metrics: Metrics
    reader: Reader
    verdicts: VerdictCache
    judge: Judge
    recorder: Recorder
    carrier: Carrier
    streams: Streams
    refuser: Refuser
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
        started = perf_counter()
        known = self.verdicts.find(head, origin, now)
        if known is not None:
            exchange.judged = known.judged
            self.metrics.decision_seconds.observe(perf_counter() - started)
            return self.carrier.forward_usual(exchange, origin, now)
        incoming = self.reader.facts(exchange, head, origin)
        refuse_misdirected(head, origin)
        if incoming.facts.is_local:
            return self.own.serve(exchange, incoming, now)
        verdict = self.judge.at_once(incoming, now)
        if verdict is None:
            return self._serve_device(exchange, incoming, now)
        return self._enforce_at_once(exchange, incoming, *verdict)

    def _enforce_at_once(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision
    ) -> Outcome | PendingOutcome:
        """Show the probe if it is due; else forward, warn or refuse."""
        probe = self.refuser.probe_or_record(exchange, access, decision)
        if probe is not None:
            return send(exchange, probe, access.now)
        if gets_mail(access, decision):
            self.verdicts.keep(exchange, exchange.head, incoming, access, decision)
            return self.carrier.start(exchange, incoming, access, decision)
        if asks_for_login(incoming, access, decision):
            return self._refuse(exchange, incoming, access, decision)
        reference = self.references.of(exchange)
        return send(exchange, self.refuser.warn_or_refuse(incoming, access, decision, reference), access.now)

    async def _serve_device(self, exchange: Exchange, incoming: Incoming, now: datetime) -> Outcome:
        """Serve a client that names a device. The store may have to be asked about it."""
        access, decision = await self.judge.verdict(incoming, now)
        probe = self.refuser.probe_or_record(exchange, access, decision)
        if probe is not None:
            return send(exchange, probe, access.now)
        if gets_mail(access, decision):
            return await self.carrier.carry(exchange, incoming, access, decision)
        return await self._refuse(exchange, incoming, access, decision)

    async def _refuse(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision
    ) -> Outcome:
        reference = self.references.of(exchange)
        answer = await self.refuser.answer_instead(exchange.head, incoming, access, decision, reference)
        return send(exchange, answer, access.now)
