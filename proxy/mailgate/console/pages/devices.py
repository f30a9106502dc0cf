"""*Devices*: search, and one device with everything that is known of it."""

from aiohttp import web

from mailgate.console.desk import desk_of
from mailgate.console.view import show

SIZE = 50


async def search(request: web.Request) -> web.Response:
    """A name finds the devices that are called so; without one they are listed by id, a page at a time."""
    desk, name, after = (
        desk_of(request),
        request.query.get("name", "").strip(),
        request.query.get("after", ""),
    )
    if name:
        found = await desk.store.devices.called(name)
    else:
        found = await desk.store.devices.page(after, SIZE)
    more = found[-1].id if not name and len(found) == SIZE else ""
    return show(request, "devices.html", found=found, name=name, more=more)


ROUTES = [web.get("/devices", search, name="devices")]
