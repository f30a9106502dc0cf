"""Logging in at a provider: the redirect to it and the return from it."""

from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from mailgate.config.console import ConsoleSettings, OidcSettings
from mailgate.console.context import context_of
from mailgate.console.layout import show_without_login
from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.provider import LOGIN_TIME, PendingLogin
from mailgate.console.login.rights import find_person
from mailgate.console.login.session_start import (
    begin_session,
    console_path,
    set_session_cookie,
    too_many_logins,
)
from mailgate.console.login.sessions import MAX_SESSION, Session
from mailgate.console.peer import cookie_of, host_of, origin_of_request, set_cookie
from mailgate.http.cookies import CONSOLE_LOGIN_COOKIE

log = structlog.get_logger()

PATH = "/console/login/oidc"
MAX_PARAMETER = 4096

DENIED = frozenset({"access_denied", "login_required", "interaction_required", "consent_required"})


async def redirect_to_provider(request: web.Request) -> web.Response:
    """Begin a login and redirect the browser to the provider."""
    context = context_of(request)
    settings = context.bundle().settings
    oidc, after = _oidc(settings.console), console_path(request.query.get("next", ""))
    if moved := _redirect_to_own_name(request, settings.console, after):
        raise web.HTTPSeeOther(moved)
    if wait := context.tries.wait_to_begin(origin_of_request(request, settings).remote, context.clock()):
        log.warning("console-login-refused", way="oidc", why="too-many")
        return await show_without_login(
            request, "login_failed.html", 429, why=too_many_logins(wait), word="", after=after
        )
    before = cookie_of(request, CONSOLE_LOGIN_COOKIE, settings)
    state, cookie, begun = context.oidc.pending.begin(before, after, context.clock())
    try:
        there = await context.oidc.provider(oidc, context.clock).address(
            begun, state, _back(settings.console)
        )
    except LoginError as error:
        return await _failed(request, error.trouble, after)
    response = web.HTTPSeeOther(there)
    # it binds the login to its browser, and has to come along, since the provider's answer comes from another site
    set_cookie(
        request, response, CONSOLE_LOGIN_COOKIE, cookie, settings, lasts=LOGIN_TIME, path=PATH, to_links=True
    )
    raise response


async def finish_login(request: web.Request) -> web.Response:
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
            raise LoginError(LoginTrouble.ASKED_WRONGLY)
        provider = context.oidc.provider(oidc, context.clock)
        found = await provider.identity(answer["code"], begun, _back(settings.console), answer["iss"])
        person = find_person(settings, found.claims)
    except LoginError as error:
        return await _failed(request, error.trouble, begun.after if begun else "")
    at_most = oidc.groups.session if oidc.groups and person.groups else MAX_SESSION
    value = await begin_session(
        request, person.name, person.proved_by, "oidc", person.groups, at_most, found.id_token
    )
    response = await show_without_login(
        request, "redirect.html", to=begun.after or str(request.app.router["now"].url_for())
    )
    set_session_cookie(request, response, value)
    return response


async def logout_address(request: web.Request, session: Session) -> str | None:
    """The address at which to log out at the provider too; None if there is none."""
    context = context_of(request)
    console = context.bundle().settings.console
    oidc = console.login.oidc
    if not session.id_token or oidc is None or not oidc.logout:
        return None
    try:
        return await context.oidc.provider(oidc, context.clock).logout_url(
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


def _redirect_to_own_name(request: web.Request, console: ConsoleSettings, after: str) -> str:
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
    if len(said) > 1 or any(len(each) > MAX_PARAMETER for each in said):
        raise LoginError(LoginTrouble.ASKED_WRONGLY)
    return said[0] if said else None


def _begun(request: web.Request, state: str | None) -> PendingLogin:
    """Take the login that this answers. It cannot be answered again, whatever the result."""
    context = context_of(request)
    if not state:
        raise LoginError(LoginTrouble.ASKED_WRONGLY)
    begun = context.oidc.pending.take(state, context.clock())
    if begun is None:
        raise LoginError(LoginTrouble.STATE)
    if not begun.is_of(cookie_of(request, CONSOLE_LOGIN_COOKIE, context.bundle().settings)):
        raise LoginError(LoginTrouble.BROWSER)
    return begun


def _refusal(error: str, issuer: str | None, oidc: OidcSettings) -> LoginTrouble:
    """The error in the provider's answer (RFC 6749, section 4.1.2.1; Core 1.0, section 3.1.2.6)."""
    if issuer is not None and issuer != oidc.issuer:
        return LoginTrouble.MIXED_UP
    return LoginTrouble.DENIED if error in DENIED else LoginTrouble.PROVIDER


async def _failed(request: web.Request, trouble: LoginTrouble, after: str) -> web.Response:
    """Show what went wrong on a page, and log it in one word."""
    log.warning("console-login-refused", way="oidc", why=trouble.value)
    return await show_without_login(
        request, "login_failed.html", trouble.status, why=trouble.words, word=trouble.value, after=after
    )


ROUTES = [
    web.get("/login/oidc", redirect_to_provider, name="login-oidc"),
    web.get("/login/oidc/back", finish_login, name="login-oidc-back"),
]
