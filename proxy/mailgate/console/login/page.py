"""Logging in and out: with a token, or at a provider by the redirect to it and the return from it."""

import asyncio
from collections.abc import Sequence
from math import ceil
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from mailgate.config.admins import Admins
from mailgate.config.console import ConsoleSettings, OidcSettings
from mailgate.console.context import SESSION, context_of, person_of
from mailgate.console.forms import form_of
from mailgate.console.layout import show_without_login
from mailgate.console.login.errors import LoginError, LoginTrouble
from mailgate.console.login.provider import LOGIN_TIME, PendingLogin
from mailgate.console.login.rights import find_person, token_proof
from mailgate.console.login.session_start import (
    PROXY_LOGIN,
    begin_session,
    console_path,
    end_session_cookie,
    session_value,
    set_session_cookie,
    too_many_logins,
)
from mailgate.console.login.sessions import MAX_SESSION, Session
from mailgate.console.peer import cookie_of, host_of, origin_of_request, set_cookie
from mailgate.http.cookies import CONSOLE_LOGIN_COOKIE
from mailgate.model.phrase import phrase
from mailgate.rollout.person import proven, token_of

log = structlog.get_logger()

MAX_BODY_BYTES = 16 * 1024
"""The largest form in bytes, since anybody may send it."""
MAX_NAME = 200
"""The longest name or secret that is read, in characters."""
_HASHING = asyncio.Semaphore(2)
"""Limits the checks at once, since each takes 64 MiB of memory."""

WRONG = phrase("Wrong name or password.")


async def form(request: web.Request) -> web.Response:
    return await _form(request, after=request.query.get("next", ""))


async def log_in(request: web.Request) -> web.Response:
    """Log in. A wrong name and a wrong secret look alike and take the same time."""
    context, sent = context_of(request), await form_of(request, MAX_BODY_BYTES)
    settings = context.bundle().settings
    name, secret, after = (str(sent.get(field, "")) for field in ("name", "secret", "next"))
    if not settings.console.login.token or PROXY_LOGIN in request:
        return await _form(request, 403, phrase("You cannot log in with a token here."), after)
    name, address = name.strip()[:MAX_NAME], origin_of_request(request, settings).remote
    if wait := context.tries.wait(name, address, context.clock()):
        log.warning("console-login-refused", way="token", why="too-many")
        form = await _form(request, 429, too_many_logins(wait), after)
        form.headers["Retry-After"] = str(ceil(wait.total_seconds()))
        return form
    known = await _proven(settings.admins, name, secret.strip()[:MAX_NAME])
    if known is None:
        log.warning("console-login-refused", way="token", why="wrong")
        return await _form(request, 403, WRONG, after)
    context.tries.note_success(name, address)
    value = await begin_session(request, known, token_proof(settings.admins[known]), "token")
    response = web.HTTPSeeOther(console_path(after) or str(request.app.router["now"].url_for()))
    set_session_cookie(request, response, value)
    raise response


async def log_out(request: web.Request) -> web.Response:
    """End the session here, and at the provider if the login was there."""
    context, session = context_of(request), request[SESSION]
    context.sessions.end(session_value(request))
    await context.store.audit.append(person_of(request).act(context.clock(), "console-logout"))
    elsewhere = await logout_address(request, session)
    if (
        elsewhere
    ):  # a page of the console leads there, since `form-action` allows no redirect of a form to another site
        response = await show_without_login(request, "redirect.html", to=elsewhere)
        end_session_cookie(request, response)
        return response
    back = web.HTTPSeeOther(request.app.router["login"].url_for())
    end_session_cookie(request, back)
    raise back


async def _proven(admins: Admins, name: str, secret: str) -> str | None:
    """The admin; None if there is none. The whole token is accepted too, although the form asks only for the part after its colon."""
    token = token_of(name, secret.removeprefix(f"{name}:"))
    async with _HASHING:
        return await asyncio.to_thread(proven, admins, token)


async def _form(request: web.Request, status: int = 200, error: str = "", after: str = "") -> web.Response:
    settings, after = context_of(request).bundle().settings, console_path(after)
    ways = settings.console.login
    oidc = f"{request.app.router['login-oidc'].url_for()}?{urlencode({'next': after})}"
    return await show_without_login(
        request,
        "login.html",
        status,
        error=error,
        next=after,
        proxied=request.get(PROXY_LOGIN, ""),
        by_token=ways.token and any(each.token_hash for each in settings.admins.values()),
        oidc=ways.oidc,
        oidc_address=oidc,
        proxy=ways.proxy,
        url=settings.console.url,
        anybody=bool(settings.admins) or bool(ways.oidc and ways.oidc.groups),
    )


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
    web.get("/login", form, name="login"),
    web.post("/login", log_in, name="login"),
    web.post("/logout", log_out, name="logout"),
    web.get("/login/oidc", redirect_to_provider, name="login-oidc"),
    web.get("/login/oidc/back", finish_login, name="login-oidc-back"),
]
