"""The ticket that the help button of a refusal sends back. It holds the rule and the person or device, sealed with a key of the
store. A cookie distinguishes an unknown browser from others like it."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from mailgate.attest.sealing import Secret, mac, sealing_key
from mailgate.gateway.evaluate.browser_probe import SETTLING
from mailgate.http.cookies import HELP_COOKIE, cookies_named, set_cookie
from mailgate.model import RequestFacts

LIFETIME = timedelta(days=1)
"""How long the help button works after a refusal."""
_HELP, _SAID = "mailgate-help", "mailgate-said"
_CLOCKS_DIFFER = timedelta(minutes=1)
_TEXT = re.compile(
    r"1\.(?P<issued>[0-9]{10})\.(?P<rule>[a-z0-9-]{1,64})\.(?P<reason>[a-z0-9-]{1,64})\.(?P<reference>[A-Za-z0-9_-]{1,64})"
    r"\.(?P<subject>[0-9a-f]{32}|)\.(?P<sighting>[0-9a-f]{32})\.(?P<seal>[\w-]{43})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One refusal. ``subject`` is a digest of the person or device; empty if unknown."""

    rule: str
    reason: str
    reference: str
    subject: str
    sighting: str
    issued: datetime

    def is_of(self, subject: str) -> bool:
        """Whether the ticket was given to this subject; False for an unknown subject."""
        return bool(subject) and hmac.compare_digest(self.subject, digest_of(subject))


@dataclass(frozen=True, slots=True)
class Tickets:
    """Seals and opens tickets. ``keys`` come newest first; there is at least one."""

    keys: Sequence[Secret]

    def seal(self, ticket: Ticket) -> str:
        parts = (ticket.rule, ticket.reason, ticket.reference, ticket.subject, ticket.sighting)
        text = ".".join(("1", str(int(ticket.issued.timestamp())), *parts))
        return f"{text}.{mac(sealing_key(self.keys, ticket.issued, SETTLING), _HELP, text)}"

    def open(self, text: str, now: datetime) -> Ticket | None:
        """The ticket in a text; None if it is not valid or too old."""
        told = _TEXT.fullmatch(text)
        if told is None:
            return None
        issued = datetime.fromtimestamp(int(told["issued"]), UTC)
        sealed = text.rpartition(".")[0]
        ours = any(hmac.compare_digest(told["seal"], mac(key, _HELP, sealed)) for key in self.keys)
        if not ours or not issued - _CLOCKS_DIFFER <= now < issued + LIFETIME:
            return None
        rule, reason, reference, subject, sighting = told.group(
            "rule", "reason", "reference", "subject", "sighting"
        )
        return Ticket(rule, reason, reference, subject, sighting, issued)

    def seal_of(self, said: str, now: datetime) -> str:
        """The seal of any other text that the gate gives to a browser to send back."""
        return mac(sealing_key(self.keys, now, SETTLING), _SAID, said)

    def sealed(self, seal: str, said: str) -> bool:
        """Whether this is the seal of exactly that text."""
        return any(hmac.compare_digest(seal.encode(), mac(key, _SAID, said).encode()) for key in self.keys)

    def mark_of(self, text: str) -> str:
        """A name for a client with this text, from which the text cannot be read."""
        return hmac.digest(self.keys[-1].secret, f"mailgate-client\n{text}".encode(), "sha256").hex()[:32]


def digest_of(subject: str) -> str:
    """The digest of a subject for a ticket, since a page must not have the name."""
    return sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:32] if subject else ""


COOKIE_LASTS = timedelta(days=30)
_COOKIE_TEXT = re.compile(
    r"(?P<client>[0-9a-f]{32})(?:\.(?P<rule>[0-9a-f]{16})\.(?P<at>[0-9]{10}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class HelpCookie:
    """A browser, and the rule that it last asked for help about. It is no secret: a made-up one affects its own sender alone."""

    client: str
    rule: str = ""
    """A digest of the rule; empty if it has not asked yet."""
    at: datetime | None = None

    def asked_at(self, rule: str) -> datetime | None:
        """When it asked for help because of this rule; None if it did not."""
        return self.at if self.rule == _mark(rule) else None


def read_help_cookie(facts: RequestFacts) -> HelpCookie | None:
    """The content of the cookie; None if there is no valid one."""
    for text in cookies_named(facts, HELP_COOKIE):
        if told := _COOKIE_TEXT.fullmatch(text):
            at = datetime.fromtimestamp(int(told["at"]), UTC) if told["at"] else None
            return HelpCookie(told["client"], told["rule"] or "", at)
    return None


def name_cookie(client: str, facts: RequestFacts) -> tuple[str, str]:
    """The Set-Cookie field that gives a browser its name."""
    return "Set-Cookie", set_cookie(HELP_COOKIE, client, facts, lasts=COOKIE_LASTS)


def help_asked_cookie(client: str, rule: str, now: datetime, facts: RequestFacts) -> tuple[str, str]:
    """The Set-Cookie field that notes a browser's request for help because of this rule."""
    return name_cookie(f"{client}.{_mark(rule)}.{int(now.timestamp())}", facts)


def _mark(rule: str) -> str:
    return sha256(rule.encode()).hexdigest()[:16]
