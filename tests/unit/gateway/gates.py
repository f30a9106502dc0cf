"""A gate whose rules go by the path, with nothing behind it but what a test sees."""

from datetime import UTC, datetime, timedelta

from mailgate.attest import MemoryReplayGuard, Verifier
from mailgate.gateway.answer import Answer, send
from mailgate.gateway.enforce import Speaker
from mailgate.gateway.handler import Gate, Live
from mailgate.gateway.hanging import Hanging
from mailgate.gateway.me import SelfService
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.pages import Pages
from mailgate.gateway.quarantine import NoNotices
from mailgate.gateway.recheck import Recheck
from mailgate.model import Posture
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.rules import PolicyFile, policy_context
from mailgate.store import Keep

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


def policy(rules=RULES):
    file = PolicyFile.model_validate({"rules": rules}, context=policy_context(AppCatalog()))
    return Policy(file.rules, file.default, AppCatalog())


class Webmail:
    """Stands where the way to the webmail stands: answers, or breaks."""

    def __init__(self):
        self.got = []
        self.breaks = None
        self.starts = False

    async def forward(self, exchange, origin, now):
        assert now == NOW
        self.got.append((exchange.head.target, origin.remote))
        exchange.started = self.starts
        if self.breaks:
            raise self.breaks
        return send(exchange, Answer(200, b"mail"), NOW)


class Known:
    """Devices, as far as a test knows some."""

    def __init__(self):
        self.posture = Posture()
        self.people = {}
        self.worths = {}
        self.precedence = ()
        self.breaks = None

    async def current(self, client, proof, now):
        if self.breaks:
            raise self.breaks
        return self.posture

    async def latest(self, client, proof, now):
        return await self.current(client, proof, now)

    def worth(self, device, now):
        return self.worths.get(device.id, Posture())

    async def catch_up(self, now):
        self.caught_up = True

    async def of_person(self, login, now):
        if self.breaks:
            raise self.breaks
        return self.people.get(login, Posture())


class Recorded(list):
    def record(self, access, decision, reference=""):
        self.append((access.facts.path, decision.effect, decision.rule, reference))


class NoPeople:
    """A store in which nothing is kept of people, as far as a test keeps nothing there."""

    def __init__(self):
        self.of = {}
        self.by_id = {}
        self.sighted = []
        self.rows = []
        self.mails = []
        self.breaks = None

    async def devices(self, login, precedence):
        if self.breaks:
            raise self.breaks
        return list(self.of.get(login, ()))

    async def device(self, device_id):
        if self.breaks:
            raise self.breaks
        return self.by_id.get(device_id)

    async def unreported(self, login, devices):
        return list(self.sighted)

    async def requests(self, login, devices):
        return self.rows, len(self.rows)

    async def told(self, persons):
        return self.mails


async def learn_nothing(records):
    """What sources say is let go."""


def self_service(**changed):
    parts = {
        "people": NoPeople(),
        "known": Known(),
        "recheck": Recheck({}, learn_nothing, lambda: NOW),
        "keep": Keep(timedelta(days=30), timedelta(days=90), timedelta(days=365)),
    }
    return SelfService(**{**parts, **changed})


def gate(**changed):
    verifier = Verifier(
        issuers={}, audience="https://mail.example.com", match_app=lambda *_: None, replay=MemoryReplayGuard()
    )
    parts = {
        "live": Live(policy(), verifier),
        "forwarder": Webmail(),
        "patient": Webmail(),
        "discovery": Webmail(),
        "hanging": Hanging(),
        "notices": NoNotices(),
        "postures": Known(),
        "ledger": Recorded(),
        "speaker": Speaker(PAGES, "mail.example.com", "en"),
        "metrics": Metrics(),
        "trusted": (),
        "public_url": "https://mail.example.com",
        "clock": lambda: NOW,
        "new_reference": lambda: REFERENCE,
        "self_service": self_service(),
    }
    return Gate(**{**parts, **changed})
