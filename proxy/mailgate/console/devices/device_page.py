"""One device: whether it gets mail and why, what can be done about it, and its history."""

from dataclasses import replace

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.context import context_of, person_of, roles_of
from mailgate.console.devices.facts import DeviceFacts, device_facts, only, parts_of
from mailgate.console.devices.mail_status import mail_status
from mailgate.console.devices.timeline import device_history
from mailgate.console.exemptions.page import SPANS
from mailgate.console.explain.facts import explanation
from mailgate.console.explain.requests import SIGHTINGS, decide_last_request, sightings_of
from mailgate.console.forms import form_of, note_of
from mailgate.console.layout import ORIGIN_PAGE, address, redirect_back, redirect_to, say_on_next_page, show
from mailgate.console.people.support_acts import ask_sources
from mailgate.console.toasts import Toast
from mailgate.console.words import called, device_in_words
from mailgate.devices.device import Device
from mailgate.model.phrase import joined, phrase, sentence
from mailgate.rollout.counted_acts import mark_lost
from mailgate.tasks import compute


async def device(request: web.Request) -> web.Response:
    context, found = context_of(request), await device_of(request)
    bundle, now = context.bundle(), context.clock()
    seen = await sightings_of(context.store, found)
    access, decision = await decide_last_request(context.store, bundle, found, seen, now)
    facts, policy = device_facts(found, bundle, now), bundle.policy
    return await show(
        request,
        "device.html",
        shows=facts,
        standing_message=just_lost(request, facts),
        device=facts,
        now=now,
        name=device_in_words(facts.kind, facts.os, facts.os_version),
        mail_status=mail_status(access, decision, policy, seen, found.lost_at),
        parts=parts_of(found, policy.catalog.listed),
        asked=bool(seen),
        back=request.path_qs,
        story=await device_history(context.store, found, seen, bundle, now),
        why=await compute(explanation, access, decision, policy),
        rules=[rule.id for rule in policy.rules if rule.restricts],
        spans=SPANS,
    )


def just_lost(request: web.Request, device: DeviceFacts) -> Toast | None:
    """The message about a device that was just marked as lost, within a minute; not if it was found again since. Operators
    can undo it, and stay on this page."""
    if device.lost_at is None:
        return None
    name = called(device.kind, device.os)
    words = sentence(phrase("%(device)s is marked as lost. No mail", device=name))
    if "operator" not in roles_of(request):
        return Toast(words, device.lost_at)
    fields = {"lost": "no", ORIGIN_PAGE: request.path_qs}
    return Toast(words, device.lost_at, address(request, "devices-lose", id=device.id), fields)


@requires_role("operator")
async def forget(request: web.Request) -> web.Response:
    """Ask for confirmation with numbers, then delete everything about the device."""
    context, found = context_of(request), await device_of(request)
    if (await form_of(request)).get("confirmed") != "yes":
        seen = await sightings_of(context.store, found)
        shows = {"device": found.id}
        return await show(
            request, "device_forget.html", shows=shows, device=found, seen=len(seen), most=SIGHTINGS
        )
    act = replace(person_of(request).act(context.clock(), "device-forgotten"), about=f"device {found.id}")
    await context.store.devices.forget(found.id, context.clock(), act)
    say_on_next_page(request, phrase("Device %(id)s and all that was stored of it are deleted.", id=found.id))
    return redirect_to(request, "devices")


@requires_role("operator", "approver")
async def lost(request: web.Request) -> web.StreamResponse:
    """Mark it as lost with a reason, or as found."""
    context, found, sent = context_of(request), await device_of(request), await form_of(request)
    if sent.get("lost") != "yes":
        return await _found(request)
    why = note_of(sent, "why")
    by, now = person_of(request), context.clock()
    await mark_lost(context.store, context.guard, found, by, now, lost=True, why=why)
    return redirect_back(request, sent, "devices-one", id=found.id)


@requires_role("operator")
async def _found(request: web.Request) -> web.StreamResponse:
    context, found = context_of(request), await device_of(request)
    by, now = person_of(request), context.clock()
    await mark_lost(context.store, context.guard, found, by, now, lost=False)
    facts = device_facts(found, context.bundle(), now)
    name = called(facts.kind, facts.os)
    say_on_next_page(
        request, sentence(phrase("%(device)s is marked as found. The rules decide again", device=name))
    )
    return redirect_back(request, await form_of(request), "devices-one", id=found.id)


@requires_role("operator")
async def ask_now(request: web.Request) -> web.Response:
    """Ask its sources and show their answers."""
    context, found = context_of(request), await device_of(request)
    answers = await ask_sources(context, found, person_of(request), context.clock())
    words = joined((each.words for each in answers), "; ") or phrase("no source has the device any more")
    say_on_next_page(request, phrase("Device %(id)s: %(words)s.", id=found.id, words=words))
    return redirect_back(request, await form_of(request), "devices-one", id=found.id)


async def device_of(request: web.Request) -> Device:
    """The device in the address. Raises HTTPNotFound."""
    called = await context_of(request).store.devices.called(request.match_info["id"])
    if not called:
        raise web.HTTPNotFound
    return only(called, request.match_info["id"])


ROUTES = [
    web.get("/devices/{id}", device, name="devices-one"),
    web.post("/devices/{id}/forget", forget, name="devices-forget"),
    web.post("/devices/{id}/lost", lost, name="devices-lose"),
    web.post("/devices/{id}/ask", ask_now, name="devices-ask"),
]
