"""*Browsers*: those with the companion extension, filtered by what is known of them; and who asks for mail without it."""

from aiohttp import web

from mailgate.console.address_values import line
from mailgate.console.context import context_of
from mailgate.console.extension import facts
from mailgate.console.layout import show
from mailgate.console.query_parameters import accepts_parameters
from mailgate.console.responses import send_sheet
from mailgate.store.fleet import FleetFilter

SIZE = 50
_LONGEST_PLACE = 400


@accepts_parameters(**facts.FILTERS, after=line(_LONGEST_PLACE))
async def show_browsers(request: web.Request) -> web.Response:
    context, said = context_of(request), _said(request)
    store, settings, now = context.store, context.bundle().settings, context.clock()
    wanted = FleetFilter(**said)
    found, after = await facts.browsers(store, settings, wanted, now, SIZE, request.query.get("after", ""))
    return await show(
        request,
        "extension.html",
        shows=found,
        fleet=context.counting.browsers or await facts.fleet(store, settings, now),
        found=found,
        after=after,
        said=said,
        states=facts.STATES,
        ways=facts.INSTALLED,
    )


@accepts_parameters(**facts.FILTERS)
async def export(request: web.Request) -> web.StreamResponse:
    """Send the browsers that match as a spreadsheet, while they are read."""
    context = context_of(request)
    wanted = FleetFilter(**_said(request))
    rows = facts.as_rows(context.store, context.bundle().settings, wanted, context.clock())
    return await send_sheet(request, "browsers", facts.COLUMNS, rows)


@accepts_parameters(after=line())
async def show_people(request: web.Request) -> web.Response:
    context = context_of(request)
    found, after = await facts.people_without(
        context.store, context.clock(), SIZE, request.query.get("after", "")
    )
    return await show(request, "extension_people.html", shows=found, found=found, after=after)


def _said(request: web.Request) -> dict[str, str]:
    return {name: text for name in facts.FILTERS if (text := request.query.get(name, "").strip())}


ROUTES = [
    web.get("/extension", show_browsers, name="extension"),
    web.get("/extension.csv", export, name="extension-export"),
    web.get("/extension/people", show_people, name="extension-people"),
]
