"""Carries an allowed request to the webmail: in the usual way, with more time, or with changes for Autodiscover."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.classify.discovery import is_autodiscover
from mailgate.gateway.answer import Answer, send
from mailgate.gateway.autodiscover.directions import answer_with_directions
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.recorder import Recorder
from mailgate.gateway.http1.exchange import CLOSE, Exchange, Outcome, PendingOutcome
from mailgate.gateway.http1.request import RequestHead, RequestRefused
from mailgate.gateway.http1.trusted_headers import Origin
from mailgate.gateway.proxy.forward import Forwarder
from mailgate.gateway.proxy.long_poll import LongPolls, NoLongerAllowed, is_long_poll
from mailgate.gateway.reference import References
from mailgate.gateway.refusals.failure import Failures
from mailgate.gateway.refuser import Refuser
from mailgate.model import Access, Decision, Reason
from mailgate.policy.rules import DISCOVERY_RULE


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries out the decision to let a request through."""

    usual: Forwarder
    long_poll: Forwarder
    """The forwarder for long polls. It waits longer for an answer."""
    autodiscover: Forwarder
    """The forwarder for Autodiscover. It changes the addresses in answers."""
    long_polls: LongPolls
    recorder: Recorder
    refuser: Refuser
    references: References
    failures: Failures

    def start(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision
    ) -> PendingOutcome:
        """Like ``carry``, but without a task if none is needed."""
        if (
            exchange.head.max_forwards == 0
            or decision.rule == DISCOVERY_RULE
            or is_long_poll(access)
            or is_autodiscover(access.facts)
        ):
            return self.carry(exchange, incoming, access, decision)
        return self.forward_usual(exchange, incoming.origin, access.now)

    def forward_usual(self, exchange: Exchange, origin: Origin, now: datetime) -> PendingOutcome:
        """Forward a request in the usual way."""

        def wait_for(rest: Coroutine[Any, Any, Outcome]) -> None:
            exchange.connection.wait_for(self.failures.caught(exchange, rest))

        return self.usual.start(exchange, origin, now, wait_for)

    async def carry(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision
    ) -> Outcome:
        """Forward a request to the end of its answer."""
        if exchange.head.max_forwards == 0:
            return send(exchange, _answer_last_hop(exchange.head), access.now)
        if decision.rule == DISCOVERY_RULE:
            return send(
                exchange, await answer_with_directions(self.autodiscover, exchange, incoming), access.now
            )
        if is_long_poll(access):
            return await self._long_poll(exchange, incoming, access, decision)
        way = self.autodiscover if is_autodiscover(access.facts) else self.usual
        return await way.forward(exchange, incoming.origin, access.now)

    async def _long_poll(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision
    ) -> Outcome:
        """Forward a request that may take an hour. If it is no longer allowed, refuse it, or break off an answer that has begun."""
        exchange.hangs = True
        try:
            forward = self.long_poll.forward(exchange, incoming.origin, access.now)
            return await self.long_polls.run(access, decision, forward)
        except NoLongerAllowed as ended:
            access, decision = ended.access, ended.decision
        self.recorder.record(exchange, access, decision)
        if exchange.started:
            exchange.abort()
            return CLOSE
        reference = self.references.of(exchange)
        return send(exchange, self.refuser.warn_or_refuse(incoming, access, decision, reference), access.now)


def _answer_last_hop(head: RequestHead) -> Answer:
    """Answer a request that may go no further (RFC 9110, section 7.6.2). A TRACE is refused, since its answer would show
    secrets to scripts (section 9.3.8)."""
    if head.method == b"TRACE":
        raise RequestRefused(405, Reason.METHOD_NOT_ALLOWED, "TRACE is not answered here.", ("OPTIONS",))
    return Answer(200, headers=(("Allow", "OPTIONS"),))
