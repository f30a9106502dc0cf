"""How a session begins, whichever way somebody comes in, and for how long it counts."""

from dataclasses import replace
from datetime import timedelta
from math import ceil

from aiohttp import hdrs, web

from mailgate.console.context import context_of
from mailgate.console.login_rights import BY_PROXY, named_by_proxy, proxy_proof, roles_now
from mailgate.console.peer import over_tls
from mailgate.console.proxy_login import NotBelievedError, named
from mailgate.console.sessions import WHOLE, Session
from mailgate.rollout.acts import Person

COOKIE = "mailgate-console"
PROXIED: web.RequestKey[str] = web.RequestKey("proxied")
"""Who the proxy says is there; only where it says so."""
_FRESH: web.RequestKey[str] = web.RequestKey("fresh")
"""The cookie of a session that began with this request."""


def hear_proxy(request: web.Request) -> None:
    """Who a proxy says is there goes into ``request[PROXIED]``. Raises NotBelievedError."""
    way = context_of(request).bundle().settings.console.login.proxy
    said = named(request.raw_headers, request.remote or "", way)
    if said is not None:
        request[PROXIED] = said


async def begin_by_proxy(request: web.Request) -> Session | None:
    """A session for the admin whom the proxy names; None where it names nobody. Raises NotBelievedError for a stranger."""
    if PROXIED not in request:
        return None
    context, said = context_of(request), request[PROXIED]
    name = named_by_proxy(context.bundle().settings, said)
    if name is None:
        raise NotBelievedError(
            "no-admin",
            f"The proxy before the gate calls you “{said}”, and no admin of the settings is called so there.",
        )
    request[_FRESH] = await begin(request, name, proxy_proof(said), "proxy")
    return context.sessions.find(request[_FRESH], context.clock())


async def begin(
    request: web.Request,
    name: str,
    proved_by: str,
    way: str,
    groups: frozenset[str] = frozenset(),
    at_most: timedelta = WHOLE,
    id_token: str = "",
) -> str:
    """Begin a session and write it down; the value of its cookie. What was this browser's session before is none now."""
    context = context_of(request)
    act = Person(name, f"console at {context.host}").act(context.clock(), "console-login")
    await context.store.audit.append(replace(act, details={"way": way}))
    context.sessions.end(request.cookies.get(COOKIE, ""))
    return context.sessions.start(name, proved_by, context.clock(), groups, at_most, id_token)


def counts(request: web.Request, session: Session) -> bool:
    """Whether a session still counts: by the settings as they are now, and where a proxy names the same person.

    A session that began because of the proxy is worth nothing without it.
    """
    if roles_now(context_of(request).bundle().settings, session) is None:
        return False
    if PROXIED in request:
        return session.proved_by == proxy_proof(request[PROXIED])
    return not session.proved_by.startswith(BY_PROXY)


def keep(request: web.Request, response: web.StreamResponse, value: str) -> None:
    """Let the browser keep a session's cookie: out of reach of scripts, and sent to no request that begins elsewhere."""
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(WHOLE.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=over_tls(request, context_of(request).bundle().settings),
        path="/console",
    )


async def keep_fresh(request: web.Request, response: web.StreamResponse) -> None:
    """The cookie of a session that began with this very request goes along with its answer, whatever that is."""
    if _FRESH in request:
        keep(request, response, request[_FRESH])
        # by now its other cookies have become headers
        response.headers.add(hdrs.SET_COOKIE, response.cookies[COOKIE].OutputString())


def led_here(request: web.Request) -> bool:
    """Whether a link of another site has led here: browsers then leave out the cookie, though there may be a session."""
    headers = request.headers
    elsewhere = headers.get("Sec-Fetch-Site") == "cross-site" and headers.get("Sec-Fetch-Mode") == "navigate"
    return elsewhere and request.method == "GET" and COOKIE not in request.cookies


def own(path: str) -> str:
    """A place of the console to go on to; nothing where it would lead elsewhere."""
    inside = path.startswith("/console/") and path.isprintable() and "\\" not in path and "//" not in path
    return path if inside else ""


def too_many(wait: timedelta) -> str:
    """That somebody has to wait, in words."""
    minutes = ceil(wait / timedelta(minutes=1))
    return f"Too many logins. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
