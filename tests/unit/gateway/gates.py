"""A gate whose rules read the path, with stand-ins behind it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count

from tests.unit.gateway.wire import exchange, handled

from mailgate.app.parts import Forwarders, assemble
from mailgate.attest.sealing import Nonces
from mailgate.attest.verifier import ReplayGuard, Verifier
from mailgate.config.extension import SERVED
from mailgate.devices.device import Device
from mailgate.gateway.answer import Answer, RateLimit, References, send
from mailgate.gateway.enrolment import Enroller, EnrolmentParts
from mailgate.gateway.evaluate.judge import Judge
from mailgate.gateway.evaluate.probe_endpoint import ProbeParts
from mailgate.gateway.evaluate.proving import Prover
from mailgate.gateway.handler import Gate
from mailgate.gateway.keyring import Keyring, OwnKeys, Revocations
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.observe.request_metrics import RequestMetrics
from mailgate.gateway.own_addresses import OwnAddresses
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.recorder import Recorder
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.gateway.selfservice.help import HelpDesk
from mailgate.gateway.selfservice.own_data import SelfService
from mailgate.gateway.selfservice.status import Statuses
from mailgate.gateway.verdict_cache import VerdictCache
from mailgate.mail.quarantine import NoQuarantineMails
from mailgate.model import Posture
from mailgate.model.device import PostureTerms
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.rules import PolicyFile, policy_context
from mailgate.store import EnrolledKey, NotEnrolled, RetentionTimes, SharedKey
from mailgate.store.enrolments import NO_COMPUTER, digest_of, name_of, written_app
from mailgate.store.person_records import UnreportedPhones

NOW = datetime(2026, 11, 24, 9, 5, 7, tzinfo=UTC)
REFERENCE = "REF2345"
PAGES = Pages()

RULES = (
    {"id": "rehearsed", "when": 'request.path.startsWith("/allow")', "effect": "block",
     "stages": {"report_only": "2026-11-23"}},
    {"id": "open", "when": 'request.path.startsWith("/allow")', "effect": "allow"},
    {"id": "soon", "title": "No tablets from Monday", "when": 'request.path.startsWith("/warn")', "effect": "warn"},
    {"id": "prove", "when": 'request.path == "/challenge"', "effect": "challenge"},
    {"id": "closed", "title": "No mail here", "when": 'request.path == "/block"', "effect": "block",
     "notice": {"fix": "remove-app", "contact": "it-help@example.com"}},
)  # fmt: skip


def run(coroutine):
    """The result of a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as stopped:
        return stopped.value
    raise AssertionError("it waits")


NO_APPS = AppCatalog()


def policy(rules=RULES, apps=NO_APPS):
    file = PolicyFile.model_validate({"rules": rules}, context=policy_context(apps))
    return Policy(file.rules, file.default, apps)


class Webmail:
    """A stand-in for the connection to the webmail, which answers or fails."""

    def __init__(self):
        self.got = []
        self.breaks = None
        self.starts = False

    def start(self, exchange, origin, now, wait_for):
        return self.forward(exchange, origin, now)

    async def forward(self, exchange, origin, now):
        assert now == NOW
        self.got.append((exchange.head.target, origin.remote))
        exchange.started = self.starts
        if self.breaks:
            raise self.breaks
        return send(exchange, Answer(200, b"mail"), NOW)


class Known:
    """The devices that a test has set."""

    def __init__(self):
        self.posture = Posture()
        self.certified_posture = Posture()
        self.people = {}
        self.directory = {}
        self.worths = {}
        self.newer = {}
        self.terms = PostureTerms(timedelta(hours=24))
        self.catalog = None
        self.stored = None
        self.breaks = None

    async def current(self, client, proof, now):
        if self.breaks:
            raise self.breaks
        return self.posture

    def at_once(self, client, now):
        if self.breaks:
            raise self.breaks
        return self.posture

    async def latest(self, client, proof, now):
        return await self.current(client, proof, now)

    async def with_pending_reports(self, read, now):
        return [self.newer.get(device.id, device) for device in await read()]

    async def owned(self, login, now):
        return tuple(
            self.newer.get(device.id, device) for device in await self.stored.devices(login, now, ())
        )

    def in_memory(self, device_id):
        return self.newer.get(device_id)

    async def certified(self, certificate, now):
        if self.breaks:
            raise self.breaks
        return self.certified_posture

    async def in_directory(self, device, now):
        return self.directory.get(device, Posture())

    def worth(self, device, now):
        return self.worths.get(device.id, Posture())

    async def of_person(self, login, now):
        if self.breaks:
            raise self.breaks
        return self.people.get(login, Posture())


class Records(list):
    """The reports of sources about devices."""

    async def ingest(self, records, now):
        assert now == NOW
        self.extend(records)

    async def get(self, source, device_id):
        told = [each for each in self if each.key == (source, device_id)]
        return Device(device_id, (told[-1],)) if told else None


class Forgetful(VerdictCache):
    """A verdict cache that never finds anything."""

    def find(self, head, origin, now, port=0):
        return None


class Recorded(list):
    def record(self, access, decision, reference="", shown=None):
        self.append((access.facts.path, decision.effect, decision.rule, reference))

    def recurring(self, access, decision):
        return lambda *_: self.record(access, decision)


def _added(name):
    """A question that is answered by what a test has added under this name."""

    async def answer(self, *_asked):
        return getattr(self, name)

    return answer


class NoPeople:
    """A store without data about people, except what a test adds."""

    def __init__(self):
        self.of = {}
        self.by_id = {}
        self.sighted = []
        self.rows = []
        self.refusal_mails = []
        self.rule_mails = []
        self.spoken = None
        self.keys = []
        self.passes = []
        self.shut_since = None
        self.exempted = []
        self.calls = []
        self.seen_by = []
        self.breaks = None

    async def devices(self, login, now, precedence):
        if self.breaks:
            raise self.breaks
        return list(self.of.get(login, ()))

    async def device(self, device_id):
        if self.breaks:
            raise self.breaks
        return self.by_id.get(device_id)

    async def requests(self, login, devices, size=50):
        return self.rows[:size], len(self.rows)

    unreported, quarantine_mails, mails = _added("sighted"), _added("refusal_mails"), _added("rule_mails")
    language, enrolled, tokens = _added("spoken"), _added("keys"), _added("passes")
    shut_out, exemptions, looks = _added("shut_since"), _added("exempted"), _added("seen_by")
    help_requests = _added("calls")


class NoDesk:
    """A desk without requests for help."""

    async def one(self, _rule, _subject):
        return None

    note = called = None


class Secrets:
    """The secrets of a store, one for each purpose."""

    async def current(self, purpose, now, renew_after):
        return (SharedKey(1, sha256(purpose.encode()).digest(), NOW - timedelta(days=1)),)


class Taken(set):
    """The proofs that all gates have accepted."""

    def __init__(self):
        super().__init__()
        self.breaks = None

    async def spend(self, ticket, until, now):
        if self.breaks:
            raise self.breaks
        new = ticket not in self
        self.add(ticket)
        return new


class Enrolled(dict):
    """The enrolled keys by thumbprint; one token is good for every device."""

    def __init__(self):
        super().__init__()
        self.breaks = None
        self.answer = None
        self.refuses = {}
        self.computer = None

    async def enrol(self, digest, thumbprint, device, now, app=None, computer=NO_COMPUTER):
        if self.breaks:
            raise self.breaks
        refused = {digest_of(text): why for text, why in self.refuses.items()}.get(digest, self.answer)
        if refused:
            return refused
        if digest != digest_of("let me in") and not computer.proven:
            return NotEnrolled.UNKNOWN
        owner = computer.owner if computer.proven else "ada@example.com"
        self.computer = computer
        told = {"machine": computer.machine, "proven": computer.proven, "app": written_app(app)}
        key = EnrolledKey(thumbprint, device, owner, name_of(digest), now, **told)
        return self.setdefault(thumbprint, key)

    async def key(self, thumbprint):
        if self.breaks:
            raise self.breaks
        return self.get(thumbprint)

    async def reporting(self, thumbprint, now, said):
        key = await self.key(thumbprint)
        if key is None or key.app or not await self.reported(thumbprint, now, None, said):
            return None
        return self[thumbprint]

    async def own(self, key, person):
        self[key.thumbprint] = replace(key, owner=person)
        return self[key.thumbprint]

    async def reported(self, thumbprint, now, counter=None, said=""):
        key = replace(self[thumbprint], reported_at=now, said=said)
        if key.revoked_at is not None or (counter is not None and counter <= key.counter):
            return False
        self[thumbprint] = replace(key, counter=key.counter if counter is None else counter)
        return True

    async def revoked(self, since=None):
        return [key for key, each in self.items() if each.revoked_at]


KEEP = RetentionTimes(timedelta(days=30), timedelta(days=90), timedelta(days=365))


def trusting():
    """Keys for proofs of devices, and a verifier that trusts them."""
    metrics, nonces, enrolled, keyring = Metrics(), Nonces((), b"this one"), Enrolled(), Keyring()
    own = OwnKeys(Secrets(), nonces, lambda: NOW)
    run(own.renew())
    keyring.replace({"https://mail.example.com": own})
    revocations = Revocations(enrolled, lambda: NOW)
    verifier = Verifier(
        issuers=keyring,
        audience="https://mail.example.com",
        match_app=lambda *_: None,
        replay=ReplayGuard(),
        own="https://mail.example.com",
        nonces=nonces,
        revoked=revocations,
    )
    ids = (f"id-{number}" for number in count())
    enroller = Enroller(
        enrolled,
        own,
        revocations,
        lambda: next(ids),
        RateLimit(5, timedelta(minutes=10)),
        RateLimit(5, timedelta(minutes=10)),
        Records(),
    )
    return metrics, verifier, Prover(keyring, nonces, Taken(), metrics), enroller


def gate(
    *,
    clock=lambda: NOW,
    draw=lambda: REFERENCE,
    postures=None,
    listeners=None,
    mails=None,
    way=None,
    service=None,
    desk=None,
    **live,
):
    """``live``: other values for parts that a reload replaces; ``service``: other parts of a person's own page."""
    metrics, verifier, prover, enroller = trusting()
    url, responses = "https://mail.example.com", ResponseBuilder(PAGES, "mail.example.com", "en")
    begun = {"policy": policy(), "verifier": verifier, "responses": responses, "keep": KEEP}
    begun["hosts"] = frozenset({"mail.example.com"})
    in_force = InForce(Live(**{**begun, **live}))
    judge = Judge(in_force, prover, postures or Known(), metrics, url, clock)
    page = {"judge": judge, "people": NoPeople(), "known": Known(), **(service or {})}
    page["known"].stored = page["people"]
    statuses = Statuses(in_force, page["known"], UnreportedPhones(page["people"]))
    desk = desk or NoDesk()
    recorder = Recorder((*(listeners or [Recorded()]), metrics), References(draw))
    own = OwnAddresses(
        in_force,
        recorder.references,
        SelfService(in_force=in_force, metrics=metrics, public_url=url, statuses=statuses, **page),
        EnrolmentParts(in_force, prover, enroller, metrics, url),
        ProbeParts(in_force, metrics, url),
        HelpDesk(
            in_force,
            judge,
            metrics,
            desk,
            desk.called,
            RateLimit(3, timedelta(minutes=10)),
            RateLimit(7, timedelta(minutes=10)),
        ),
        SERVED,
    )
    ways = Forwarders(way, way, way) if way else Forwarders(Webmail(), Webmail(), Webmail())
    return assemble(
        judge, recorder, own, ways, mails or NoQuarantineMails(), RequestMetrics(metrics.registry), desk
    )


def renew(on, **live):
    """Replace parts as a reload would."""
    on.in_force.live = replace(on.in_force.live, **live)


async def ask(on: Gate, path: str, *fields: bytes, method: str = "GET"):
    """Send one request. Returns the status, the head and the body."""
    asked = exchange(f"{method} {path} HTTP/1.1".encode(), *fields)
    outcome = await handled(on, asked)
    head, _, body = asked.connection.transport.written.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), head.decode(), body, outcome


def value(on, name, **labels):
    return on.metrics.registry.get_sample_value(name, labels)
