"""*Now*: what the gate decides at this moment, and what needs a person."""

from aiohttp import web

from mailgate.console.desk import desk_of
from mailgate.console.view import show


async def now(request: web.Request) -> web.Response:
    return show(request, "now.html", state=await desk_of(request).readiness())


ROUTES = [web.get("/", now, name="now")]
