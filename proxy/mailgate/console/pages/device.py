"""One device: what each source says, what came of it, why, and what would change that."""

from dataclasses import replace

from aiohttp import web

from mailgate.console.access import needs
from mailgate.console.context import context_of, person_of
from mailgate.console.forms import form_of
from mailgate.console.layout import seen_other, show
from mailgate.console.pages.exemptions import SPANS
from mailgate.devices.device import Device
from mailgate.views.devices import device_facts, parts_of, sighting_facts
from mailgate.views.explanation import explanation
from mailgate.views.recall import as_it_asks, sightings_of
from mailgate.views.timeline import story_of

SIGHTINGS = 50


async def device(request: web.Request) -> web.Response:
    context, found = context_of(request), await device_of(request)
    bundle, now = context.bundle(), context.clock()
    seen = await sightings_of(context.store, found, SIGHTINGS)
    access, decision = await as_it_asks(context.store, bundle, found, seen, now)
    facts = device_facts(found, bundle, now)
    return show(
        request,
        "device.html",
        device=facts,
        parts=parts_of(found),
        sightings=[sighting_facts(each) for each in seen],
        story=await story_of(context.store, found, seen, bundle.settings.posture.precedence),
        why=explanation(access, decision, bundle.policy),
        rules=[rule.id for rule in bundle.policy.rules if rule.restricts],
        spans=SPANS,
        name_of=bundle.policy.catalog.name_of,
        done=request.query.get("done", ""),
    )


@needs("operator")
async def forget(request: web.Request) -> web.Response:
    """Ask first, in numbers; then do it."""
    context, found = context_of(request), await device_of(request)
    if (await form_of(request)).get("confirmed") != "yes":
        seen = await sightings_of(context.store, found, SIGHTINGS)
        return show(request, "device_forget.html", device=found, seen=len(seen), most=SIGHTINGS)
    act = replace(person_of(request).act(context.clock(), "device-forgotten"), about=f"device {found.id}")
    await context.store.devices.forget(found.id, context.clock(), act)
    return seen_other(request, "devices", {"done": found.id})


@needs("operator")
async def lose(request: web.Request) -> web.Response:
    """Mark it as lost, or as found again."""
    context, found = context_of(request), await device_of(request)
    lost = (await form_of(request)).get("lost") == "yes"
    act = replace(
        person_of(request).act(context.clock(), "device-lost" if lost else "device-found"),
        about=f"device {found.id}",
    )
    await context.store.devices.lose(found.id, context.clock() if lost else None, act)
    return seen_other(request, "devices-one", id=found.id)


async def device_of(request: web.Request) -> Device:
    """The one device of the address. Raises HTTPNotFound."""
    called = await context_of(request).store.devices.called(request.match_info["id"])
    if len(called) != 1:
        raise web.HTTPNotFound
    return called[0]


ROUTES = [
    web.get("/devices/{id}", device, name="devices-one"),
    web.post("/devices/{id}/forget", forget, name="devices-forget"),
    web.post("/devices/{id}/lost", lose, name="devices-lose"),
]
