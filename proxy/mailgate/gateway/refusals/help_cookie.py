"""The cookie that distinguishes an unknown browser from others like it, and remembers its request for help."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from mailgate.gateway.http1.cookies import HELP_COOKIE, cookies_named, set_cookie
from mailgate.model import RequestFacts

COOKIE_LASTS = timedelta(days=30)
_TEXT = re.compile(r"(?P<client>[0-9a-f]{32})(?:\.(?P<rule>[0-9a-f]{16})\.(?P<at>[0-9]{10}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class HelpCookie:
    """A browser, and the rule that it last asked for help about. It is no secret: a made-up one only affects its own
    sender."""

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
        if told := _TEXT.fullmatch(text):
            at = datetime.fromtimestamp(int(told["at"]), UTC) if told["at"] else None
            return HelpCookie(told["client"], told["rule"] or "", at)
    return None


def name_cookie(client: str, facts: RequestFacts) -> tuple[str, str]:
    """The Set-Cookie field that gives a browser its name."""
    return _field(client, facts)


def help_asked_cookie(client: str, rule: str, now: datetime, facts: RequestFacts) -> tuple[str, str]:
    """The Set-Cookie field that notes a browser's request for help because of this rule."""
    return _field(f"{client}.{_mark(rule)}.{int(now.timestamp())}", facts)


def _field(value: str, facts: RequestFacts) -> tuple[str, str]:
    seconds = int(COOKIE_LASTS.total_seconds())
    return "Set-Cookie", set_cookie(HELP_COOKIE, value, facts, seconds=seconds)


def _mark(rule: str) -> str:
    return sha256(rule.encode()).hexdigest()[:16]
