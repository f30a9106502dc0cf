"""Logging in at a provider: the redirect to it and the return from it."""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from mailgate.config.console import ConsoleSettings, OidcSettings
from mailgate.console.begin_session import begin, keep, own, too_many
from mailgate.console.context import context_of
from mailgate.console.layout import bare
from mailgate.console.oidc.begun_logins import LIFE, Begun
from mailgate.console.oidc.errors import TOLD, LoginError, Trouble
from mailgate.console.oidc.persons import known
from mailgate.console.peer import came_from, host_of, over_tls
from mailgate.console.sessions import WHOLE, Session

log = structlog.get_logger()

COOKIE = "mailgate-console-login"
"""The cookie that binds a login to its browser. It is ``Lax``, since the provider's answer comes from another site."""
PATH = "/console/login/oidc"
LONGEST = 4096

DENIED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})


async def leave(request: web.Request) -> web.Response:
    """Begin a login and redirect the browser to the provider."""
    context = context_of(request)
    settings = context.bundle().settings
    oidc, after = _oidc(settings.console), own(request.query.get("next", ""))
    if moved := _to_its_own_name(request, settings.console, after):
        raise web.HTTPSeeOther(moved)
    if wait := context.tries.wait_to_begin(came_from(request, settings).remote, context.clock()):
        log.warning("console-login-refused", way="oidc", why="too-many")
        return bare(request, "login_failed.html", 429, why=too_many(wait), word="", after=after)
    state, cookie, begun = context.oidc.pending.begin(request.cookies.get(COOKIE, ""), after, context.clock())
    try:
        there = await context.oidc.provider(oidc, context.clock).address(
            begun, state, _back(settings.console)
        )
    except LoginError as error:
        return _failed(request, error.trouble, after)
    response = web.HTTPSeeOther(there)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LIFE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=over_tls(request, settings),
        path=PATH,
    )
    raise response


async def come_back(request: web.Request) -> web.Response:
    """Take the provider's answer once and begin a session.

    The browser comes from another site and would leave out the session's cookie at a redirect, so a page of the console
    leads on.
    """
    context, begun = context_of(request), None
    settings = context.bundle().settings
    oidc = _oidc(settings.console)
    try:
        answer = {name: _once(request, name) for name in ("state", "code", "error", "iss")}
        begun = _begun(request, answer["state"])
        if answer["error"] is not None:
            raise LoginError(_refusal(answer["error"], answer["iss"], oidc))
        if not answer["code"]:
            raise LoginError(Trouble.ASKED_WRONGLY)
        provider = context.oidc.provider(oidc, context.clock)
        found = await provider.identity(answer["code"], begun, _back(settings.console), answer["iss"])
        person = known(settings, found.claims)
    except LoginError as error:
        return _failed(request, error.trouble, begun.after if begun else "")
    at_most = oidc.groups.session if oidc.groups and person.groups else WHOLE
    value = await begin(
        request, person.name, person.proved_by, "oidc", person.groups, at_most, found.id_token
    )
    response = bare(request, "redirect.html", to=begun.after or str(request.app.router["now"].url_for()))
    keep(request, response, value)
    return response


async def farewell(request: web.Request, session: Session) -> str | None:
    """The address at which to log out at the provider too; None if there is none."""
    context = context_of(request)
    console = context.bundle().settings.console
    oidc = console.login.oidc
    if not session.id_token or oidc is None or not oidc.logout:
        return None
    try:
        return await context.oidc.provider(oidc, context.clock).farewell(
            session.id_token, f"{console.url}/console/login"
        )
    except LoginError as error:
        log.warning("console-logout-failed", why=error.trouble.value)
        return None


def _oidc(console: ConsoleSettings) -> OidcSettings:
    if console.login.oidc is None:
        raise web.HTTPNotFound
    return console.login.oidc


def _back(console: ConsoleSettings) -> str:
    """The ``redirect_uri``, from the settings alone and not from the host of the request."""
    return f"{console.url}{PATH}/back"


def _to_its_own_name(request: web.Request, console: ConsoleSettings, after: str) -> str:
    """Redirect to the same page at the console's own address, where the browser will come back and needs its cookie.

    It redirects only once, since behind a proxy that changes ``Host`` it would redirect for ever.
    """
    here = host_of(request, context_of(request).bundle().settings)
    if here == urlsplit(console.url or "").netloc or "moved" in request.query:
        return ""
    return f"{console.url}{PATH}?{urlencode({'next': after, 'moved': '1'})}"


def _once(request: web.Request, name: str) -> str | None:
    """A parameter of the answer. Raises LoginError if it comes twice or is too long."""
    said: Sequence[str] = request.query.getall(name, [])
    if len(said) > 1 or any(len(each) > LONGEST for each in said):
        raise LoginError(Trouble.ASKED_WRONGLY)
    return said[0] if said else None


def _begun(request: web.Request, state: str | None) -> Begun:
    """Take the login that this answers. It cannot be answered again, whatever the result."""
    context = context_of(request)
    if not state:
        raise LoginError(Trouble.ASKED_WRONGLY)
    begun = context.oidc.pending.take(state, context.clock())
    if begun is None:
        raise LoginError(Trouble.STATE)
    if not begun.is_of(request.cookies.get(COOKIE, "")):
        raise LoginError(Trouble.BROWSER)
    return begun


def _refusal(error: str, issuer: str | None, oidc: OidcSettings) -> Trouble:
    """The error in the provider's answer (RFC 6749, section 4.1.2.1; Core 1.0, section 3.1.2.6)."""
    if issuer is not None and issuer != oidc.issuer:
        return Trouble.MIXED_UP
    return Trouble.DENIED if error in DENIED else Trouble.PROVIDER


def _failed(request: web.Request, trouble: Trouble, after: str) -> web.Response:
    """Show what went wrong on a page, and log it in one word."""
    log.warning("console-login-refused", way="oidc", why=trouble.value)
    told = TOLD[trouble]
    return bare(request, "login_failed.html", told.status, why=told.words, word=trouble.value, after=after)


ROUTES = [
    web.get("/login/oidc", leave, name="login-oidc"),
    web.get("/login/oidc/back", come_back, name="login-oidc-back"),
]
