"""Logins that have begun: each is good for one answer, in the browser that began it, for ten minutes."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cachetools import LRUCache

LIFE = timedelta(minutes=10)
MOST = 1000


@dataclass(frozen=True, slots=True)
class Begun:
    """What is kept of a login until its answer comes."""

    browser: bytes = field(repr=False)
    """The digest of what the browser's cookie holds."""
    after: str
    """Where in the console somebody was going; empty for its first page."""
    started: datetime
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    """Of PKCE: 43 characters (RFC 7636, section 4.1)."""

    def is_of(self, cookie: str) -> bool:
        """Whether this browser began it."""
        return hmac.compare_digest(self.browser, _digest(cookie))


class Pending:
    """Kept in the memory of one gate, by the ``state`` that leads back to it."""

    def __init__(self, token: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> None:
        self._token = token
        self._begun: LRUCache[str, Begun] = LRUCache(MOST)

    def begin(self, cookie: str, after: str, now: datetime) -> tuple[str, str, Begun]:
        """Begin a login: its ``state``, what the browser's cookie has to hold, and what is kept of it.

        A browser in which another login waits keeps its cookie, so that each of its tabs can go on.
        """
        browser = cookie if self._waits(cookie, now) else self._token()
        begun = Begun(_digest(browser), after, now, self._token(), self._token())
        state = self._token()
        self._begun[state] = begun
        return state, browser, begun

    def take(self, state: str, now: datetime) -> Begun | None:
        """The login of a ``state``, this once; None where there is none, or none any more."""
        begun = self._begun.pop(state, None)
        return begun if begun and timedelta() <= now - begun.started < LIFE else None

    def _waits(self, cookie: str, now: datetime) -> bool:
        """Only what was made here is used again: a cookie that somebody else has set is not."""
        return bool(cookie) and any(
            each.is_of(cookie) and now - each.started < LIFE for each in self._begun.values()
        )


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
