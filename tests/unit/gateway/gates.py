"""A gate whose rules go by the path, with nothing behind it but what a test sees."""

from datetime import UTC, datetime

from mailgate.attest import MemoryReplayGuard, Verifier
from mailgate.gateway.answer import Answer, send
from mailgate.gateway.enforce import Speaker
from mailgate.gateway.handler import Gate, Live
from mailgate.gateway.hanging import Hanging
from mailgate.gateway.metrics import Metrics
from mailgate.gateway.pages import Pages
from mailgate.gateway.quarantine import NoNotices
from mailgate.model import Posture
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.rules import PolicyFile, policy_context

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
        self.certified_posture = Posture()
        self.people = {}
        self.breaks = None

    async def current(self, client, proof, now):
        if self.breaks:
            raise self.breaks
        return self.posture

    async def latest(self, client, proof, now):
        return await self.current(client, proof, now)

    async def certified(self, certificate, now):
        if self.breaks:
            raise self.breaks
        return self.certified_posture

    async def of_person(self, login, now):
        if self.breaks:
            raise self.breaks
        return self.people.get(login, Posture())


class Recorded(list):
    def record(self, access, decision, reference=""):
        self.append((access.facts.path, decision.effect, decision.rule, reference))


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
    }
    return Gate(**{**parts, **changed})
