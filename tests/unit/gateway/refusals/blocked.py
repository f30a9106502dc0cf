"""A refused request with texts that try to break out of every format."""

from datetime import UTC, datetime

from mailgate.gateway.answer import Answer
from mailgate.gateway.refusals.forms import FORMS
from mailgate.model import Access, Client, Decision, Effect, Kind, Posture, Protocol, Reason, RequestFacts

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HOSTILE = "</D:error>]]>&amp;\"'\x00\x1b\ud800 <script> \u00e9 {reason} %s\r\nX-Evil: 1"
DECISION = Decision(
    Effect.BLOCK, Reason.PROHIBITED_APP, "no-tiktok", "v1", title=HOSTILE,
    contact=f"it-help@example.com {HOSTILE}", apps=("TikTok", HOSTILE),
)  # fmt: skip
REFERENCE = "REF2345"


def refused(protocol: Protocol, decision: Decision = DECISION, **headers: str) -> Answer:
    """The refusal for a client of ``protocol`` (names of its headers have underscores instead of hyphens)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    facts = RequestFacts("POST", "/", headers={**named, "accept": "text/html"})
    access = Access(facts, Client(Kind.MAIL_APP, handheld=True, protocol=protocol), Posture(), NOW)
    return FORMS[protocol](access, decision, REFERENCE)
