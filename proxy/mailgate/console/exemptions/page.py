"""*Exemptions*: who is exempt from a rule and until when, which rules are off for everybody, and putting them back."""

from collections.abc import Sequence
from datetime import timedelta

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.address_values import line, whole
from mailgate.console.context import ConsoleContext, context_of, person_of
from mailgate.console.devices.facts import only
from mailgate.console.devices.page import number
from mailgate.console.forms import MAX_TEXT, form_of, note_of
from mailgate.console.layout import (
    address,
    page_of_origin,
    redirect_back,
    redirect_to,
    say_on_next_page,
    show,
)
from mailgate.console.now.traffic import refused_within_hour
from mailgate.console.people.support_acts import exempt_for
from mailgate.console.query_parameters import accepts_parameters
from mailgate.console.words import device_named, short_name
from mailgate.devices.names import user_text
from mailgate.model.phrase import joined, phrase, time_of
from mailgate.policy.reliefs import Relief
from mailgate.rollout import reliefs
from mailgate.rollout.person import RefusedError
from mailgate.store.reliefs import KeptRelief

SIZE = 100
_NEWEST = 2**31 - 1
SPANS = {
    "1": phrase("1 day"),
    "7": phrase("7 days"),
    "30": phrase("30 days"),
    "90": phrase("90 days"),
    "365": phrase("a year"),
}
HOURS = {
    "1": phrase("1 hour"),
    "4": phrase("4 hours"),
    "12": phrase("12 hours"),
    "24": phrase("a day"),
    "72": phrase("three days"),
}


@accepts_parameters(whom=line(), before=whole(_NEWEST), over=whole(_NEWEST))
async def exemptions(request: web.Request) -> web.Response:
    context, asked = context_of(request), request.query
    now, reliefs, whom = context.clock(), context.store.reliefs, asked.get("whom", "").strip()
    if whom:
        theirs = await _of(context, whom)
        exempt, over = ([each for each in theirs if each.holds(now) is holds] for holds in (True, False))
    else:
        exempt = await reliefs.exemptions(now, SIZE + 1, number(asked.get("before", "")) or _NEWEST)
        over = await reliefs.over(now, SIZE + 1, number(asked.get("over", "")) or _NEWEST)
    shown = [each.relief for each in exempt[:SIZE]]
    return await show(
        request,
        "exemptions.html",
        shows=shown,
        whom=whom,
        off=[each.relief for each in await reliefs.off(now)],
        exempt=shown,
        let_ins=context.bundle().policy.let_ins,
        more=_further(exempt),
        over=over[:SIZE],
        more_over=_further(over),
        all_over="over" in asked,
        rules=[rule.id for rule in context.bundle().policy.rules if rule.restricts],
        spans=SPANS,
    )


@requires_role("operator")
async def exempt(request: web.Request) -> web.Response:
    """Exempt one person or device from a rule."""
    context, sent = context_of(request), await form_of(request)
    why, rule = note_of(sent, "why"), str(sent.get("rule", "")).strip()[:MAX_TEXT]
    whom, days = str(sent.get("whom", "")).strip()[:MAX_TEXT], sent.get("days", "")
    if days not in SPANS or not whom:
        raise RefusedError(phrase("Enter a login name or device ID, and an end date"))
    named = {"person": context.bundle().settings.logins.person(whom)}
    if sent.get("what") == "device":
        named = {"device": only(await context.store.devices.called(whom), whom).id}
    by, now = person_of(request), context.clock()
    given = await exempt_for(context, by, why, now, rule=rule, days=int(days), **named)
    say_given(request, given)
    return redirect_to(request, "exemptions")


def say_given(request: web.Request, given: Relief, before: str = "") -> None:
    """Show who is let in until when, with a way to undo it. ``before`` is what else was done."""
    whom = short_name(given.person) or phrase("The device %(id)s", id=given.device)
    until = time_of(given.until) if given.until else ""
    words = phrase("%(whom)s is let in until %(until)s.", whom=whom, until=until)
    said = joined([before, words], " ") if before else words
    say_on_next_page(
        request, said, address(request, "exemptions-end"), number=str(given.number), why="undone at once"
    )


@requires_role("operator", "approver")
async def end(request: web.Request) -> web.Response:
    context, sent = context_of(request), await form_of(request)
    why = note_of(sent, "why")
    kept = await context.store.reliefs.one(number(str(sent.get("number", ""))))
    if kept is None:
        raise web.HTTPNotFound
    now, whom = context.clock(), short_name(kept.relief.person) or device_named(kept.relief.device)
    if kept.holds(now):
        by = person_of(request)
        await reliefs.end_exemption(context.store, by, why, now, kept.relief.number, context.guard)
        say_on_next_page(request, phrase("The exemption of %(whom)s has ended.", whom=whom))
    else:
        say_on_next_page(request, phrase("The exemption of %(whom)s has already ended.", whom=whom))
    return redirect_back(request, sent, "exemptions")


@requires_role("operator", "approver")
async def turn_off(request: web.Request) -> web.Response:
    """Break-glass: ask for confirmation with numbers, then turn a rule off for everybody at once."""
    context, sent = context_of(request), await form_of(request)
    rule, hours = str(sent.get("rule", ""))[:MAX_TEXT], str(sent.get("hours", ""))
    reliefs.check_restricts(context.bundle().policy, rule)
    if sent.get("confirmed") != "yes":
        hit = await refused_within_hour(context.store, [rule], context.clock())
        origin = page_of_origin(request, sent)
        return await show(request, "rule_off.html", rule=rule, hit=hit, hours=HOURS, origin=origin)
    if hours not in HOURS:
        raise RefusedError(phrase("Choose how long"))
    now, why = await context.store.now(context.clock()), note_of(sent)
    policy, by, until = context.bundle().policy, person_of(request), now + timedelta(hours=int(hours))
    before = (await context.store.reliefs.current(now)).off(now).get(rule)
    off = await reliefs.break_glass(context.store, policy, by, why, now, rule=rule, until=until)
    title = policy.title_of(rule)
    if before is None:
        words = phrase("“%(rule)s” is off for everybody for %(span)s.", rule=title, span=HOURS[hours])
        undo = {"rule": rule, "confirmed": "yes", "note": "undone at once"}
        say_on_next_page(request, words, address(request, "exemptions-on"), **undo)
    else:  # to turn it on would undo what was done before, too
        was_off = phrase(
            "“%(rule)s” was already off, and stays off until %(end)s.", rule=title, end=reliefs.off_until(off)
        )
        say_on_next_page(request, was_off)
    return redirect_back(request, sent, "exemptions")


@requires_role("operator", "approver")
async def resume(request: web.Request) -> web.Response:
    """Ask for confirmation, then put a rule back in force that halted or was turned off."""
    context, sent = context_of(request), await form_of(request)
    rule = str(sent.get("rule", ""))[:MAX_TEXT]
    if sent.get("confirmed") != "yes":
        requested = await reliefs.requested_resume(context.store, rule, context.clock())
        origin = page_of_origin(request, sent)
        return await show(request, "rule_on.html", rule=rule, requested=requested, origin=origin)
    why = note_of(sent)
    settings = context.bundle().settings
    await reliefs.resume(context.store, person_of(request), why, context.clock(), rule, settings)
    say_on_next_page(request, phrase("“%(rule)s” is on again.", rule=context.bundle().policy.title_of(rule)))
    return redirect_back(request, sent, "exemptions")


async def _of(context: ConsoleContext, whom: str) -> list[KeptRelief]:
    """The exemptions of one person, or of a device by any of its names."""
    called = await context.store.devices.called(whom)
    person = user_text(context.bundle().settings.logins.person(whom))
    return await context.store.reliefs.of_person(person, [device.id for device in called])


def _further(kept: Sequence[KeptRelief]) -> int:
    """The number below which the next page begins; 0 if this is the last page."""
    return kept[SIZE - 1].relief.number if len(kept) > SIZE else 0


ROUTES = [
    web.get("/exemptions", exemptions, name="exemptions"),
    web.post("/exemptions", exempt, name="exemptions-give"),
    web.post("/exemptions/end", end, name="exemptions-end"),
    web.post("/exemptions/rule-off", turn_off, name="exemptions-off"),
    web.post("/exemptions/rule-on", resume, name="exemptions-on"),
]
