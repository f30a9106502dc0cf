"""The sessions of the console. They are in the memory of one gate and end with it."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cachetools import LRUCache

MAX_IDLE = timedelta(minutes=30)
"""How long a session lasts without a request, and from how far ahead one still does: a clock that was set back makes none last longer."""
MAX_SESSION = timedelta(hours=12)
"""How long a session lasts at most."""
MAX_SESSIONS = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One login of one admin."""

    name: str
    proved_by: str
    """The proof of the login (``login_rights.py``). If the settings no longer have it, the session has ended."""
    csrf: str
    """The token in every form of this session."""
    started: datetime
    seen: datetime
    groups: frozenset[str] = frozenset()
    """The groups that give the roles, if the settings do not name the person."""
    at_most: timedelta = MAX_SESSION
    id_token: str = field(default="", repr=False)
    """The provider's ID token, if there is one. It is sent to the provider at the end of the session."""


class Sessions:
    """Sessions by the digest of their cookie, so that nobody who reads this memory can log in with it."""

    def __init__(self, token: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> None:
        self._token = token
        self._open: LRUCache[bytes, Session] = LRUCache(MAX_SESSIONS)

    def start(
        self,
        name: str,
        proved_by: str,
        now: datetime,
        groups: frozenset[str] = frozenset(),
        at_most: timedelta = MAX_SESSION,
        id_token: str = "",
    ) -> str:
        """Begin a session and return the value of its cookie. Every login gets a new one."""
        value, csrf = self._token(), self._token()
        made = Session(name, proved_by, csrf, now, now, groups, min(at_most, MAX_SESSION), id_token)
        self._open[digest_of(value)] = made
        return value

    def find(self, value: str, now: datetime, *, used: bool = True) -> Session | None:
        """The session of a cookie; None if there is none or it has ended. ``used``: whether the person did something with it."""
        key = digest_of(value)
        session = self._open.get(key)
        if session is None:
            return None
        if not (abs(now - session.seen) < MAX_IDLE and now - session.started < session.at_most):
            del self._open[key]
            return None
        if used:
            self._open[key] = session = replace(session, seen=now)
        return session

    def end(self, value: str) -> None:
        self._open.pop(digest_of(value), None)


def digest_of(value: str) -> bytes:
    """The digest of the value of a cookie."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
