"""What the pages of the console stand on: the parts of a running gate, and who is logged in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from mailgate.config import Bundle, Rules
from mailgate.config.admins import AdminSettings
from mailgate.console.announcing import Announcing
from mailgate.console.census import Census
from mailgate.console.planning import Planning
from mailgate.console.pulse import Pulse
from mailgate.console.reading import Readings
from mailgate.console.sessions import Session, Sessions
from mailgate.gateway.rates import Rates
from mailgate.rollout.acts import Person
from mailgate.store import Store

DESK: web.AppKey["Desk"] = web.AppKey("desk")
CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing")
SESSION: web.RequestKey[Session] = web.RequestKey("session")

SPAN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Made once by ``app/``."""

    store: Store
    bundle: Callable[[], Bundle]
    """The files in force, looked up for every page."""
    clock: Callable[[], datetime]
    readiness: Callable[[], Awaitable[Mapping[str, Any]]]
    """The body of ``/readyz``."""
    host: str
    """The computer, as the audit log names it."""
    candidate: Callable[[str | None], Rules]
    """The rules in the files on disk, or with this text in the place of the policy file. Raises ConfigError; reads files."""
    pulse: Pulse
    census: Census
    readings: Readings
    planning: Planning
    announcing: Announcing = field(default_factory=Announcing)
    sessions: Sessions = field(default_factory=Sessions)
    tries: Rates = field(default_factory=lambda: Rates(10, SPAN))
    """Logins, by name and address together: nobody shuts out an admin who comes from elsewhere."""
    crowd: Rates = field(default_factory=lambda: Rates(60, SPAN))
    """Logins by address."""


def desk_of(request: web.Request) -> Desk:
    return request.config_dict[DESK]


def admin_of(request: web.Request) -> AdminSettings | None:
    """The admin who is logged in, by the settings as they are *now*; None who left them, or has a new token."""
    session = request[SESSION]
    known = desk_of(request).bundle().settings.admins.get(session.name)
    return known if known and known.token_hash.get_secret_value() == session.proved_by else None


def roles_of(request: web.Request) -> frozenset[str]:
    """What they may do now: a role that was taken away counts at the next click."""
    known = admin_of(request)
    return frozenset(known.roles) if known else frozenset()


def person_of(request: web.Request) -> Person:
    """Who does something here, as the audit log names them."""
    return Person(request[SESSION].name, f"console at {desk_of(request).host}")
