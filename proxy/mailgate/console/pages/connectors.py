"""*Connectors*: how the device inventories fare, and reading one now."""

from dataclasses import replace

from aiohttp import web

from mailgate.connectors import is_scheduled
from mailgate.console.desk import desk_of, person_of
from mailgate.console.entrance import needs
from mailgate.console.view import seen_other, show


async def connectors(request: web.Request) -> web.Response:
    desk = desk_of(request)
    settings, state = desk.bundle().settings.connectors, await desk.readiness()
    rows = [
        {
            "name": name,
            "type": str(getattr(each, "type", "")),
            "asked": is_scheduled(each),
            "reading": desk.readings.last.get(name),
            **state["connectors"][name],
        }
        for name, each in settings.items()
        if name in state["connectors"]
    ]
    reads = any(row["reading"] and not row["reading"].outcome for row in rows)
    return show(request, "connectors.html", rows=rows, reads=reads)


@needs("operator")
async def sync(request: web.Request) -> web.Response:
    """Begin to read one; the page says how far it is."""
    desk, name = desk_of(request), request.match_info["name"]
    known = desk.bundle().settings.connectors.get(name)
    if known is None or not is_scheduled(known):
        raise web.HTTPNotFound
    full, person = (await request.post()).get("full") == "yes", person_of(request)
    act = replace(
        person.act(desk.clock(), "connector-read"), about=f"connector {name}", details={"full": full}
    )
    if desk.readings.start(name, person.name, desk.clock(), full=full):
        await desk.store.audit.append(act)
    return seen_other(request, "connectors")


ROUTES = [
    web.get("/connectors", connectors, name="connectors"),
    web.post("/connectors/{name}/sync", sync, name="connectors-sync"),
]
