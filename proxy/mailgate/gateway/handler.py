"""One request, from its facts to its answer. This file is the order of things; each thing has a file of its own."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter
from typing import Any
from typing import Protocol as Shape

from mailgate.classify.discovery import is_autodiscover
from mailgate.gateway.answer import Answer, send
from mailgate.gateway.authz import REFUSAL, Authorizer, Yes, answer_asking, original, refuse_let_through
from mailgate.gateway.client_certs.presented import presented
from mailgate.gateway.enforce import Speaker, gets_mail
from mailgate.gateway.enroller import Enroller
from mailgate.gateway.exchange import KEPT, Exchange, Outcome, Rest
from mailgate.gateway.facts import Incoming, read_facts
from mailgate.gateway.failure import Failure, note_failure, translate
from mailgate.gateway.forward import Forwarder
from mailgate.gateway.hanging import Hanging, NoLongerAllowed, hangs
from mailgate.gateway.helping import HelpDesk
from mailgate.gateway.http1.request import RequestHead, RequestRefused
from mailgate.gateway.judging import Judge
from mailgate.gateway.local import answer_local, is_local
from mailgate.gateway.login import ask_for_login, has_no_login
from mailgate.gateway.me import SelfService
from mailgate.gateway.messages import http_date
from mailgate.gateway.noting import note
from mailgate.gateway.prober import Mode
from mailgate.gateway.small_body import read_small_body
from mailgate.gateway.trust import Network, Origin, is_proxy, origin_of
from mailgate.gateway.verdict_cache import VerdictCache
from mailgate.gateway.wayfinding import ask_the_way, tell_the_way, told_by_the_gate
from mailgate.model import Access, CertificateResult, Decision, Effect, Reason, RequestFacts
from mailgate.policy.rules import DISCOVERY_RULE
from mailgate.store.ledger import Counts


class Ledger(Shape):
    """Where decisions are remembered (``store/ledger.py``)."""

    def record(self, access: Access, decision: Decision, reference: str = "") -> None: ...

    def recurring(self, access: Access, decision: Decision) -> Counts | None: ...


class Notices(Shape):
    """How people are told who cannot be shown a page (``gateway/quarantine.py``)."""

    def tell(self, incoming: Incoming, access: Access, decision: Decision, reference: str) -> None: ...


@dataclass(slots=True, kw_only=True)
class Gate(Judge):
    """The policy enforcement point of one public address: what it judges (``judging.py``) it carries out."""

    forwarder: Forwarder
    patient: Forwarder
    """For requests that hang: the same way, with more time."""
    discovery: Forwarder
    """For Autodiscover: the same way, with addresses changed."""
    hanging: Hanging
    notices: Notices
    enroller: Enroller
    ledger: Ledger
    speaker: Speaker
    trusted: tuple[Network, ...]
    new_reference: Callable[[], str]
    self_service: SelfService
    authorizer: Authorizer | None = None
    """Where other proxies ask beside the mail; None where they may not."""
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    """Where other proxies ask at ports of their own, by the address of each in the settings."""
    helpdesk: HelpDesk | None = None
    verdicts: VerdictCache = field(default_factory=VerdictCache)

    def handle(self, exchange: Exchange, asked_at: str = "") -> Rest:
        """Serve one request, at once as far as that goes. Never raises for what a client or the webmail sends.

        ``asked_at``: the port of its own that another proxy asks at; it carries no mail.
        """
        served: Outcome | Rest
        reference = self.new_reference()
        try:
            now = self.clock()
            served = (self._serve_proxy if asked_at else self._serve)(exchange, asked_at, reference, now)
        except Exception as error:  # noqa: BLE001 - the edge: whatever broke becomes one answer
            served = self._fail(exchange, reference, error)
        if isinstance(served, Outcome):
            exchange.connection.answered(served)
            return None
        return None if served is None else self._finish(exchange, reference, served)

    async def _finish(
        self, exchange: Exchange, reference: str, rest: Coroutine[Any, Any, Outcome]
    ) -> Outcome:
        """What has to be waited for, to its end."""
        try:
            return await rest
        except Exception as error:  # noqa: BLE001 - the edge: whatever broke becomes one answer
            return self._fail(exchange, reference, error)

    def _serve(self, exchange: Exchange, _asked_at: str, reference: str, now: datetime) -> Outcome | Rest:
        """The outcome where the answer is written already."""
        if exchange.head.refused:
            return self._fail(exchange, reference, exchange.head.refused)
        if self.authorizer and self._asks(self.authorizer, exchange):
            return self._answer_proxy(self.authorizer, exchange, reference, now)
        head = exchange.head
        origin = self._origin(exchange, head)
        started = perf_counter()
        if self.verdicts.find(self, head, origin, now) is not None:
            self.metrics.decision_seconds.observe(perf_counter() - started)
            return self._set_out(exchange, origin, reference, now)
        incoming = self.read(exchange, head, origin)
        # RFC 9110, section 7.4: whoever mistakes the connection for a secure one is told nothing meant for it
        if head.scheme == b"https" and origin.scheme != "https":
            head.keep_alive = False
            raise RequestRefused(
                421, Reason.REQUEST_MALFORMED, "An https address was asked for over plain http."
            )
        if is_local(incoming.facts):
            return self._answer_local(exchange, incoming, reference, now)
        verdict = self.judge_now(incoming, now)
        if verdict is None:
            return self._serve_device(exchange, incoming, reference, now)
        access, decision = verdict
        probe = self._note(access, decision, reference)
        if probe is not None:
            return send(exchange, probe, now)
        if gets_mail(access, decision):
            self.verdicts.keep(self, exchange, head, incoming, access, decision)
            return self._start(exchange, incoming, access, decision, reference)
        if told_by_the_gate(access, decision) or _asks_for_login(incoming, access, decision):
            return self._enforce(exchange, incoming, access, decision, reference)
        return send(exchange, self._say(incoming, access, decision, reference), now)

    def _serve_proxy(
        self, exchange: Exchange, asked_at: str, reference: str, now: datetime
    ) -> Outcome | Rest:
        """At a port that carries no mail: questions, and the pages that answers to them lead to."""
        if exchange.head.refused:
            return self._fail(exchange, reference, exchange.head.refused)
        authorizer = self.authorizers.get(asked_at)
        if authorizer and self._asks(authorizer, exchange):
            return self._answer_proxy(authorizer, exchange, reference, now)
        incoming = self.read(exchange, exchange.head, self._origin(exchange, exchange.head))
        if is_local(incoming.facts):
            return self._answer_local(exchange, incoming, reference, now)
        raise RequestRefused(404, Reason.NOT_FOUND, "There is no mail at this port.")

    def _answer_proxy(
        self, authorizer: Authorizer, exchange: Exchange, reference: str, now: datetime
    ) -> Outcome | Rest:
        head = original(exchange.head, authorizer.dialect)
        refuse_let_through(head.fields, authorizer.dialect, self.live.proxy_form.fields)
        origin = self._origin(exchange, head)
        if _is_plain_question(exchange.head):
            started = perf_counter()
            known = self.verdicts.find(self, head, origin, now, id(authorizer))
            if known is not None and known.yes is not None:
                self.metrics.decision_seconds.observe(perf_counter() - started)
                before, up_to, rest = known.yes
                exchange.started = True
                exchange.write(before + http_date(now) + up_to + reference.encode() + rest)
                return KEPT
        answer = answer_asking(self, authorizer, exchange, head, origin, reference, now)
        return send(exchange, answer, now) if isinstance(answer, Answer) else _sent(exchange, answer, now)

    async def _answer_local(
        self, exchange: Exchange, incoming: Incoming, reference: str, now: datetime
    ) -> Outcome:
        incoming = replace(incoming, body=await read_small_body(exchange))
        return send(exchange, await answer_local(self, incoming, reference, now), now)

    async def _serve_device(
        self, exchange: Exchange, incoming: Incoming, reference: str, now: datetime
    ) -> Outcome:
        access, decision = await self.judge(incoming, now)
        probe = self._note(access, decision, reference)
        if probe is not None:
            return send(exchange, probe, now)
        return await self._enforce(exchange, incoming, access, decision, reference)

    def _note(self, access: Access, decision: Decision, reference: str) -> Answer | None:
        """Record and count a decision, unless the probe comes first: then its page."""
        if self.prober.wanted(access):
            return self.probe(access, reference)
        self.ledger.record(access, decision, reference if decision.effect is not Effect.ALLOW else "")
        note(self.metrics, access, decision, reference)
        return None

    def keep_yes(
        self,
        authorizer: Authorizer,
        exchange: Exchange,
        head: RequestHead,
        incoming: Incoming,
        access: Access,
        decision: Decision,
        yes: Yes,
    ) -> None:
        """Let the same question be answered again by this verdict, where it can be."""
        if _is_plain_question(exchange.head):
            self.verdicts.keep(self, exchange, head, incoming, access, decision, id(authorizer), yes)

    def stands_until(self, access: Access, decision: Decision) -> datetime:
        """The first moment at which the same request may be decided otherwise, though nothing is learned meanwhile."""
        return self.verdicts.until(self, access, decision)

    def _asks(self, authorizer: Authorizer, exchange: Exchange) -> bool:
        """Whether this is the question of a proxy that may ask."""
        path = exchange.head.target.partition(b"?")[0].decode("ascii")
        return authorizer.serves(path) and is_proxy(exchange.peer, self.trusted)

    def _origin(self, exchange: Exchange, head: RequestHead) -> Origin:
        """``head`` is that of the exchange, or of the request that it asks about."""
        return origin_of(
            head.fields, peer=exchange.peer, secure=exchange.secure, host=head.host, trusted=self.trusted
        )

    def read(self, exchange: Exchange, head: RequestHead, origin: Origin) -> Incoming:
        """``head`` and ``origin`` are those of the exchange, or of the request that it asks about."""
        incoming = read_facts(head, origin, self._presented(exchange), self.live.logins)
        exchange.answer_fields = incoming.answer_fields
        return incoming

    def _presented(self, exchange: Exchange) -> tuple[bytes, ...] | CertificateResult:
        if self.live.certificates is None:
            return ()
        return presented(
            exchange.head.fields,
            peer=exchange.peer,
            trusted=self.trusted,
            form=self.live.proxy_form,
            in_handshake=exchange.certificates,
        )

    async def _enforce(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Outcome:
        answer = await self.instead(exchange.head, incoming, access, decision, reference)
        if answer is None:
            return await self._forward(exchange, incoming, access, decision, reference)
        return send(exchange, answer, access.now)

    async def instead(
        self, head: RequestHead, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Answer | None:
        """What the client gets instead of mail by this decision; None where it gets its mail."""
        if told_by_the_gate(access, decision):
            return await ask_the_way(self.discovery, head, incoming)
        if gets_mail(access, decision):
            return None
        asked = None
        if _asks_for_login(incoming, access, decision):
            asked = await ask_for_login(self.forwarder, head, incoming)
        return asked or self._say(incoming, access, decision, reference)

    def _say(self, incoming: Incoming, access: Access, decision: Decision, reference: str) -> Answer:
        """A warning, or a refusal."""
        if decision.effect is Effect.WARN:
            return self.speaker.warn(access, decision, reference)
        self.notices.tell(incoming, access, decision, reference)
        return self.speaker.refuse(access, decision, reference)

    def probe(self, access: Access, reference: str) -> Answer:
        """Nothing was decided yet, so nothing is recorded: the same page load comes again, with the cookie."""
        self.metrics.probes.labels("shown").inc()
        may_skip = self.prober.mode is Mode.OBSERVE
        return self.speaker.probe(access.facts, access.now, reference, may_skip=may_skip)

    def _start(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Rest:
        """``_forward``, without a task where it needs none."""
        if (
            exchange.head.max_forwards == 0
            or decision.rule == DISCOVERY_RULE
            or hangs(access)
            or is_autodiscover(access.facts)
        ):
            return self._forward(exchange, incoming, access, decision, reference)

        return self._set_out(exchange, incoming.origin, reference, access.now)

    def _set_out(self, exchange: Exchange, origin: Origin, reference: str, now: datetime) -> Rest:
        def wait_for(rest: Coroutine[Any, Any, Outcome]) -> None:
            exchange.connection.wait_for(self._finish(exchange, reference, rest))

        return self.forwarder.start(exchange, origin, now, wait_for)

    async def _forward(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Outcome:
        if exchange.head.max_forwards != 0:
            if decision.rule == DISCOVERY_RULE:
                return send(exchange, await tell_the_way(self.discovery, exchange, incoming), access.now)
            if hangs(access):
                return await self._hang(exchange, incoming, access, decision, reference)
            way = self.discovery if is_autodiscover(access.facts) else self.forwarder
            return await way.forward(exchange, incoming.origin, access.now)
        # RFC 9110, section 7.6.2: it may go no further; and a TRACE would show a script what it must not see (9.3.8)
        if exchange.head.method == b"TRACE":
            raise RequestRefused(405, Reason.METHOD_NOT_ALLOWED, "TRACE is not answered here.", ("OPTIONS",))
        return send(exchange, Answer(200, headers=(("Allow", "OPTIONS"),)), access.now)

    async def _hang(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Outcome:
        """Forward what may take an hour; once it is no longer allowed, refuse it, or break off what has begun."""
        try:
            forward = self.patient.forward(exchange, incoming.origin, access.now)
            return await self.hanging.run(access, decision, forward)
        except NoLongerAllowed as ended:
            self.ledger.record(ended.access, ended.decision, reference)
            note(self.metrics, ended.access, ended.decision, reference)
            if exchange.started:
                exchange.abort()
                return Outcome(keep_alive=False)
            self.notices.tell(incoming, ended.access, ended.decision, reference)
            return send(
                exchange, self.speaker.refuse(ended.access, ended.decision, reference), ended.access.now
            )

    def _fail(self, exchange: Exchange, reference: str, error: Exception) -> Outcome:
        if isinstance(error, ConnectionError):  # the client is gone
            return Outcome(keep_alive=False)
        failure = translate(error)
        self.metrics.errors.labels(failure.reason).inc()
        note_failure(failure, reference, error)
        if exchange.started:
            exchange.abort()
            return Outcome(keep_alive=False)
        try:
            return send(exchange, self._tell(exchange, reference, failure), self.clock())
        except ConnectionError:
            return Outcome(keep_alive=False)

    def _tell(self, exchange: Exchange, reference: str, failure: Failure) -> Answer:
        facts = RequestFacts()
        if not exchange.head.refused:
            origin = origin_of(
                (), peer=exchange.peer, secure=exchange.secure, host=exchange.head.host, trusted=()
            )
            facts = read_facts(exchange.head, origin).facts
        answer = self.speaker.error(
            facts, failure.status, failure.reason, reference, self.clock(), failure.detail
        )
        allow = (("Allow", ", ".join(failure.allow)),) if failure.allow else ()
        return replace(answer, headers=(*answer.headers, *allow))


def _is_plain_question(head: RequestHead) -> bool:
    """Whether a yes to it is the same bytes each time, but for date and reference."""
    fetches = head.target.startswith(REFUSAL.encode())
    return head.keep_alive and bool(head.minor) and not head.has_body and not fetches


def _asks_for_login(incoming: Incoming, access: Access, decision: Decision) -> bool:
    """A mail app is asked to log in before it is refused: else it takes the service for absent."""
    return decision.effect is not Effect.WARN and has_no_login(access, incoming)


async def _sent(exchange: Exchange, answer: Coroutine[Any, Any, Answer], now: datetime) -> Outcome:
    return send(exchange, await answer, now)
