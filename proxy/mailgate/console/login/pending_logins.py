"""Logins that have begun. Each accepts one answer within ten minutes, in the browser that began it."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import LRUCache

LOGIN_TIME = timedelta(minutes=10)
MAX_PENDING = 1000


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A login until its answer comes."""

    browser: bytes = field(repr=False)
    """The digest of the value of the browser's cookie."""
    after: str
    """The page of the console that the person asked for; empty for its first page."""
    started: datetime
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """The code verifier of PKCE: 43 characters (RFC 7636, section 4.1)."""

    def is_of(self, cookie: str) -> bool:
        """Whether this browser began it."""
        return hmac.compare_digest(self.browser, _digest(cookie))


class PendingLogins:
    """The begun logins in the memory of one gate, by their ``state``."""

    def __init__(self, token: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> None:
        self._token = token
        self._begun: LRUCache[str, PendingLogin] = LRUCache(MAX_PENDING)

    def begin(self, cookie: str, after: str, now: datetime) -> tuple[str, str, PendingLogin]:
        """Begin a login. Returns its ``state``, the value of the browser's cookie, and the login.

        A browser in which another login waits keeps its cookie, so that each of its tabs can finish.
        """
        browser = cookie if self._waits(cookie, now) else self._token()
        begun = PendingLogin(_digest(browser), after, now, self._token(), self._token())
        state = self._token()
        self._begun[state] = begun
        return state, browser, begun

    def take(self, state: str, now: datetime) -> PendingLogin | None:
        """Take the login of a ``state``, which works once; None if there is none or it has expired."""
        begun = self._begun.pop(state, None)
        return begun if begun and timedelta() <= now - begun.started < LOGIN_TIME else None

    def _waits(self, cookie: str, now: datetime) -> bool:
        """Whether a login waits with this cookie. A cookie that the gate did not set is not used."""
        return bool(cookie) and any(
            each.is_of(cookie) and now - each.started < LOGIN_TIME for each in self._begun.values()
        )


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
