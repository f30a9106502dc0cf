"""The context of every page and operation of the console: the parts of a running gate, and the logged-in person."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from mailgate.config import Bundle, Rules
from mailgate.config.admins import Role
from mailgate.console.connectors.reading import BackgroundQuestions, Readings
from mailgate.console.login.provider import OidcLogins
from mailgate.console.login.rights import roles_now
from mailgate.console.login.sessions import Session, Sessions
from mailgate.console.login.tries import LoginTries
from mailgate.console.notices.recipient_lists import RecipientLists
from mailgate.console.now.counting import AppCounting
from mailgate.console.now.readiness import Readiness
from mailgate.console.now.traffic import VerdictRates
from mailgate.console.peer import cookie_of
from mailgate.console.plans.planning import Planning
from mailgate.console.toasts import Toasts
from mailgate.gateway.pages.view import View
from mailgate.gateway.selfservice.recheck import Recheck
from mailgate.http.cookies import CONSOLE_LANGUAGE_COOKIE
from mailgate.model import Access, Decision
from mailgate.model.fact import Fact
from mailgate.rollout.guard import Guard, guard_of
from mailgate.rollout.person import Person
from mailgate.store import Store
from mailgate.texts import Language, language_for

CONTEXT: web.AppKey["ConsoleContext"] = web.AppKey("context")
CLOSING: web.AppKey[asyncio.Event] = web.AppKey("closing")
SESSION: web.RequestKey[Session] = web.RequestKey("session")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleContext:
    """The parts of a running gate that the console uses. ``app/`` makes it once."""

    store: Store
    bundle: Callable[[], Bundle]
    """The files in force, read again for every page."""
    catch_up: Callable[[], Awaitable[None]]
    """Loads what is in force in the store, before every page and operation, so that each shows the result of the last one."""
    clock: Callable[[], datetime]
    readiness: Callable[[], Awaitable[Readiness]]
    """The readiness of the gate, as ``/readyz`` shows it."""
    host: str
    """The name of the computer in the audit log."""
    candidate: Callable[[str | None], Rules]
    """The rules in the files on disk, or with this text in place of the policy file. Raises ConfigError; reads files."""
    verdict_rates: VerdictRates
    counting: AppCounting
    readings: Readings
    planning: Planning
    view: Callable[[Access, Decision, str], View]
    """What the page of a refusal tells of a decision, by the rules in force."""
    recipient_lists: RecipientLists = field(default_factory=RecipientLists)
    sessions: Sessions = field(default_factory=Sessions)
    tries: LoginTries = field(default_factory=LoginTries)
    oidc: OidcLogins = field(default_factory=OidcLogins)
    recheck: Recheck = field(default_factory=Recheck)
    """Asks the sources of a device at once."""
    recheck_many: Recheck = field(default_factory=lambda: Recheck(patience=None))
    """Asks the sources of many devices, one device after another. Its limit is separate, so no single request waits behind them."""
    losses: dict[tuple[str, timedelta], Fact] = field(default_factory=dict)
    """Who may lose mail while a source stays away, by source and how long its reports count, as last counted."""
    background_questions: BackgroundQuestions = field(default_factory=BackgroundQuestions)
    toasts: Toasts = field(default_factory=Toasts)

    @property
    def guard(self) -> Guard | None:
        """The guard by the settings in force."""
        return guard_of(self.bundle().settings)


def context_of(request: web.Request) -> ConsoleContext:
    return request.config_dict[CONTEXT]


def language_of(request: web.Request) -> Language:
    """The language of the answer, for somebody who reads it now."""
    context = context_of(request)
    settings = context.bundle().settings
    chosen = cookie_of(request, CONSOLE_LANGUAGE_COOKIE, settings)
    wanted = request.headers.get("Accept-Language", "")
    return language_for(chosen, wanted, settings.languages.default).at(context.clock())


def roles_of(request: web.Request) -> frozenset[Role]:
    """The roles of the logged-in person by the current settings. A role that was taken away no longer counts."""
    return roles_now(context_of(request).bundle().settings, request[SESSION]) or frozenset()


def person_of(request: web.Request) -> Person:
    """The logged-in person, as the audit log names them."""
    return Person(request[SESSION].name, f"console at {context_of(request).host}")
