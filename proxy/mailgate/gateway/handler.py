"""One request, from its facts to its answer. This file is the order of things; each thing has a file of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Protocol as Shape

import structlog

from mailgate.attest import CertificateVerifier, Verifier
from mailgate.classify import classify, with_attestation, with_device
from mailgate.classify.discovery import is_autodiscover
from mailgate.decide import decide
from mailgate.gateway.answer import Answer, send
from mailgate.gateway.client_certs.presented import NO_PROXY, ProxyForm, presented
from mailgate.gateway.enforce import Speaker, wants_warning
from mailgate.gateway.enroller import Enroller
from mailgate.gateway.exchange import Exchange, Outcome
from mailgate.gateway.facts import Incoming, read_facts
from mailgate.gateway.failure import Failure, note_failure, translate
from mailgate.gateway.forward import Forwarder
from mailgate.gateway.hanging import Hanging, NoLongerAllowed, hangs
from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.identity import Named, checked, identify, still_bound, with_places_of
from mailgate.gateway.local import LOCAL_PREFIX, answer_local
from mailgate.gateway.login import ask_for_login, has_no_login
from mailgate.gateway.me import SelfService
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.prober import Mode, Prober
from mailgate.gateway.proving import Prover
from mailgate.gateway.small_body import read_small_body
from mailgate.gateway.trust import Network
from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Decision,
    Effect,
    Posture,
    Protocol,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy import Policy

log = structlog.get_logger()

BY_THE_CLOCK = timedelta(seconds=10)
"""How long a verdict on a hanging request stands where nothing but the time changes: stages begin, reports expire."""


class Postures(Shape):
    """What is known of a device (``store/postures.py``)."""

    async def current(self, client: Client, proof: AttestationResult | None, now: datetime) -> Posture: ...

    async def latest(self, client: Client, proof: AttestationResult | None, now: datetime) -> Posture: ...

    async def certified(self, certificate: CertificateResult, now: datetime) -> Posture: ...

    async def of_person(self, login: str, now: datetime) -> Posture: ...


class Ledger(Shape):
    """Where decisions are remembered (``store/ledger.py``)."""

    def record(self, access: Access, decision: Decision, reference: str = "") -> None: ...


class Notices(Shape):
    """How people are told who cannot be shown a page (``gateway/quarantine.py``)."""

    def tell(self, access: Access, decision: Decision, reference: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Live:
    """What a reload replaces, all of it at once."""

    policy: Policy
    verifier: Verifier
    certificates: CertificateVerifier | None = None
    """None where no client certificate counts."""
    proxy_form: ProxyForm = NO_PROXY


@dataclass(slots=True)
class Gate:
    """The policy enforcement point of one public address."""

    live: Live
    forwarder: Forwarder
    patient: Forwarder
    """For requests that hang: the same way, with more time."""
    discovery: Forwarder
    """For Autodiscover: the same way, with addresses changed."""
    hanging: Hanging
    notices: Notices
    prover: Prover
    enroller: Enroller
    postures: Postures
    ledger: Ledger
    speaker: Speaker
    metrics: Metrics
    trusted: tuple[Network, ...]
    public_url: str
    clock: Callable[[], datetime]
    new_reference: Callable[[], str]
    self_service: SelfService
    prober: Prober = field(default_factory=Prober)

    @property
    def verifier(self) -> Verifier:
        """The one in force."""
        return self.live.verifier

    async def handle(self, exchange: Exchange) -> Outcome:
        """Serve one request. Never raises for what a client or the webmail sends."""
        reference = self.new_reference()
        try:
            with self.metrics.in_flight.track_inprogress():
                return await self._serve(exchange, reference)
        except ConnectionError:
            return Outcome(keep_alive=False)
        except Exception as error:  # noqa: BLE001 - the edge: whatever broke becomes one answer
            return self._fail(exchange, reference, error)

    async def _serve(self, exchange: Exchange, reference: str) -> Outcome:
        if exchange.head.refused:
            raise exchange.head.refused
        incoming = read_facts(
            exchange.head,
            peer=exchange.peer,
            secure=exchange.secure,
            trusted=self.trusted,
            certificate=self._presented(exchange),
        )
        exchange.answer_fields = incoming.answer_fields
        # RFC 9110, section 7.4: whoever mistakes the connection for a secure one is told nothing meant for it
        if exchange.head.scheme == b"https" and incoming.origin.scheme != "https":
            exchange.head.keep_alive = False
            raise RequestRefused(
                421, Reason.REQUEST_MALFORMED, "An https address was asked for over plain http."
            )
        now = self.clock()
        if f"{incoming.facts.path}/".startswith(LOCAL_PREFIX):
            incoming = replace(incoming, body=await read_small_body(exchange))
            return send(exchange, await answer_local(self, incoming, reference, now), now)
        access, decision = await self.judge(incoming, now)
        if self.prober.wanted(access):
            return self._probe(exchange, access, reference)
        self.ledger.record(access, decision, reference if decision.effect is not Effect.ALLOW else "")
        self.note(access, decision, reference)
        return await self._enforce(exchange, incoming, access, decision, reference)

    async def judge(self, incoming: Incoming, now: datetime) -> tuple[Access, Decision]:
        """Who asks, what is known of the device, and what the policy says to that."""
        started, live, facts = perf_counter(), self.live, self.prober.remembered(incoming.facts, now)
        certificate = checked(live.certificates, incoming.certificate, now)
        url, thumbprint = self.public_url + facts.path, certificate.thumbprint if certificate else ""
        proof = await self.prover.prove(live.verifier, incoming, facts, url, now, thumbprint)
        client, posture = await self._identify(facts, proof, certificate, now, self.postures.current)
        client = self.prover.with_places(client, proof, facts, now)
        client = with_device(client, posture.kind)
        user = User(_who(incoming, client, proof))
        access = Access(facts, client, posture, now, user, proof, certificate)
        decision = decide(access, live.policy)
        self.metrics.decision_seconds.observe(perf_counter() - started)
        return access, decision

    async def judge_again(self, before: Access, decision: Decision) -> tuple[Access, Decision] | None:
        """The verdict on a hanging request by what is known now; None where it can be none but the one before."""
        now, live = self.clock(), self.live
        client, certificate, proof = before.client, before.certificate, before.attestation
        if certificate is None:
            posture = await self.postures.latest(client, proof, now)
        else:
            certificate = live.certificates.again(certificate, now) if live.certificates else None
            proof = still_bound(proof, before.certificate, certificate)
            client, posture = await self._identify(
                before.facts, proof, certificate, now, self.postures.latest
            )
            client = with_places_of(before.client, client)
        client = with_device(client, posture.kind)
        same = (posture, client) == (before.posture, before.client)
        if same and live.policy.version == decision.policy_version and now - before.now < BY_THE_CLOCK:
            return None
        access = replace(
            before, client=client, posture=posture, now=now, attestation=proof, certificate=certificate
        )
        return access, decide(access, live.policy)

    async def _identify(
        self,
        facts: RequestFacts,
        proof: AttestationResult | None,
        certificate: CertificateResult | None,
        now: datetime,
        named: Named,
    ) -> tuple[Client, Posture]:
        seen, certified = with_attestation(classify(facts), proof), self.postures.certified
        return await identify(seen, proof, certificate, now, named=named, certified=certified)

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
        match decision.effect:
            case Effect.ALLOW:
                return await self._forward(exchange, incoming, access, decision, reference)
            case Effect.WARN if not wants_warning(access, decision):
                return await self._forward(exchange, incoming, access, decision, reference)
            case Effect.WARN:
                answer = self.speaker.warn(access, decision, reference)
            case Effect.BLOCK | Effect.CHALLENGE:
                answer = await self._refuse(exchange, incoming, access, decision, reference)
        return send(exchange, answer, access.now)

    def _probe(self, exchange: Exchange, access: Access, reference: str) -> Outcome:
        """Nothing was decided yet, so nothing is recorded: the same page load comes again, with the cookie."""
        self.metrics.probes.labels("shown").inc()
        may_skip = self.prober.mode is Mode.OBSERVE
        return send(
            exchange, self.speaker.probe(access.facts, access.now, reference, may_skip=may_skip), access.now
        )

    async def _refuse(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Answer:
        """A mail app is asked to log in before it is refused: else it takes the service for absent."""
        if has_no_login(access, incoming):
            asked = await ask_for_login(self.forwarder, exchange.head, incoming)
            if asked is not None:
                return asked
        self.notices.tell(access, decision, reference)
        return self.speaker.refuse(access, decision, reference)

    async def _forward(
        self, exchange: Exchange, incoming: Incoming, access: Access, decision: Decision, reference: str
    ) -> Outcome:
        if exchange.head.max_forwards != 0:
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
            self.note(ended.access, ended.decision, reference)
            if exchange.started:
                exchange.abort()
                return Outcome(keep_alive=False)
            self.notices.tell(ended.access, ended.decision, reference)
            return send(
                exchange, self.speaker.refuse(ended.access, ended.decision, reference), ended.access.now
            )

    def note(self, access: Access, decision: Decision, reference: str) -> None:
        """Count and log one decision."""
        metrics, client = self.metrics, access.client
        attestation, certificate = _came_of(access.attestation), _came_of(access.certificate)
        metrics.count(decision.effect, decision.reason, client.kind)
        for trial in decision.would:
            metrics.would.labels(trial.rule, trial.effect or "").inc()
        if access.attestation is not None:
            metrics.attestations.labels(attestation).inc()
        if access.certificate is not None:
            metrics.certificates.labels(certificate).inc()
        if client.contradicted:
            metrics.contradictions.inc()
        if any(finding.reason is Reason.TWO_DEVICES for finding in client.findings):
            metrics.two_devices.inc()
        write = log.debug if decision.effect is Effect.ALLOW else log.info
        write(
            "decided",
            reference=reference,
            effect=decision.effect,
            reason=decision.reason,
            rule=decision.rule,
            would=[trial.rule for trial in decision.would],
            kind=client.kind,
            assurance=client.assurance,
            protocol=client.protocol,
            posture=access.posture.state,
            attestation=attestation,
            certificate=certificate,
            findings=[finding.reason for finding in client.findings],
            policy=decision.policy_version,
        )

    def _fail(self, exchange: Exchange, reference: str, error: Exception) -> Outcome:
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
            facts = read_facts(exchange.head, peer=exchange.peer, secure=exchange.secure, trusted=()).facts
        answer = self.speaker.error(
            facts, failure.status, failure.reason, reference, self.clock(), failure.detail
        )
        allow = (("Allow", ", ".join(failure.allow)),) if failure.allow else ()
        return replace(answer, headers=(*answer.headers, *allow))


def _came_of(result: AttestationResult | CertificateResult | None) -> str:
    return "none" if result is None else result.refused or "accepted"


def _who(incoming: Incoming, client: Client, proof: AttestationResult | None) -> str:
    """Who asks: as a trusted proxy says, else as the device proved, else the login of a mail app.

    A login name is believed on ActiveSync alone: there the webmail checks the very same credentials, while a
    browser with a session cookie could name anyone and choose whose rules apply.
    """
    if incoming.facts.user:
        return incoming.facts.user
    if proof is not None and proof.refused is None and proof.user:
        return proof.user
    return (incoming.login or "") if client.protocol is Protocol.ACTIVESYNC else ""
