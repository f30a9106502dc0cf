"""What the pages of the console stand on: the parts of a running gate, and who is logged in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from mailgate.config import Bundle
from mailgate.console.sessions import Session, Sessions
from mailgate.gateway.rates import Rates
from mailgate.store import Store

DESK: web.AppKey["Desk"] = web.AppKey("desk")
SESSION: web.RequestKey[Session] = web.RequestKey("session")


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
    sessions: Sessions = field(default_factory=Sessions)
    tries: Rates = field(default_factory=lambda: Rates(10, timedelta(minutes=5)))
    """Logins that failed, by name and by address."""


def desk_of(request: web.Request) -> Desk:
    return request.config_dict[DESK]


def roles_of(request: web.Request) -> frozenset[str]:
    """What the settings allow who is logged in *now*: a role that was taken away counts at the next click."""
    known = desk_of(request).bundle().settings.admins.get(request[SESSION].name)
    return frozenset(known.roles) if known else frozenset()
