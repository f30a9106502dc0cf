"""The cookie by which a browser that nobody knows is told apart from others like it, and told that it has asked for help."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from mailgate.gateway.http1.cookies import HELP_COOKIE, cookies_named, set_cookie
from mailgate.model import RequestFacts

LASTS = timedelta(days=30)
_TEXT = re.compile(r"(?P<client>[0-9a-f]{32})(?:\.(?P<rule>[0-9a-f]{16})\.(?P<at>[0-9]{10}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Helped:
    """A browser, and against which rule it last asked for help. It is no secret: who makes one up fools themselves."""

    client: str
    rule: str = ""
    """A digest of the rule; empty if it has not asked yet."""
    at: datetime | None = None

    def asked_at(self, rule: str) -> datetime | None:
        """When it asked for help against this rule."""
        return self.at if self.rule == _mark(rule) else None


def helped(facts: RequestFacts) -> Helped | None:
    """What the cookie of a request says; None where there is none that is whole."""
    for text in cookies_named(facts, HELP_COOKIE):
        if told := _TEXT.fullmatch(text):
            at = datetime.fromtimestamp(int(told["at"]), UTC) if told["at"] else None
            return Helped(told["client"], told["rule"] or "", at)
    return None


def marked(client: str, facts: RequestFacts) -> tuple[str, str]:
    """The field that gives a browser its name."""
    return _field(client, facts)


def has_asked(client: str, rule: str, now: datetime, facts: RequestFacts) -> tuple[str, str]:
    """The field that notes in a browser that it has asked for help against this rule."""
    return _field(f"{client}.{_mark(rule)}.{int(now.timestamp())}", facts)


def _field(value: str, facts: RequestFacts) -> tuple[str, str]:
    seconds = int(LASTS.total_seconds())
    return "Set-Cookie", set_cookie(HELP_COOKIE, value, seconds=seconds, secure=facts.scheme == "https")


def _mark(rule: str) -> str:
    return sha256(rule.encode()).hexdigest()[:16]
