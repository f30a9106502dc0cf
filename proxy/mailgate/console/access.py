"""Decides who may do what. Without a session one may only log in, and a change needs the token of the session."""

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import web

from mailgate.console.context import SESSION, context_of, roles_of
from mailgate.console.forms import CSRF, form_of, page_before, returned_form
from mailgate.console.layout import note_asked, note_read, show, show_without_login
from mailgate.console.login.session_start import (
    begin_by_proxy_login,
    came_by_foreign_link,
    is_valid,
    read_proxy_login,
    session_value,
)
from mailgate.console.looks import may_open
from mailgate.console.peer import host_of
from mailgate.console.words import ROLES
from mailgate.model.phrase import joined_by_or, joined_names, phrase
from mailgate.rollout.person import RefusedError, UnknownError
from mailgate.tasks import ON_BEHALF_OF

SAFE = frozenset({"GET", "HEAD"})
OPEN = frozenset({"login", "login-oidc", "login-oidc-back", "asset", "language"})
"""Names of the routes that need no session."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FOREIGN_FORM = phrase("Nothing was done: this form came from another site. Open the page again.")
LOGGED_IN_AGAIN = phrase(
    "Nothing was done yet: you logged in again after you opened this page. Check it and send it again."
)
NUMBERS_ALONE = phrase("This page shows people. The role analyst sees numbers without names.")
SESSION_ENDED = phrase("You were logged out, so nothing was done.")


@web.middleware
async def require_login(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its page, or answer with what is missing."""
    changes = request.method not in SAFE
    if changes and not _is_from_own_page(request):
        return await show_without_login(request, "refused.html", 403, why=FOREIGN_FORM)
    read_proxy_login(request)
    if request.match_info.route.name in OPEN:
        return await handler(request)
    if came_by_foreign_link(request):
        return await show_without_login(request, "redirect.html", to=request.rel_url.raw_path_qs)
    if not await _has_session(request):
        return await _to_login(request)
    if changes and not await _has_form_token(request):
        return await show(
            request,
            "refused.html",
            403,
            layout="base.html",
            why=LOGGED_IN_AGAIN,
            **await _typed_values(request),
        )
    if not (
        request.match_info.http_exception or may_open(request.match_info.route.name or "", roles_of(request))
    ):
        return await show(request, "refused.html", 403, layout="base.html", why=NUMBERS_ALONE)
    await context_of(request).catch_up()
    try:
        answer = await handler(request)
    except (RefusedError, UnknownError, web.HTTPNotFound):
        note_asked(request, await form_of(request) if changes else request.query)
        raise
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        note_read(request)
    return answer


async def _has_session(request: web.Request) -> bool:
    """Whether an admin is logged in. If so, the session is put into ``request[SESSION]``."""
    context, value = context_of(request), session_value(request)
    session = context.sessions.find(
        value, context.clock(), used=request.match_info.route.name != "now-stream"
    )
    if session is not None and not is_valid(request, session):
        context.sessions.end(value)
        session = None
    if session is None and request.method in SAFE:
        session = await begin_by_proxy_login(request)
    if session is not None:
        request[SESSION] = session
        ON_BEHALF_OF.set(session.name)
    return session is not None


async def _to_login(request: web.Request) -> web.Response:
    if request.method not in SAFE:
        login = _login(request, page_before(request))
        return await show_without_login(
            request, "refused.html", 401, why=SESSION_ENDED, login=login, **await _typed_values(request)
        )
    raise web.HTTPSeeOther(_login(request, request.rel_url.raw_path_qs))


def _login(request: web.Request, after: str) -> str:
    return f"{request.app.router['login'].url_for()}?next={quote(after, safe='')}"


async def _typed_values(request: web.Request) -> dict[str, Any]:
    """The form with its typed values, to be shown again. Empty unless the browser says that a page of this console sent
    it, since another site could make people send a form that it has filled in."""
    told = "Origin" in request.headers or request.headers.get("Sec-Fetch-Site") == "same-origin"
    return await returned_form(request) if told else {}


def _is_from_own_page(request: web.Request) -> bool:
    """Whether the form was sent from a page of the console, as far as the browser says (Fetch, section 3.2; Fetch Metadata)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == host_of(
        request, context_of(request).bundle().settings
    )


async def _has_form_token(request: web.Request) -> bool:
    sent = (await form_of(request)).get(CSRF, "")
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), request[SESSION].csrf.encode())


def requires_role(*roles: str) -> Callable[[Handler], Handler]:
    """Mark a page that only admins with one of these roles may use."""

    def wrapped(handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if roles_of(request).isdisjoint(roles):
                words = joined_names([ROLES[each] for each in roles], joined_by_or)
                why = phrase("Only somebody with the role %(words)s can do this.", words=words)
                form = await returned_form(request)
                return await show(request, "refused.html", 403, layout="base.html", why=why, **form)
            return await handler(request)

        return checked

    return wrapped
