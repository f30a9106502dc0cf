"""Recent decisions: the requests behind a number."""

from aiohttp import web

from mailgate.console.address_values import EFFECTS, REASONS, line, one_of
from mailgate.console.context import context_of
from mailgate.console.devices.facts import sighting_facts
from mailgate.console.devices.filter import KINDS
from mailgate.console.layout import address, show
from mailgate.console.query_parameters import POSITION, SPAN, accepts_parameters, position_in, position_values

SIZE = 100


@accepts_parameters(
    rule=line(), reason=one_of(REASONS), effect=one_of(EFFECTS), kind=one_of(KINDS), user=line(), **POSITION
)
async def sightings(request: web.Request) -> web.Response:
    context, asked = context_of(request), request.query
    wanted = {name: asked.get(name, "").strip() for name in ("rule", "reason", "effect", "kind", "user")}
    seen = await context.store.sightings.search(context.clock() - SPAN, SIZE, position_in(asked), **wanted)
    further = position_values(seen.behind)
    return await show(
        request,
        "sightings.html",
        found=[sighting_facts(each) for each in seen.found],
        wanted=wanted,
        further=address(request, "sightings", wanted | further) if further else "",
        kinds=KINDS,
    )


ROUTES = [web.get("/sightings", sightings, name="sightings")]
