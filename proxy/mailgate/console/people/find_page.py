"""The search of every page: a person, a device, an address, a reference."""

from aiohttp import web

from mailgate.console.address_values import line
from mailgate.console.context import context_of
from mailgate.console.layout import redirect_to, show
from mailgate.console.people.find import LONGEST, Hit, find
from mailgate.console.query_parameters import accepts_parameters


@accepts_parameters(q=line(LONGEST), after=line(LONGEST))
async def show_hits(request: web.Request) -> web.Response:
    """Show the hits, or go to the page of the hit if there is only one."""
    context, asked = context_of(request), request.query
    text, after = asked.get("q", "").strip(), asked.get("after", "")
    hits = await find(context.store, context.bundle(), text, context.clock(), after)
    if len(hits.items) == 1 and hits.next is None and not after:
        return _opened(request, hits.items[0])
    return await show(request, "find.html", q=text, hits=hits, after=after)


def _opened(request: web.Request, hit: Hit) -> web.Response:
    if hit.what == "person":
        return redirect_to(request, "people", {"login": hit.id})
    if hit.what == "device":
        return redirect_to(request, "devices-one", id=hit.id)
    return redirect_to(request, "explain", {"reference": hit.id})


ROUTES = [web.get("/find", show_hits, name="find")]
