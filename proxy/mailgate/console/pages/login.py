"""Logging in and out."""

import asyncio
from datetime import timedelta
from math import ceil

from aiohttp import web

from mailgate.console.desk import desk_of
from mailgate.console.entrance import COOKIE
from mailgate.console.render import page
from mailgate.console.sessions import WHOLE
from mailgate.rollout.admins import proven, token_of
from mailgate.store import Act

LONGEST = 200
"""Characters of a name or a secret that are looked at."""
_HASHING = asyncio.Semaphore(2)
"""A check takes 64 MiB of memory: a crowd at the door must wait, not fill it."""


async def form(request: web.Request) -> web.Response:
    return page("login.html", error="", next=_own(request.query.get("next", "")))


async def log_in(request: web.Request) -> web.Response:
    """A wrong name and a wrong secret look and take the same."""
    desk, sent = desk_of(request), await request.post()
    name, secret = (str(sent.get(field, ""))[:LONGEST] for field in ("name", "secret"))
    after = _own(str(sent.get("next", "")))
    now = desk.clock()
    keys = [("name", name), ("address", request.remote)]
    wait = max((desk.tries.wait(key, now) for key in keys), default=timedelta())
    if wait:
        minutes = ceil(wait / timedelta(minutes=1))
        error = f"Too many failed logins. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
        return page("login.html", 429, error=error, next=after)
    async with _HASHING:
        known = await asyncio.to_thread(proven, desk.bundle().settings.admins, token_of(name, secret))
    if known is None:
        for key in keys:
            desk.tries.note(key, now)
        return page("login.html", 403, error="This name and token do not belong together.", next=after)
    desk.sessions.end(request.cookies.get(COOKIE, ""))
    value, _ = desk.sessions.start(known, now)
    origin = f"console at {desk.host}"
    await desk.store.audit.append(Act(now, known, "console-login", origin=origin))
    response = web.HTTPSeeOther(after or str(request.app.router["now"].url_for()))
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(WHOLE.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=request.secure,
        path="/console",
    )
    raise response


async def log_out(request: web.Request) -> web.Response:
    desk_of(request).sessions.end(request.cookies[COOKIE])
    response = web.HTTPSeeOther(request.app.router["login"].url_for())
    response.del_cookie(COOKIE, path="/console")
    raise response


def _own(path: str) -> str:
    """A place of the console to go on to; nothing where it would lead elsewhere."""
    inside = path.startswith("/console/") and path.isprintable() and "\\" not in path and "//" not in path
    return path if inside else ""


ROUTES = [
    web.get("/login", form, name="login"),
    web.post("/login", log_in, name="login"),
    web.post("/logout", log_out, name="logout"),
]
