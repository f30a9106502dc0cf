"""Logging in and out."""

import asyncio
from datetime import timedelta
from math import ceil

from aiohttp import web

from mailgate.config.admins import Admins
from mailgate.console.desk import Desk, admin_of, desk_of, person_of
from mailgate.console.entrance import COOKIE
from mailgate.console.render import page
from mailgate.console.sessions import WHOLE
from mailgate.rollout.acts import Person
from mailgate.rollout.admins import proven, token_of

LONGEST = 200
"""Characters of a name or a secret that are looked at."""
_HASHING = asyncio.Semaphore(2)
"""A check takes 64 MiB of memory: a crowd at the door must wait, not fill it."""


async def form(request: web.Request) -> web.Response:
    return _form(request, after=request.query.get("next", ""))


async def log_in(request: web.Request) -> web.Response:
    """A wrong name and a wrong secret look and take the same."""
    desk, sent = desk_of(request), await request.post()
    name, secret, after = (str(sent.get(field, "")) for field in ("name", "secret", "next"))
    if wait := _wait(desk, name[:LONGEST], request.remote or ""):
        minutes = ceil(wait / timedelta(minutes=1))
        words = f"Too many logins. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
        return _form(request, 429, words, after)
    admins = desk.bundle().settings.admins
    known = await _proven(admins, name.strip()[:LONGEST], secret.strip()[:LONGEST])
    if known is None:
        return _form(request, 403, "This name and token do not belong together.", after)
    act = Person(known, f"console at {desk.host}").act(desk.clock(), "console-login")
    await desk.store.audit.append(act)
    desk.sessions.end(request.cookies.get(COOKIE, ""))
    proved_by = admins[known].token_hash.get_secret_value()
    value = desk.sessions.start(known, proved_by, desk.clock())
    response = web.HTTPSeeOther(_own(after) or str(request.app.router["now"].url_for()))
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
    desk = desk_of(request)
    desk.sessions.end(request.cookies[COOKIE])
    if admin_of(request):
        await desk.store.audit.append(person_of(request).act(desk.clock(), "console-logout"))
    response = web.HTTPSeeOther(request.app.router["login"].url_for())
    response.del_cookie(COOKIE, path="/console")
    raise response


def _wait(desk: Desk, name: str, address: str) -> timedelta:
    """How long they have to wait; where they have not to, this try is counted, whatever comes of it."""
    now, both = desk.clock(), (name, address)
    wait = max(desk.tries.wait(both, now), desk.crowd.wait(address, now))
    if not wait:
        desk.tries.note(both, now)
        desk.crowd.note(address, now)
    return wait


async def _proven(admins: Admins, name: str, secret: str) -> str | None:
    """Who it is; None where it is nobody. The whole token is taken too where only what stands behind its colon is asked for."""
    token = token_of(name, secret.removeprefix(f"{name}:"))
    async with _HASHING:
        return await asyncio.to_thread(proven, admins, token)


def _form(request: web.Request, status: int = 200, error: str = "", after: str = "") -> web.Response:
    anybody = bool(desk_of(request).bundle().settings.admins)
    return page("login.html", status, error=error, next=_own(after), anybody=anybody)


def _own(path: str) -> str:
    """A place of the console to go on to; nothing where it would lead elsewhere."""
    inside = path.startswith("/console/") and path.isprintable() and "\\" not in path and "//" not in path
    return path if inside else ""


ROUTES = [
    web.get("/login", form, name="login"),
    web.post("/login", log_in, name="login"),
    web.post("/logout", log_out, name="logout"),
]
