"""Answers the questions of another proxy that carries the mail itself. They are judged and recorded like any other
request."""

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import Any

from mailgate.gateway.answer import Answer, send
from mailgate.gateway.authz.authorizer import REFUSAL, AllowingAnswer, Authorizer
from mailgate.gateway.authz.original import Dialect, original_request
from mailgate.gateway.authz.unremoved_fields import refuse_unremoved_fields
from mailgate.gateway.authz.verdict_key import suffices
from mailgate.gateway.autodiscover.directions import gate_gives_directions
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.http1.exchange import KEEP_OPEN, Exchange, Outcome, PendingOutcome
from mailgate.gateway.http1.grammar import values
from mailgate.gateway.http1.request import RequestHead, RequestRefused
from mailgate.gateway.http1.trusted_headers import Origin, is_proxy
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.own_addresses import OwnAddresses
from mailgate.gateway.proxy.heads import http_date
from mailgate.gateway.reference import References
from mailgate.gateway.refusals.enforce import gets_mail
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.refuser import Refuser
from mailgate.gateway.request_reader import Reader
from mailgate.gateway.verdict_cache import VerdictCache
from mailgate.model import Access, Decision, Effect, Protocol, Reason


@dataclass(frozen=True, slots=True)
class Questions:
    """Answers questions. ``head`` and ``origin`` always belong to the request that is asked about."""

    in_force: InForce
    reader: Reader
    verdicts: VerdictCache
    judge: Judge
    refuser: Refuser
    own: OwnAddresses
    references: References
    metrics: Metrics

    def is_question(self, authorizer: Authorizer, exchange: Exchange) -> bool:
        """Whether this is a question from a proxy that may ask."""
        path = exchange.head.target.partition(b"?")[0].decode("ascii")
        return authorizer.serves(path) and is_proxy(exchange.peer, self.in_force.live.trusted)

    def serve_port(self, exchange: Exchange, asked_at: str, now: datetime) -> Outcome | PendingOutcome:
        """Serve a port that carries no mail: questions, and the pages that their answers lead to."""
        authorizer = self.in_force.live.authorizers.get(asked_at)
        if authorizer and self.is_question(authorizer, exchange):
            return self.answer(authorizer, exchange, now)
        incoming = self.reader.facts(exchange, exchange.head, self.reader.origin(exchange, exchange.head))
        if incoming.facts.is_local:
            return self.own.serve(exchange, incoming, now)
        raise RequestRefused(404, Reason.NOT_FOUND, "There is no mail at this port.")

    def answer(self, authorizer: Authorizer, exchange: Exchange, now: datetime) -> Outcome | PendingOutcome:
        """Answer a question: at once if nothing has to be waited for, otherwise by a coroutine."""
        head = original_request(exchange.head, authorizer.dialect)
        refuse_unremoved_fields(
            exchange.head.fields, authorizer.dialect, self.in_force.live.proxy_form.fields
        )
        origin = self.reader.origin(exchange, head)
        if _is_plain(exchange.head):
            started = perf_counter()
            known = self.verdicts.find(head, origin, now, id(authorizer))
            if known is not None and known.allowing is not None:
                self.metrics.decision_seconds.observe(perf_counter() - started)
                before, up_to, rest = known.allowing
                exchange.started, exchange.status, exchange.judged = True, 200, known.judged
                reference = self.references.of(exchange).encode()
                exchange.write(before + http_date(now) + up_to + reference + rest)
                return KEEP_OPEN
        answer = self._answer(authorizer, exchange, head, origin, now)
        return send(exchange, answer, now) if isinstance(answer, Answer) else _sent(exchange, answer, now)

    def _answer(
        self, authorizer: Authorizer, exchange: Exchange, head: RequestHead, origin: Origin, now: datetime
    ) -> Answer | Coroutine[Any, Any, Answer]:
        if authorizer.dialect is Dialect.NGINX and exchange.head.target.startswith(REFUSAL.encode()):
            return self._fetch(authorizer, exchange, head, origin, now)
        incoming = self._read(exchange, head, origin)
        verdict = self.judge.at_once(incoming, now)
        if verdict is None:
            return self._ask_about_device(authorizer, exchange, head, incoming, now)
        answer = self._at_once(authorizer, exchange, incoming, *verdict)
        if answer is None:
            return self._refuse(authorizer, exchange, head, incoming, *verdict)
        if answer.status == 200 and _is_plain(exchange.head):
            allowing = AllowingAnswer(answer, self.references.of(exchange), authorizer.remember)
            self.verdicts.keep(exchange, head, incoming, *verdict, id(authorizer), allowing)
        return answer

    def _read(self, exchange: Exchange, head: RequestHead, origin: Origin) -> Incoming:
        incoming = self.reader.facts(exchange, head, origin)
        incoming.facts = replace(incoming.facts, by_forward_auth=True)
        return incoming

    async def _ask_about_device(
        self,
        authorizer: Authorizer,
        exchange: Exchange,
        head: RequestHead,
        incoming: Incoming,
        now: datetime,
    ) -> Answer:
        verdict = await self.judge.verdict(incoming, now)
        answer = self._at_once(authorizer, exchange, incoming, *verdict)
        return answer or await self._refuse(authorizer, exchange, head, incoming, *verdict)

    def _at_once(
        self,
        authorizer: Authorizer,
        exchange: Exchange,
        incoming: Incoming,
        access: Access,
        decision: Decision,
    ) -> Answer | None:
        """Record the decision. Returns its answer; None if it is a refusal."""
        reference = self.references.of(exchange)
        probe = self.refuser.probe_or_record(exchange, access, decision)
        if probe is not None:
            probing = replace(decision, effect=Effect.CHALLENGE, reason=Reason.PROBE_REQUIRED)
            return authorizer.keep_out(probe, incoming, access, probing, reference)
        if not gets_mail(access, decision) or gate_gives_directions(access, decision):
            return None
        until = access.now
        if authorizer.remember and self._may_be_kept(exchange.head, access):
            until = self.verdicts.until(access, decision)
        return authorizer.let_in(incoming, access, decision, reference, until)

    def _may_be_kept(self, question: RequestHead, access: Access) -> bool:
        """Whether the asking proxy may cache an allowing answer: the proxy must use that answer only for requests
        that would get the same one.

        A client may speak ActiveSync to any address, and the query then counts, so a plain target is not enough. The
        result of a proof depends on where its key was used before, and a halt by requests depends on their number: no
        key holds either.
        """
        policy = self.in_force.live.policy
        if (
            access.client.protocol is Protocol.ACTIVESYNC
            or access.attestation is not None
            or policy.counts_requests
        ):
            return False
        return suffices(question.fields, policy.reads)

    async def _refuse(
        self,
        authorizer: Authorizer,
        exchange: Exchange,
        head: RequestHead,
        incoming: Incoming,
        access: Access,
        decision: Decision,
    ) -> Answer:
        reference = self.references.of(exchange)
        answer = await self.refuser.answer_instead(head, incoming, access, decision, reference)
        return authorizer.keep_out(answer, incoming, access, as_told(access, decision), reference)

    async def _fetch(
        self, authorizer: Authorizer, exchange: Exchange, head: RequestHead, origin: Origin, now: datetime
    ) -> Answer:
        """The answer that waits for the client of a refusal. If another process has it, the request is judged again."""
        told = values(exchange.head.fields, b"x-device-reference")
        waiting = authorizer.fetch(told[0].decode("latin-1")) if len(told) == 1 else None
        if waiting is not None:
            return waiting
        incoming, live = self._read(exchange, head, origin), self.in_force.live
        access, decision = await self.judge.verdict(incoming, now)
        reference = self.references.of(exchange)
        if live.browser_probe.is_due(access):
            return self.refuser.probe(access, reference)
        if gets_mail(access, decision) and not gate_gives_directions(access, decision):
            return live.responses.error(access.facts, 403, Reason.INTERNAL_ERROR, reference, now)
        return await self.refuser.answer_instead(head, incoming, access, decision, reference)


def _is_plain(head: RequestHead) -> bool:
    """Whether an allowing answer to this request always has the same bytes apart from date and reference."""
    fetches = head.target.startswith(REFUSAL.encode())
    return head.keep_alive and bool(head.minor) and not head.has_body and not fetches


async def _sent(exchange: Exchange, answer: Coroutine[Any, Any, Answer], now: datetime) -> Outcome:
    return send(exchange, await answer, now)
