"""An allowed request on its way to the webmail: the usual one, that with more time, or that of Autodiscover."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.classify.discovery import is_autodiscover
from mailgate.gateway.answer import Answer, send
from mailgate.gateway.autodiscover.for_refused import tell_the_way
from mailgate.gateway.evaluate.decision_log import Recorder
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.http1.exchange import ENDED, Exchange, Outcome, Rest
from mailgate.gateway.http1.request import RequestHead, RequestRefused
from mailgate.gateway.http1.trusted_headers import Origin
from mailgate.gateway.proxy.forward import Forwarder
from mailgate.gateway.proxy.long_poll import Hanging, NoLongerAllowed, hangs
from mailgate.gateway.reference import References
from mailgate.gateway.refusals.failure import Failures
from mailgate.gateway.refusing import Refuser
from mailgate.model import Access, Decision, Reason
from mailgate.policy.rules import DISCOVERY_RULE


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries out a permission."""

    usual: Forwarder
    patient: Forwarder
    """For requests that hang: the same way, with more time."""
    discovery: Forwarder
    """For Autodiscover: the same way, with addresses changed."""
    hanging: Hanging
    recorder: Recorder
    refuser: Refuser
    references: References
    failures: Failures

    def start(self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision) -> Rest:
        """``carry``, without a task where it needs none."""
        if (
            exchange.head.max_forwards == 0
            or decision.rule == DISCOVERY_RULE
            or hangs(access)
            or is_autodiscover(access.facts)
        ):
            return self.carry(exchange, incoming, access, decision)
        return self.set_out(exchange, incoming.origin, access.now)

    def set_out(self, exchange: Exchange, origin: Origin, now: datetime) -> Rest:
        """The usual way."""

        def wait_for(rest: Coroutine[Any, Any, Outcome]) -> None:
            exchange.connection.wait_for(self.failures.caught(exchange, rest))

        return self.usual.start(exchange, origin, now, wait_for)

    async def carry(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision
    ) -> Outcome:
        """To the end of the answer."""
        if exchange.head.max_forwards == 0:
            return send(exchange, _last_stop(exchange.head), access.now)
        if decision.rule == DISCOVERY_RULE:
            return send(exchange, await tell_the_way(self.discovery, exchange, incoming), access.now)
        if hangs(access):
            return await self._hang(exchange, incoming, access, decision)
        way = self.discovery if is_autodiscover(access.facts) else self.usual
        return await way.forward(exchange, incoming.origin, access.now)

    async def _hang(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision
    ) -> Outcome:
        """Forward what may take an hour; once it is no longer allowed, refuse it, or break off what has begun."""
        exchange.hangs = True
        try:
            forward = self.patient.forward(exchange, incoming.origin, access.now)
            return await self.hanging.run(access, decision, forward)
        except NoLongerAllowed as ended:
            access, decision = ended.access, ended.decision
        self.recorder.record(exchange, access, decision)
        if exchange.started:
            exchange.abort()
            return ENDED
        reference = self.references.of(exchange)
        return send(exchange, self.refuser.say(incoming, access, decision, reference), access.now)


def _last_stop(head: RequestHead) -> Answer:
    """RFC 9110, section 7.6.2: it may go no further; and a TRACE would show a script what it must not see (9.3.8)."""
    if head.method == b"TRACE":
        raise RequestRefused(405, Reason.METHOD_NOT_ALLOWED, "TRACE is not answered here.", ("OPTIONS",))
    return Answer(200, headers=(("Allow", "OPTIONS"),))
