"""A question of another proxy, which carries the mail itself: judged, recorded and worded like any other request."""

from collections.abc import Coroutine
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from mailgate.gateway.answer import Answer
from mailgate.gateway.authz.authorizer import REFUSAL, Authorizer, Yes
from mailgate.gateway.authz.original import Dialect
from mailgate.gateway.enforce import Speaker, gets_mail
from mailgate.gateway.exchange import Exchange
from mailgate.gateway.facts import Incoming
from mailgate.gateway.http1.grammar import values
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.judging import Live
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.noting import note
from mailgate.gateway.prober import Prober
from mailgate.gateway.trust import Origin
from mailgate.gateway.wayfinding import told_by_the_gate
from mailgate.model import Access, Decision, Effect, Reason


class Ledger(Protocol):
    def record(self, access: Access, decision: Decision, reference: str = "") -> None: ...


class AskedGate(Protocol):
    """What a question needs of the gate (``handler.py``)."""

    live: Live
    prober: Prober
    metrics: Metrics

    @property
    def ledger(self) -> Ledger: ...

    @property
    def speaker(self) -> Speaker: ...

    def read(self, exchange: Exchange, head: RequestHead, origin: Origin) -> Incoming: ...

    def judge_now(self, incoming: Incoming, now: datetime) -> tuple[Access, Decision] | None: ...

    async def judge(self, incoming: Incoming, now: datetime) -> tuple[Access, Decision]: ...

    def probe(self, access: Access, reference: str) -> Answer: ...

    def keep_yes(
        self,
        authorizer: Authorizer,
        exchange: Exchange,
        head: RequestHead,
        incoming: Incoming,
        access: Access,
        decision: Decision,
        yes: Yes,
    ) -> None: ...

    def stands_until(self, access: Access, decision: Decision) -> datetime: ...

    async def instead(
        self, head: RequestHead, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Answer | None: ...


def answer_asking(
    gate: AskedGate,
    authorizer: Authorizer,
    exchange: Exchange,
    head: RequestHead,
    origin: Origin,
    reference: str,
    now: datetime,
) -> Answer | Coroutine[Any, Any, Answer]:
    """What the asking proxy gets, at once where nothing has to be waited for. ``head`` and ``origin`` are what it asks about."""
    if authorizer.dialect is Dialect.NGINX and exchange.head.target.startswith(REFUSAL.encode()):
        return _fetch(gate, authorizer, exchange, head, origin, reference, now)
    incoming = _read(gate, exchange, head, origin)
    verdict = gate.judge_now(incoming, now)
    if verdict is None:
        return _judge(gate, authorizer, head, incoming, reference, now)
    answer = _at_once(gate, authorizer, incoming, *verdict, reference)
    if answer is not None:
        if answer.status == 200:
            yes = Yes(answer, reference, authorizer.remember)
            gate.keep_yes(authorizer, exchange, head, incoming, *verdict, yes)
        return answer
    return _refuse(gate, authorizer, head, incoming, *verdict, reference)


def _read(gate: AskedGate, exchange: Exchange, head: RequestHead, origin: Origin) -> Incoming:
    incoming = gate.read(exchange, head, origin)
    incoming.facts = replace(incoming.facts, asked_about=True)
    return incoming


async def _judge(
    gate: AskedGate,
    authorizer: Authorizer,
    head: RequestHead,
    incoming: Incoming,
    reference: str,
    now: datetime,
) -> Answer:
    verdict = await gate.judge(incoming, now)
    answer = _at_once(gate, authorizer, incoming, *verdict, reference)
    return answer or await _refuse(gate, authorizer, head, incoming, *verdict, reference)


def _at_once(
    gate: AskedGate,
    authorizer: Authorizer,
    incoming: Incoming,
    access: Access,
    decision: Decision,
    reference: str,
) -> Answer | None:
    """Record the decision; the answer to it, where that is no refusal."""
    if gate.prober.wanted(access):
        probing = replace(decision, effect=Effect.CHALLENGE, reason=Reason.PROBE_REQUIRED)
        return authorizer.keep_out(gate.probe(access, reference), incoming, access, probing, reference)
    gate.ledger.record(access, decision, reference if decision.effect is not Effect.ALLOW else "")
    note(gate.metrics, access, decision, reference)
    if not gets_mail(access, decision) or told_by_the_gate(access, decision):
        return None
    until = access.now
    if authorizer.remember:
        until = gate.stands_until(access, decision)
    return authorizer.let_in(incoming, access, decision, reference, until)


async def _refuse(
    gate: AskedGate,
    authorizer: Authorizer,
    head: RequestHead,
    incoming: Incoming,
    access: Access,
    decision: Decision,
    reference: str,
) -> Answer:
    answer = await gate.instead(head, incoming, access, decision, reference)
    assert answer is not None
    return authorizer.keep_out(answer, incoming, access, decision, reference)


async def _fetch(
    gate: AskedGate,
    authorizer: Authorizer,
    exchange: Exchange,
    head: RequestHead,
    origin: Origin,
    reference: str,
    now: datetime,
) -> Answer:
    """The answer that belongs to a no; where another process has it, the one that would be given now."""
    told = values(exchange.head.fields, b"x-device-reference")
    waiting = authorizer.fetch(told[0].decode("latin-1")) if len(told) == 1 else None
    if waiting is not None:
        return waiting
    incoming = _read(gate, exchange, head, origin)
    access, decision = await gate.judge(incoming, now)
    if gate.prober.wanted(access):
        return gate.probe(access, reference)
    answer = await gate.instead(head, incoming, access, decision, reference)
    return answer or gate.speaker.error(access.facts, 403, Reason.INTERNAL_ERROR, reference, now)
