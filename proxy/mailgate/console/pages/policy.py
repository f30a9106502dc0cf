"""*Policy*: the versions that were in force, and the one that is."""

from aiohttp import web

from mailgate.console.desk import desk_of
from mailgate.console.view import show


async def versions(request: web.Request) -> web.Response:
    desk = desk_of(request)
    return show(
        request,
        "policy.html",
        history=await desk.store.policies.history(100),
        rules=desk.bundle().policy.rules,
    )


ROUTES = [web.get("/policy", versions, name="policy")]
