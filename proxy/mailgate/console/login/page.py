"""Logging in and out."""

import asyncio
from math import ceil
from urllib.parse import urlencode

import structlog
from aiohttp import web

from mailgate.config.admins import Admins
from mailgate.console.context import SESSION, context_of, person_of
from mailgate.console.forms import form_of
from mailgate.console.layout import show_without_login
from mailgate.console.login import session_start
from mailgate.console.login.oidc_page import logout_address
from mailgate.console.login.rights import token_proof
from mailgate.console.peer import origin_of_request
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
    if not settings.console.login.token or session_start.PROXY_LOGIN in request:
        return await _form(request, 403, phrase("You cannot log in with a token here."), after)
    name, address = name.strip()[:MAX_NAME], origin_of_request(request, settings).remote
    if wait := context.tries.wait(name, address, context.clock()):
        log.warning("console-login-refused", way="token", why="too-many")
        form = await _form(request, 429, session_start.too_many_logins(wait), after)
        form.headers["Retry-After"] = str(ceil(wait.total_seconds()))
        return form
    known = await _proven(settings.admins, name, secret.strip()[:MAX_NAME])
    if known is None:
        log.warning("console-login-refused", way="token", why="wrong")
        return await _form(request, 403, WRONG, after)
    context.tries.note_success(name, address)
    value = await session_start.begin_session(request, known, token_proof(settings.admins[known]), "token")
    response = web.HTTPSeeOther(session_start.console_path(after) or str(request.app.router["now"].url_for()))
    session_start.set_session_cookie(request, response, value)
    raise response


async def log_out(request: web.Request) -> web.Response:
    """End the session here, and at the provider if the login was there."""
    context, session = context_of(request), request[SESSION]
    context.sessions.end(session_start.session_value(request))
    await context.store.audit.append(person_of(request).act(context.clock(), "console-logout"))
    elsewhere = await logout_address(request, session)
    if (
        elsewhere
    ):  # a page of the console leads there, since `form-action` allows no redirect of a form to another site
        response = await show_without_login(request, "redirect.html", to=elsewhere)
        session_start.end_session_cookie(request, response)
        return response
    back = web.HTTPSeeOther(request.app.router["login"].url_for())
    session_start.end_session_cookie(request, back)
    raise back


async def _proven(admins: Admins, name: str, secret: str) -> str | None:
    """The admin; None if there is none. The whole token is accepted too, although the form asks only for the part after its colon."""
    token = token_of(name, secret.removeprefix(f"{name}:"))
    async with _HASHING:
        return await asyncio.to_thread(proven, admins, token)


async def _form(request: web.Request, status: int = 200, error: str = "", after: str = "") -> web.Response:
    settings, after = context_of(request).bundle().settings, session_start.console_path(after)
    ways = settings.console.login
    oidc = f"{request.app.router['login-oidc'].url_for()}?{urlencode({'next': after})}"
    return await show_without_login(
        request,
        "login.html",
        status,
        error=error,
        next=after,
        proxied=request.get(session_start.PROXY_LOGIN, ""),
        by_token=ways.token and any(each.token_hash for each in settings.admins.values()),
        oidc=ways.oidc,
        oidc_address=oidc,
        proxy=ways.proxy,
        url=settings.console.url,
        anybody=bool(settings.admins) or bool(ways.oidc and ways.oidc.groups),
    )


ROUTES = [
    web.get("/login", form, name="login"),
    web.post("/login", log_in, name="login"),
    web.post("/logout", log_out, name="logout"),
]
