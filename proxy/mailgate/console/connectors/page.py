"""*Connectors*: the state of the device inventories, and readings of them on request."""

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.connectors.sources import can_be_read, read_now, sources_of
from mailgate.console.context import context_of, person_of
from mailgate.console.forms import form_of
from mailgate.console.layout import redirect_to, show


async def connectors(request: web.Request) -> web.Response:
    context = context_of(request)
    rows = sources_of(context, await context.readiness())
    reads = any(row.reading and not row.reading.outcome for row in rows)
    return await show(request, "connectors.html", rows=rows, reads=reads)


@requires_role("operator")
async def sync(request: web.Request) -> web.Response:
    """Begin to read a source. The page shows the progress."""
    context, name = context_of(request), request.match_info["name"]
    if not can_be_read(context, name):
        raise web.HTTPNotFound
    full = (await form_of(request)).get("full") == "yes"
    await read_now(context, name, person_of(request), context.clock(), full=full)
    return redirect_to(request, "connectors")


ROUTES = [
    web.get("/connectors", connectors, name="connectors"),
    web.post("/connectors/{name}/sync", sync, name="connectors-sync"),
]
