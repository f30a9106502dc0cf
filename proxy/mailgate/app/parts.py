"""Makes the parts of a gate from the files. Nothing is opened here."""

import secrets
from base64 import b32encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from mailgate.app import utc_now
from mailgate.app.mails import quarantine_mailer_for
from mailgate.app.request_sinks import tracing_for
from mailgate.app.trust import Trust
from mailgate.app.upstream import Forwarders, forwarders_for, login_check_for
from mailgate.config import Settings
from mailgate.config.extension import SERVED
from mailgate.gateway.answer import RateLimit, References
from mailgate.gateway.authz.questions import Questions
from mailgate.gateway.enrolment import Enroller, EnrolmentParts
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.evaluate.probe_endpoint import ProbeParts
from mailgate.gateway.evaluate.proving import NonceMode, Prover
from mailgate.gateway.forward import Forwarding
from mailgate.gateway.handler import Gate
from mailgate.gateway.live import InForce
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.observe.request_metrics import RequestMetrics, Tracing
from mailgate.gateway.own_addresses import OwnAddresses
from mailgate.gateway.person_languages import PersonLanguages
from mailgate.gateway.recorder import Recorder
from mailgate.gateway.refusals.failure import FailuresInForm
from mailgate.gateway.refuse import QuarantineMailQueue, Refuser
from mailgate.gateway.request_reader import Reader
from mailgate.gateway.selfservice.help import HelpDesk
from mailgate.gateway.selfservice.let_in import still_offered
from mailgate.gateway.selfservice.own_data import SelfService
from mailgate.gateway.selfservice.own_forms import OwnReports, PairingCodes
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.gateway.selfservice.status import Statuses
from mailgate.gateway.streams import Streams
from mailgate.gateway.verdict_cache import VerdictCache
from mailgate.http.proxy.pool import UpstreamPool
from mailgate.rollout.halting import HaltMonitor
from mailgate.store import Postures, Store
from mailgate.store.help_requests import HelpRequests
from mailgate.store.person_records import UnreportedPhones

REFERENCE_LENGTH = 10
"""The length of a reference id in letters: 50 bits."""


def references() -> Iterator[str]:
    """Yield ids that a person can read out to the help desk: base32 has no 0, 1, 8 or 9 to mistake for a letter.

    Many are drawn at a time.
    """
    while True:
        letters = b32encode(secrets.token_bytes(REFERENCE_LENGTH * 320)).decode()
        yield from [letters[at : at + REFERENCE_LENGTH] for at in range(0, len(letters), REFERENCE_LENGTH)]


def self_service_for(
    settings: Settings, store: Store, judge: Judge, postures: Postures, pool: UpstreamPool, recheck: Recheck
) -> SelfService:
    """The service of the own page, which shows people what is stored about them."""
    page, mail = settings.employee_page, settings.activesync.quarantine_mail
    return SelfService(
        judge.in_force,
        judge,
        judge.metrics,
        settings.public_url,
        store.people,
        postures,
        Statuses(judge.in_force, postures, UnreportedPhones(store.people)),
        recheck,
        login_check_for(page.login_check, settings.public_url, pool),
        contact=page.contact or settings.company.help or "",
        codes=PairingCodes(store.enrolments, page.pairing_codes),
        reports=OwnReports(store.devices, store.help_requests),
        let_ins=store.reliefs,
        domain=mail.domain if mail else "",
    )


def enroller_for(settings: Settings, store: Store, trust: Trust) -> Enroller:
    """The enroller, with which devices enrol at the gate itself."""
    limits = settings.enrolment
    return Enroller(
        store.enrolments,
        trust.own_keys,
        trust.revocations,
        lambda: secrets.token_urlsafe(16),
        RateLimit(limits.attempts, limits.span),
        RateLimit(limits.attempts, limits.span),
        store.devices,
    )


def gate_for(
    settings: Settings,
    store: Store,
    postures: Postures,
    trust: Trust,
    in_force: InForce,
    halting: HaltMonitor,
    metrics: Metrics,
    recheck: Recheck,
    is_alone: Callable[[], bool],
) -> Gate:
    """The gate of these settings, with nothing open yet."""
    url, mode = settings.public_url, NonceMode(settings.attestation.nonces)
    requests = RequestMetrics(metrics.registry, halting.logins.answered)
    tracing = tracing_for(settings, in_force, requests)
    forwarders = forwarders_for(settings, tracing)
    prover = Prover(trust.keyring, trust.nonces, store.spent, metrics, mode, is_alone)
    judge = Judge(in_force, prover, postures, metrics, url, utc_now)
    enroller = enroller_for(settings, store, trust)
    listeners = store.ledger, PersonLanguages(store.languages), halting, metrics, enroller
    recorder = Recorder(listeners, References(references().__next__))
    calls, networks = RateLimit(5, timedelta(minutes=10)), RateLimit(60, timedelta(minutes=10))
    own = OwnAddresses(
        in_force,
        recorder.references,
        self_service_for(settings, store, judge, postures, forwarders.usual.pool, recheck),
        EnrolmentParts(in_force, prover, enroller, metrics, url),
        ProbeParts(in_force, metrics, url),
        HelpDesk(in_force, judge, metrics, store.help_requests, halting.help_requested, calls, networks),
        SERVED,
    )
    # a login check of its own: otherwise phones with an old password could block logins at the person's own page
    check = login_check_for(settings.employee_page.login_check, url, forwarders.usual.pool)
    mails = quarantine_mailer_for(settings, store, in_force, check)
    return assemble(judge, recorder, own, forwarders, mails, requests, store.help_requests, tracing)


def assemble(
    judge: Judge,
    recorder: Recorder,
    own: OwnAddresses,
    forwarders: Forwarders,
    mails: QuarantineMailQueue,
    requests: RequestMetrics,
    helped: HelpRequests,
    tracing: Tracing | None = None,
) -> Gate:
    """Assemble a gate from these parts and those between them."""
    in_force, metrics, references = judge.in_force, judge.metrics, recorder.references
    reader = Reader(in_force, judge.public_url.startswith("https:"))
    verdicts = VerdictCache(in_force, recorder.recurring, judge.postures.at_once)
    offered = partial(still_offered, own.self_service)
    refuser = Refuser(
        in_force, forwarders.usual, forwarders.autodiscover, mails, metrics, recorder, helped, offered
    )
    failures = FailuresInForm(references, metrics, judge.clock, in_force)
    ways = forwarders.usual, forwarders.long_poll, forwarders.autodiscover
    forwarding = Forwarding(*ways, reader, recorder, refuser, references, failures)
    shared: Any = {
        "in_force": in_force,
        "references": references,
        "metrics": metrics,
        "reader": reader,
        "verdicts": verdicts,
        "judge": judge,
        "refuser": refuser,
    }
    return Gate(
        **shared,
        clock=judge.clock,
        recorder=recorder,
        forwarding=forwarding,
        streams=Streams(reader, judge, verdicts, forwarding),
        own=own,
        questions=Questions(**shared, own=own),
        failures=failures,
        requests=requests,
        tracing=tracing,
    )
