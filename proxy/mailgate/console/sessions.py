"""Who is logged in at the console: kept in the memory of one gate, so that a session ends where the gate ends it."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cachetools import LRUCache

IDLE = timedelta(minutes=30)
"""How long a session lasts without a request."""
WHOLE = timedelta(hours=12)
"""How long a session lasts at most."""
MOST = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """One login of one admin."""

    name: str
    proved_by: str
    """The hash in the settings that the login was checked against: a new token ends the sessions of the old one."""
    csrf: str
    """Stands in every form of this session, and nowhere else."""
    started: datetime
    seen: datetime


class Sessions:
    """Sessions by the digest of what their cookie holds: who reads this memory cannot come in with it."""

    def __init__(self, token: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> None:
        self._token = token
        self._open: LRUCache[bytes, Session] = LRUCache(MOST)

    def start(self, name: str, proved_by: str, now: datetime) -> str:
        """Begin a new session; the value of its cookie. Every login gets a new one."""
        value = self._token()
        self._open[_digest(value)] = Session(name, proved_by, self._token(), now, now)
        return value

    def find(self, value: str, now: datetime, *, used: bool = True) -> Session | None:
        """The session of a cookie; None where it never was or has ended. ``used``: somebody did something with it."""
        key = _digest(value)
        session = self._open.get(key)
        if session is None:
            return None
        if not (now - session.seen < IDLE and now - session.started < WHOLE):
            del self._open[key]
            return None
        if used:
            self._open[key] = session = replace(session, seen=now)
        return session

    def end(self, value: str) -> None:
        """Whoever holds the cookie is logged out."""
        self._open.pop(_digest(value), None)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
