"""Who may do what: nothing without a session but to log in, nothing is changed without the token of that session."""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from aiohttp import web

from mailgate.console.desk import SESSION, desk_of, roles_of
from mailgate.console.render import page

COOKIE = "mailgate-console"
CSRF = "csrf"
SAFE = frozenset({"GET", "HEAD"})
OPEN = frozenset({"login", "asset"})
"""Names of the routes that need no session."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its page, or say what is missing."""
    if request.match_info.route.name in OPEN:
        return await handler(request)
    desk = desk_of(request)
    session = desk.sessions.find(request.cookies.get(COOKIE, ""), desk.clock())
    if session is None:
        return _to_login(request)
    request[SESSION] = session
    if not roles_of(request):
        desk.sessions.end(request.cookies[COOKIE])
        return _to_login(request)
    if request.method not in SAFE and not await _from_our_form(request):
        return page("refused.html", 403, why="This form was not made by your session. Open the page again.")
    return await handler(request)


def _to_login(request: web.Request) -> web.Response:
    if request.method not in SAFE:
        return page(
            "refused.html", 401, why="Your session has ended. Log in and do it again: nothing was changed."
        )
    here = quote(request.rel_url.path_qs, safe="")
    raise web.HTTPSeeOther(f"{request.app.router['login'].url_for()}?next={here}")


async def _from_our_form(request: web.Request) -> bool:
    sent = (await request.post()).get(CSRF, "")
    return isinstance(sent, str) and hmac.compare_digest(sent.encode(), request[SESSION].csrf.encode())


def needs(*roles: str) -> Callable[[Handler], Handler]:
    """Only for admins with one of these roles."""

    def wrapped(handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            if roles_of(request).isdisjoint(roles):
                words = " or ".join(roles)
                return page("refused.html", 403, why=f"This needs the role {words}, which you do not have.")
            return await handler(request)

        return checked

    return wrapped
