"""Begins sessions after any kind of login, and decides how long they are valid."""

from dataclasses import replace
from datetime import timedelta
from math import ceil

from aiohttp import hdrs, web

from mailgate.console.context import context_of
from mailgate.console.login.rights import BY_PROXY, named_by_proxy, proxy_proof, roles_now
from mailgate.console.login.sessions import MAX_SESSION, Session
from mailgate.console.peer import NotBelievedError, cookie_of, name_from_proxy, set_cookie
from mailgate.http.cookies import CONSOLE_COOKIE
from mailgate.model.phrase import phrase, plural
from mailgate.rollout.person import Person

PROXY_LOGIN: web.RequestKey[str] = web.RequestKey("proxied")
"""The person in the proxy's header; None if it names nobody."""
_NEW_COOKIE: web.RequestKey[str] = web.RequestKey("fresh")
"""The cookie of a session that began with this request."""


def read_proxy_login(request: web.Request) -> None:
    """Put the person in the proxy's header into ``request[PROXIED]``. Raises NotBelievedError."""
    way = context_of(request).bundle().settings.console.login.proxy
    said = name_from_proxy(request.raw_headers, request.remote or "", way)
    if said is not None:
        request[PROXY_LOGIN] = said


async def begin_by_proxy_login(request: web.Request) -> Session | None:
    """Begin a session for the admin in the proxy's header; None if it names nobody. Raises NotBelievedError for a stranger."""
    if PROXY_LOGIN not in request:
        return None
    context, said = context_of(request), request[PROXY_LOGIN]
    name = named_by_proxy(context.bundle().settings, said)
    if name is None:
        raise NotBelievedError(
            "no-admin",
            phrase(
                "The proxy before the gate calls you “%(said)s”, and no admin in the settings has that name at the "
                "proxy.",
                said=said,
            ),
        )
    request[_NEW_COOKIE] = await begin_session(request, name, proxy_proof(said), "proxy")
    return context.sessions.find(request[_NEW_COOKIE], context.clock())


async def begin_session(
    request: web.Request,
    name: str,
    proved_by: str,
    way: str,
    groups: frozenset[str] = frozenset(),
    at_most: timedelta = MAX_SESSION,
    id_token: str = "",
) -> str:
    """Begin a session, record it, and return the value of its cookie. An earlier session of this browser ends."""
    context = context_of(request)
    act = Person(name, f"console at {context.host}").act(context.clock(), "console-login")
    await context.store.audit.append(replace(act, details={"way": way}))
    context.sessions.end(session_value(request))
    return context.sessions.start(name, proved_by, context.clock(), groups, at_most, id_token)


def is_valid(request: web.Request, session: Session) -> bool:
    """Whether a session is still valid by the current settings. If a proxy names a person, it has to be the same one.

    A session that began by a proxy's header is not valid without it.
    """
    if roles_now(context_of(request).bundle().settings, session) is None:
        return False
    if PROXY_LOGIN in request:
        return session.proved_by == proxy_proof(request[PROXY_LOGIN])
    return not session.proved_by.startswith(BY_PROXY)


def session_value(request: web.Request) -> str:
    """The value of the session's cookie; empty if there is none."""
    return cookie_of(request, CONSOLE_COOKIE, context_of(request).bundle().settings)


def set_session_cookie(
    request: web.Request, response: web.StreamResponse, value: str, lasts: timedelta = MAX_SESSION
) -> str:
    """Set the cookie of a session and return its name. Browsers do not send it with requests of other sites."""
    settings = context_of(request).bundle().settings
    return set_cookie(request, response, CONSOLE_COOKIE, value, settings, lasts=lasts)


def end_session_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Have the browser delete the cookie of its session."""
    set_session_cookie(request, response, "", timedelta())


async def set_new_session_cookie(request: web.Request, response: web.StreamResponse) -> None:
    """Set the cookie of a session that began with this request, on its answer of any kind."""
    if _NEW_COOKIE in request:
        name = set_session_cookie(request, response, request[_NEW_COOKIE])
        # the answer's own cookies have been turned into header fields before this
        response.headers.add(hdrs.SET_COOKIE, response.cookies[name].OutputString())


def came_by_foreign_link(request: web.Request) -> bool:
    """Whether a link of another site led here: browsers then leave out the cookie, though there may be a session."""
    headers = request.headers
    elsewhere = headers.get("Sec-Fetch-Site") == "cross-site" and headers.get("Sec-Fetch-Mode") == "navigate"
    return elsewhere and request.method == "GET" and not session_value(request)


def console_path(path: str) -> str:
    """A path of the console to go on to; empty if it would lead elsewhere."""
    inside = path.startswith("/console/") and path.isprintable() and "\\" not in path and "//" not in path
    return path if inside else ""


def too_many_logins(wait: timedelta) -> str:
    """How long somebody has to wait, in words."""
    minutes = ceil(wait / timedelta(minutes=1))
    return plural(
        "Too many logins. Try again in %(count)s minute.",
        "Too many logins. Try again in %(count)s minutes.",
        minutes,
    )
