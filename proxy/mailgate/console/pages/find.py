"""The search of every page: a person, a device, an address, a reference."""

from aiohttp import web

from mailgate.console.asked import takes
from mailgate.console.context import context_of
from mailgate.console.layout import seen_other, show
from mailgate.views.address_values import line
from mailgate.views.find import LONGEST, Hit, find


@takes(q=line(LONGEST), after=line(LONGEST))
async def found(request: web.Request) -> web.Response:
    """Show the hits, or go to the page of the hit if there is only one."""
    context, asked = context_of(request), request.query
    text, after = asked.get("q", "").strip(), asked.get("after", "")
    hits = await find(context.store, context.bundle(), text, context.clock(), after)
    if len(hits.items) == 1 and hits.next is None and not after:
        return _opened(request, hits.items[0])
    return show(request, "find.html", q=text, hits=hits, after=after)


def _opened(request: web.Request, hit: Hit) -> web.Response:
    if hit.what == "person":
        return seen_other(request, "people", {"login": hit.id})
    if hit.what == "device":
        return seen_other(request, "devices-one", id=hit.id)
    return seen_other(request, "explain", {"reference": hit.id})


ROUTES = [web.get("/find", found, name="find")]
