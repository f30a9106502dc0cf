"""Answers the questions of another proxy that carries the mail itself. They are judged and recorded like any other request."""

from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.gateway.answer import Answer, send
from mailgate.gateway.authz.authorizer import (
    PATH,
    REFUSAL,
    AllowingAnswer,
    Authorizer,
    Dialect,
    original_request,
)
from mailgate.gateway.authz.verdict_key import refuse_unremoved_fields, suffices
from mailgate.gateway.directions import gate_gives_directions
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.own_addresses import OwnAddresses
from mailgate.gateway.pipeline import Asked, Pipeline
from mailgate.gateway.refusals.responses import gets_mail
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.waiting import settled, then
from mailgate.http.exchange import KEEP_OPEN, Exchange, Outcome, PendingOutcome
from mailgate.http.grammar import values
from mailgate.http.proxy.heads import http_date
from mailgate.http.request import RequestHead, RequestRefused
from mailgate.http.trusted_headers import Origin, is_proxy
from mailgate.model import Access, Decision, Effect, Protocol, Reason

_ADDRESS = PATH.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions(Pipeline):
    """Answers questions. ``head`` and ``origin`` always belong to the request that is asked about."""

    own: OwnAddresses

    def is_question(self, authorizer: Authorizer, exchange: Exchange) -> bool:
        """Whether this is a question from a proxy that may ask."""
        target = exchange.head.target
        if not target.startswith(_ADDRESS):
            return False
        path = target.partition(b"?")[0].decode("ascii")
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
        live = self.in_force.live
        own = live.proxy_form.fields | ({live.login_header} - {b""})
        refuse_unremoved_fields(exchange.head.fields, authorizer.dialect, own)
        origin = self.reader.origin(exchange, head)
        if _is_plain(exchange.head):
            known = self.known(exchange, head, origin, now, id(authorizer))
            if known is not None and known.refusal is not None:
                access, refused = self.refuse_again(exchange, head, origin, now, known.refusal)
                return self._keep_out(exchange, authorizer, access, known.refusal.told, refused)
            if known is not None and known.allowing is not None:
                before, up_to, rest = known.allowing
                exchange.started, exchange.status = True, 200
                reference = self.references.of(exchange).encode()
                exchange.write(before + http_date(now) + up_to + reference + rest)
                return KEEP_OPEN
        if authorizer.dialect is Dialect.NGINX and exchange.head.target.startswith(REFUSAL.encode()):
            fetched = self._fetch(authorizer, exchange, head, origin, now)
            return then(fetched, lambda answer: send(exchange, answer, now))
        return self.serve(Asked(exchange, head, self.read(exchange, head, origin), authorizer), now)

    def read(self, exchange: Exchange, head: RequestHead, origin: Origin) -> Incoming:
        incoming = self.reader.facts(exchange, head, origin)
        incoming.facts = replace(incoming.facts, by_forward_auth=True)
        return incoming

    def let_in(self, asked: Asked, access: Access, decision: Decision, *, at_once: bool) -> Outcome:
        """Send an allowing answer. It is kept if no device had to be asked about."""
        exchange, head, incoming, authorizer = asked
        assert authorizer is not None
        reference, until = self.references.of(exchange), access.now
        if authorizer.remember and self._may_be_kept(exchange.head, access):
            until = self.verdicts.until(access, decision)
        answer = authorizer.let_in(incoming, access, decision, reference, until)
        if at_once and _is_plain(exchange.head):
            allowing = AllowingAnswer(answer, reference, authorizer.remember)
            self.verdicts.keep(exchange, head, incoming, access, decision, id(authorizer), allowing)
        return send(exchange, answer, access.now)

    def keep_out(
        self, asked: Asked, access: Access, decision: Decision, answer: Answer, /, *, probing: bool = False
    ) -> Outcome:
        """Send a refusing answer that holds the client's answer. The verdict is kept."""
        exchange, head, incoming, authorizer = asked
        assert authorizer is not None
        if probing:
            told = replace(decision, effect=Effect.CHALLENGE, reason=Reason.PROBE_REQUIRED)
        else:
            told = as_told(access, decision)
            if _is_plain(exchange.head):
                self.verdicts.keep(exchange, head, incoming, access, decision, id(authorizer))
        return self._keep_out(exchange, authorizer, access, told, answer)

    def _keep_out(
        self, exchange: Exchange, authorizer: Authorizer, access: Access, told: Decision, answer: Answer
    ) -> Outcome:
        reference = self.references.of(exchange)
        answer = authorizer.keep_out(answer, exchange.answer_fields, access, told, reference)
        return send(exchange, answer, access.now)

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

    async def _fetch(
        self, authorizer: Authorizer, exchange: Exchange, head: RequestHead, origin: Origin, now: datetime
    ) -> Answer:
        """The answer that waits for the client of a refusal. If another process has it, the request is judged again."""
        told = values(exchange.head.fields, b"x-device-reference")
        waiting = authorizer.fetch(told[0].decode("latin-1")) if len(told) == 1 else None
        if waiting is not None:
            return waiting
        incoming, live = self.read(exchange, head, origin), self.in_force.live
        access, decision = await self.judge.verdict(incoming, now)
        reference = self.references.of(exchange)
        if live.browser_probe.is_due(access):
            return self.refuser.probe(access, reference)
        if gets_mail(access, decision) and not gate_gives_directions(access, decision):
            return live.responses.error(access.facts, 403, Reason.INTERNAL_ERROR, reference, now)
        return await settled(self.refuser.answer_instead(head, incoming, access, decision, reference))


def _is_plain(head: RequestHead) -> bool:
    """Whether an allowing answer to this request always has the same bytes apart from date and reference."""
    fetches = head.target.startswith(REFUSAL.encode())
    return head.keep_alive and bool(head.minor) and not head.has_body and not fetches
