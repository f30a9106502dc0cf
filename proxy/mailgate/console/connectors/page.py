"""*Sources*: readings of the device inventories on request."""

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.connectors.sources import can_be_read, read_now
from mailgate.console.context import context_of, person_of
from mailgate.console.forms import form_of
from mailgate.console.layout import redirect_after
from mailgate.model.phrase import phrase


@requires_role("operator")
async def sync(request: web.Request) -> web.Response:
    """Begin to read a source. The page shows the progress."""
    context, name = context_of(request), request.match_info["name"]
    if not can_be_read(context, name):
        raise web.HTTPNotFound
    full = (await form_of(request)).get("full") == "yes"
    began = await read_now(context, name, person_of(request), context.clock(), full=full)
    words = phrase("We are reading %(name)s now.", name=name)
    already = phrase("%(name)s is already being read.", name=name)
    return redirect_after(request, words if began else already, "connectors")


ROUTES = [web.post("/connectors/{name}/sync", sync, name="connectors-sync")]
