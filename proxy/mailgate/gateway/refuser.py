"""Gives a client something other than its mail: the probe, a warning, a refusal, a login challenge or the way to the
mail."""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from mailgate.gateway.answer import Answer
from mailgate.gateway.autodiscover.directions import ask_for_directions, gate_gives_directions
from mailgate.gateway.evaluate.browser_probe import Mode
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.http1.exchange import Exchange
from mailgate.gateway.http1.request import RequestHead
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.proxy.forward import Forwarder
from mailgate.gateway.recorder import Recorder
from mailgate.gateway.refusals.login_challenge import ask_for_login, has_no_login
from mailgate.gateway.refusals.wording import as_told
from mailgate.gateway.waiting import Soon, then
from mailgate.model import Access, Decision, Effect


class QuarantineMailQueue(Protocol):
    """Writes to people who cannot be shown a page (``mail/quarantine.py``)."""

    def queue(self, incoming: Incoming, access: Access, decision: Decision, reference: str) -> None: ...


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
        if decision.effect is not Effect.WARN and has_no_login(access, incoming):
            return then(ask_for_login(self.usual, head, incoming), lambda asked: asked or refuse())
        return refuse()

    def warn_or_refuse(
        self, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Answer:
        """A warning, or a refusal."""
        responses, told = self.in_force.live.responses, as_told(access, decision)
        if decision.effect is Effect.WARN:
            return responses.warn(access, told, reference)
        self.mails.queue(incoming, access, decision, reference)
        return responses.refuse(access, told, reference)

    def probe(self, access: Access, reference: str) -> Answer:
        """The answer with the probe's page. Nothing is recorded, since nothing was decided: the page is loaded again
        with the cookie."""
        live = self.in_force.live
        self.metrics.probes.labels("shown").inc()
        may_skip = live.browser_probe.mode is Mode.OBSERVE
        return live.responses.probe(access.facts, access.now, reference, may_skip=may_skip)
