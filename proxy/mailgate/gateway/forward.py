"""Carries an allowed request to the webmail: in the usual way, with more time, or with changes for Autodiscover."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.classify.discovery import is_autodiscover
from mailgate.gateway.answer import Answer, References, send
from mailgate.gateway.directions import answer_with_directions
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.recorder import Recorder
from mailgate.gateway.refusals.failure import Failures
from mailgate.gateway.refuse import Refuser
from mailgate.gateway.request_reader import Reader
from mailgate.gateway.waiting import then
from mailgate.http.exchange import CLOSE, Exchange, Outcome, PendingOutcome
from mailgate.http.proxy.forward import Forwarder
from mailgate.http.request import RequestHead, RequestRefused
from mailgate.http.trusted_headers import Origin
from mailgate.model import Access, Decision, Protocol, Reason
from mailgate.policy.rules import DISCOVERY_RULE

_LONG_POLLS = frozenset({"Ping", "Sync"})


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Carries out the decision to let a request through."""

    usual: Forwarder
    long_poll: Forwarder
    """The forwarder for long polls. It waits longer for an answer."""
    autodiscover: Forwarder
    """The forwarder for Autodiscover. It changes the addresses in answers."""
    reader: Reader
    recorder: Recorder
    refuser: Refuser
    references: References
    failures: Failures

    def forward(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision, *, at_once: bool
    ) -> Outcome | PendingOutcome:
        """Forward a request to the end of its answer, without a task if none is needed. ``at_once``: whether none has begun
        by waiting for the verdict."""
        exchange.verdict = access, decision
        if exchange.head.max_forwards == 0:
            return send(exchange, _answer_last_hop(exchange.head), access.now)
        if decision.rule == DISCOVERY_RULE:
            directions = answer_with_directions(self.autodiscover, exchange, incoming)
            return then(directions, lambda answer: send(exchange, answer, access.now))
        way = self.usual
        if is_long_poll(access):
            exchange.hangs, way = True, self.long_poll
        elif is_autodiscover(access.facts):
            way = self.autodiscover
        elif at_once:
            return self.forward_usual(exchange, incoming.origin, access.now)
        return self._until_cut(exchange, way.forward(exchange, incoming.origin, access.now))

    def forward_usual(self, exchange: Exchange, origin: Origin, now: datetime) -> PendingOutcome:
        rest = self.usual.start(exchange, origin, now, self._wait_for)
        return None if rest is None else self._until_cut(exchange, rest)

    def _wait_for(self, exchange: Exchange, rest: Coroutine[Any, Any, Outcome]) -> None:
        exchange.connection.wait_for(self.failures.caught(exchange, self._until_cut(exchange, rest)))

    async def _until_cut(self, exchange: Exchange, forward: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Forward to the end, or until ``cut``."""
        limit = exchange.limit = asyncio.timeout(None)
        try:
            async with limit:
                return await forward
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            exchange.limit = None
        return await self._refuse_after_all(exchange)

    def cut(self, exchange: Exchange) -> None:
        """End a request that gets no mail any more. Does nothing if it has ended meanwhile."""
        if exchange.limit is not None:
            if exchange.limit.when() is None:
                exchange.limit.reschedule(0)
        elif exchange.give_up is not None and exchange.connection.transport is not None:
            exchange.give_up()
            exchange.give_up = None
            exchange.connection.wait_for(self.failures.caught(exchange, self._refuse_after_all(exchange)))

    async def _refuse_after_all(self, exchange: Exchange) -> Outcome:
        """Refuse a request by its latest verdict, or break off an answer that has begun, so that it never looks whole."""
        assert exchange.verdict is not None, "it could not be judged again"
        assert exchange.origin is not None
        access, decision = exchange.verdict
        self.recorder.record(exchange, access, decision)
        if exchange.started:
            exchange.abort()
            return CLOSE
        incoming = self.reader.facts(exchange, exchange.head, exchange.origin)
        reference = self.references.of(exchange)
        return send(exchange, self.refuser.warn_or_refuse(incoming, access, decision, reference), access.now)


def is_long_poll(access: Access) -> bool:
    """Whether the webmail may take an hour to answer ([MS-ASCMD] 2.2.3.88, 2.2.3.198: a wait of up to 59 minutes).

    A Sync waits if its body says so, or if it has no body and repeats a Sync that waited. No body is read here, and a
    phone may send a wrong version. So every Sync is assumed to wait.
    """
    client = access.client
    waits = client.eas_command in _LONG_POLLS and client.protocol is Protocol.ACTIVESYNC
    return waits and access.facts.method == "POST"


def _answer_last_hop(head: RequestHead) -> Answer:
    """Answer a request that may go no further (RFC 9110, section 7.6.2). A TRACE is refused, since its answer would show
    secrets to scripts (section 9.3.8)."""
    if head.method == b"TRACE":
        raise RequestRefused(405, Reason.METHOD_NOT_ALLOWED, "TRACE is not answered here.", ("OPTIONS",))
    return Answer(200, headers=(("Allow", "OPTIONS"),))
