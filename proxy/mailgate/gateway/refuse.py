"""Gives a client something other than its mail: the probe, a warning, a refusal, a login challenge or the way to the mail."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from mailgate.gateway.answer import Answer
from mailgate.gateway.directions import ask_for_directions, ask_for_login, gate_gives_directions, has_no_login
from mailgate.gateway.evaluate.browser_probe import Mode
from mailgate.gateway.evaluate.facts import Incoming, is_navigation
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.recorder import Recorder, line_of
from mailgate.gateway.refusals.responses import sighting_id
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.selfservice.help import asked_here, own_request
from mailgate.gateway.waiting import Soon, then
from mailgate.http.cookies import only_own
from mailgate.http.exchange import Exchange
from mailgate.http.proxy.forward import Forwarder
from mailgate.http.request import RequestHead
from mailgate.http.trusted_headers import Origin
from mailgate.model import Access, Decision, Effect, RequestFacts
from mailgate.store import HelpRequest
from mailgate.store.client_facts import facts_to_hold
from mailgate.store.help_requests import HelpRequests
from mailgate.store.ledger import Repeat


class QuarantineMailQueue(Protocol):
    """Writes to people who cannot be shown a page (``mail/quarantine.py``)."""

    def queue(
        self, read: Callable[[], Incoming], access: Access, decision: Decision, reference: str
    ) -> None: ...

    async def run(self) -> None: ...


class KnownRefusal:
    """What a refusal was made from, without what each request has of its own: its reference, time, target, address and
    languages. Of its fields only those are held that are read for its record or its answer."""

    __slots__ = ("_access", "_kept", "client", "decision", "line", "posture", "repeats", "told")

    def __init__(self, access: Access, decision: Decision, repeats: Sequence[Repeat]) -> None:
        """``repeats`` is what to call each time (``Recorder.recurring``)."""
        self.repeats = repeats
        self.line = line_of(access, decision)
        self.decision = replace(decision, trials=())  # these would hold the whole request
        self.told = as_told(access, self.decision)
        self._access = replace(access, facts=_facts_to_hold(access))
        self.client, self.posture = access.client, access.posture
        self._kept = ""

    def access(self, head: RequestHead, origin: Origin, now: datetime) -> Access:
        """The access of another request that is refused like this one."""
        held, facts, wanted = self._access, self._access.facts, head.fields.values(b"accept-language")
        languages = {"accept-language": b", ".join(wanted).decode("latin-1")} if wanted else {}
        # written out, since ``replace`` takes three times as long
        own = RequestFacts(
            facts.method,
            head.target.decode("ascii"),
            facts.scheme,
            origin.host.decode("latin-1"),
            origin.remote,
            {**facts.headers, **languages},
            facts.user,
            facts.by_forward_auth,
            facts.activesync,
            facts.over_https,
        )
        return Access(own, held.client, held.posture, now, held.user, claims=held.claims)

    def sighting(self) -> str:
        """The id of its record, on the day of the refusal."""
        self._kept = self._kept or sighting_id(self._access, self.told)
        return self._kept


def _facts_to_hold(access: Access) -> RequestFacts:
    facts, cookies = facts_to_hold(access.facts, access.client), access.facts.headers.get("cookie", "")
    return replace(facts, headers={**facts.headers, "cookie": only_own(cookies)})


@dataclass(frozen=True, slots=True)
class Refuser:
    """Carries out every decision that does not let a request through."""

    in_force: InForce
    usual: Forwarder
    autodiscover: Forwarder
    """The forwarder that asks the webmail for a login challenge and for the way to the mail."""
    mails: QuarantineMailQueue
    metrics: Metrics
    recorder: Recorder
    helped: HelpRequests
    offered: Callable[[Incoming, Access, Decision], Awaitable[Decision]]
    """Leaves out the let-in that a page could not give."""

    def probe_or_record(self, exchange: Exchange, access: Access, decision: Decision) -> Answer | None:
        """The probe's page if this browser has to run it first; otherwise None, and the decision is recorded."""
        if self.in_force.live.browser_probe.is_due(access):
            return self.probe(access, self.recorder.references.of(exchange))
        self.recorder.record(exchange, access, decision)
        return None

    def answer_instead(
        self, head: RequestHead, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Soon[Answer]:
        """The answer to a client whose decision gives it no mail: at once if the webmail need not be asked."""
        if gate_gives_directions(access, decision):
            return ask_for_directions(self.autodiscover, head, incoming)
        refuse = partial(self.warn_or_refuse, incoming, access, decision, reference)
        if decision.effect is not Effect.WARN and asked_here(access, decision.rule):
            return self._with_answer(incoming, access, decision, reference)
        if decision.effect is not Effect.WARN and has_no_login(access, incoming):
            return then(ask_for_login(self.usual, head, incoming), lambda asked: asked or refuse())
        if decision.let_in and is_navigation(access.facts):
            return self._with_answer(incoming, access, decision, reference)
        return refuse()

    async def _with_answer(
        self, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Answer:
        told = await self.offered(incoming, access, decision)
        asked = asked_here(access, decision.rule)
        helped = await own_request(self.helped, access, decision.rule) if asked else None
        return self.warn_or_refuse(incoming, access, told, reference, helped)

    def warn_or_refuse(
        self,
        incoming: Incoming,
        access: Access,
        decision: Decision,
        reference: str,
        helped: HelpRequest | None = None,
    ) -> Answer:
        """A warning, or a refusal. ``helped`` is the request for help of whoever gets it."""
        responses, told = self.in_force.live.responses, as_told(access, decision)
        if decision.effect is Effect.WARN:
            return responses.warn(access, told, reference)
        self.mails.queue(lambda: incoming, access, decision, reference)
        return responses.refuse(access, told, reference, helped=helped)

    def refuse_again(
        self, exchange: Exchange, refusal: KnownRefusal, access: Access, read: Callable[[], Incoming]
    ) -> Answer:
        """The answer to a request that the rules cannot tell from a refused one. It is recorded like that. ``read`` reads the request."""
        reference = self.recorder.references.of(exchange)
        self.recorder.tell_again(refusal.repeats, refusal.line, access, reference)
        self.mails.queue(read, access, refusal.decision, reference)
        return self.in_force.live.responses.refuse(access, refusal.told, reference, refusal.sighting)

    def probe(self, access: Access, reference: str) -> Answer:
        """The answer with the probe's page. Nothing is recorded, since nothing was decided: the page is loaded again
        with the cookie."""
        live = self.in_force.live
        self.metrics.probes.labels("shown").inc()
        may_skip = live.browser_probe.mode is Mode.OBSERVE
        return live.responses.probe(access.facts, access.now, reference, may_skip=may_skip)
