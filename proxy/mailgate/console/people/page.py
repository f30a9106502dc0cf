"""The search of every page; one person with their devices, requests and mails, and the acts of the help desk; and *Help requests*: who waits for an answer because of which rule."""

from datetime import timedelta
from secrets import token_urlsafe

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.address_values import line, one_of
from mailgate.console.context import ConsoleContext, context_of, language_of, person_of
from mailgate.console.devices.device_page import just_lost
from mailgate.console.exemptions.page import SPANS, say_given
from mailgate.console.explain.requests import decide_last_request, redecide
from mailgate.console.forms import MAX_TEXT, NEW_CSRF, form_of, note_of, within
from mailgate.console.layout import address, redirect_back, redirect_to, say_on_next_page, show
from mailgate.console.now.readiness import ConnectorState
from mailgate.console.people.facts import DAYS, OwnedDevice, PersonFacts
from mailgate.console.people.facts import person_of as facts_of
from mailgate.console.people.find import LONGEST, Hit, find
from mailgate.console.people.help import help_counts, help_facts, still_open
from mailgate.console.people.lanes import marks_of
from mailgate.console.people.support_acts import (
    answer_by_mail,
    answer_on_page,
    exempt_for,
    finish_requests,
    reopen_requests,
)
from mailgate.console.people.verdict import PersonVerdict, named, verdict_on
from mailgate.console.query_parameters import POSITION, accepts_parameters, position_in, position_values
from mailgate.console.words import device_named, short_name
from mailgate.gateway.pages.me import cause_words
from mailgate.gateway.pages.steps import FIXES, steps_of
from mailgate.gateway.pages.view import View
from mailgate.mail.reply import LONGEST as LONGEST_ANSWER
from mailgate.model import Effect
from mailgate.model.phrase import phrase
from mailgate.model.times import LONG_AGO
from mailgate.rollout.person import RefusedError
from mailgate.rollout.reliefs import end_exemption
from mailgate.store import RowPosition
from mailgate.store.help_requests import Key
from mailgate.texts import in_form, load_languages


@accepts_parameters(q=line(LONGEST), after=line(LONGEST))
async def show_hits(request: web.Request) -> web.Response:
    """Show the hits, or go to the page of the hit if there is only one."""
    context, asked = context_of(request), request.query
    text, after = asked.get("q", "").strip(), asked.get("after", "")
    hits = await find(context.store, context.bundle(), text, context.clock(), after)
    if len(hits.items) == 1 and hits.next is None and not after:
        return _opened(request, hits.items[0])
    return await show(request, "find.html", shows=hits.items, q=text, hits=hits, after=after)


def _opened(request: web.Request, hit: Hit) -> web.Response:
    """The page of the person, since whoever calls is one; of a device or refusal by itself only if nobody is known."""
    if hit.person:
        by = "" if hit.what == "person" else hit.id
        return redirect_to(request, "people", {"login": hit.person, hit.what: by})
    if hit.what == "device":
        return redirect_to(request, "devices-one", id=hit.id)
    return redirect_to(request, "explain", {"reference": hit.id})


LANGUAGES = load_languages()


@accepts_parameters(login=line(), device=line(), refusal=line())
async def person(request: web.Request) -> web.Response:
    return await _shown(request, await person_in(request, request.query.get("login", "")))


@requires_role("operator")
async def let_in(request: web.Request) -> web.Response:
    """Exempt a person or one of their devices for a time."""
    context, sent = context_of(request), await form_of(request)
    why, days = note_of(sent, "why"), sent.get("days", "1")
    rule, named = str(sent.get("rule", ""))[:MAX_TEXT], str(sent.get("device", ""))[:MAX_TEXT]
    if days not in SPANS:
        raise RefusedError(phrase("Choose how long"))
    by, now = person_of(request), context.clock()
    if named:
        called = await context.store.devices.called(named)
        if len(called) != 1:
            raise web.HTTPNotFound
        whom = {"device": called[0].id}
    else:
        whom = {"person": (await person_in(request, str(sent.get("login", "")))).login}
    given = await exempt_for(context, by, why, now, rule=rule, days=int(days), **whom)
    say_given(request, given)
    if given.device:
        return redirect_back(request, sent, "devices-one", id=given.device)
    return redirect_to(request, "people", {"login": given.person})


@requires_role("operator")
async def reply(request: web.Request) -> web.Response:
    """Answer them by mail, or on their page if they can get none; let them in for a day and close their requests, if that is chosen."""
    context, sent = context_of(request), await form_of(request)
    theirs = await person_in(request, str(sent.get("login", "")))
    now, by = context.clock(), person_of(request)
    answered = _answered(theirs)
    request[NEW_CSRF] = {"answered": answered}  # for the form, if it is shown again
    text, form = within(str(sent.get("answer", "")), LONGEST_ANSWER), str(sent.get("form", ""))[:MAX_TEXT]
    waiting = [(each.rule, each.subject) for each in still_open(theirs.help_requests)]
    given = None
    if sent.get("let_in") == "yes" and (rule := theirs.exempt_from):
        why = text.strip()[:MAX_TEXT] or "answered a request for help"
        given = await exempt_for(context, by, why, now, rule=rule, days=1, person=theirs.login)
        await context.catch_up()
        theirs = await person_in(request, theirs.login)
    try:
        if _gets_mail(request, theirs) or not waiting:
            overtaken = sent.get("answered", answered) != answered
            mail = await answer_by_mail(context, theirs, text, by, now, form, overtaken=overtaken)
            said = phrase("Your answer goes to %(address)s.", address=mail.address)
        else:
            for each in waiting:
                await answer_on_page(context, each, text, by, now)
            said = phrase("Your answer is on the page of %(whom)s.", whom=theirs.login)
    except RefusedError:
        if given:  # an answer that was not sent lets nobody in
            await end_exemption(context.store, by, "not answered", now, given.number)
        raise
    closed = await finish_requests(context, waiting, by, now) if waiting and sent.get("done") == "yes" else 0
    if closed:
        said = phrase("%(said)s The request is closed.", said=said)
    if given:
        say_given(request, given, said)
    elif closed and len(waiting) == 1:
        (rule, subject), reopen = waiting[0], address(request, "help_requests-done")
        say_on_next_page(request, said, reopen, rule=rule, subject=subject, done="no")
    else:
        say_on_next_page(request, said)
    return redirect_to(request, "people", {"login": theirs.login})


def _gets_mail(request: web.Request, theirs: PersonFacts) -> bool:
    """Whether a mail can be written to them."""
    return bool(theirs.address) and context_of(request).bundle().settings.notices is not None


def _answered(theirs: PersonFacts) -> str:
    """The moment of the last answer to their requests, in ISO 8601 as the form holds it. Empty if there was none."""
    moments = [at for each in theirs.help_requests for at in (each.replied_at, each.done_at) if at]
    return max(moments).isoformat() if moments else ""


async def person_in(request: web.Request, login: str) -> PersonFacts:
    """The person with this login. Raises HTTPNotFound."""
    context = context_of(request)
    found = await facts_of(context.store, context.bundle(), login[:MAX_TEXT], context.clock())
    if found is None:
        raise web.HTTPNotFound
    return found


async def _shown(request: web.Request, found: PersonFacts) -> web.Response:
    context, verdict, language = context_of(request), verdict_on(found), language_of(request)
    bundle = context.bundle()
    company = in_form(bundle.settings.languages.default, LANGUAGES, LANGUAGES["en"])
    spoken = in_form(found.language, LANGUAGES, company)
    view = await _view(context, verdict)
    hit = next((each for each in found.devices if each.facts.id == verdict.device), None)
    lost = max(found.devices, key=lambda each: each.facts.lost_at or LONG_AGO, default=None)
    return await show(
        request,
        "person.html",
        shows=found,
        standing_message=just_lost(request, lost.facts) if lost else None,
        person=found,
        verdict=verdict,
        names=named(found.devices),
        view=view,
        away=await _away(context, hit) if view else [],
        reports_until=hit.facts.expires_at if hit else None,
        theirs=cause_words(view, spoken) if view and found.language and spoken.tag != language.tag else None,
        nothing_ends_it=view is not None and steps_of(view) == FIXES["ask"],
        back=request.path_qs,
        asked=request.query,
        form=token_urlsafe(9),
        answered=_answered(found),
        waiting=still_open(found.help_requests),
        spoken=spoken,
        language=language.name_of(spoken.locale),
        writes=_gets_mail(request, found),
        tomorrow=context.clock() + timedelta(days=1),
        now=context.clock(),
        marks=marks_of(found, context.clock()),
        days_shown=DAYS,
        longest=LONGEST_ANSWER,
        spans=SPANS,
    )


async def _away(context: ConsoleContext, hit: OwnedDevice | None) -> list[tuple[str, ConnectorState]]:
    """The sources that do not answer and without which no step ends the refusal: those that report the device, or any if none does."""
    failing = [(name, each) for name, each in (await context.readiness()).connectors.items() if each.trouble]
    return [pair for pair in failing if hit is None or pair[0] in hit.facts.sources]


async def _view(context: ConsoleContext, verdict: PersonVerdict) -> View | None:
    """What the page of the refusal would tell them now, with the steps that end it, also if the device has never asked. None if there
    is none."""
    store, bundle, now = context.store, context.bundle(), context.clock()
    if verdict.sighting:
        again = await redecide(store, bundle, verdict.sighting, now)
        if again and again.decision.effect is not Effect.ALLOW:
            return context.view(again.access, again.decision, again.then.tally.reference)
    elif verdict.device:
        for device in await store.devices.called(verdict.device):
            access, decision = await decide_last_request(store, bundle, device, (), now)
            if decision.effect is not Effect.ALLOW:
                return context.view(access, decision, "")
    return None


SIZE = 50


@accepts_parameters(rule=line(MAX_TEXT), which=one_of(("open", "all")), **POSITION)
async def requests(request: web.Request) -> web.Response:
    context, asked = context_of(request), request.query
    store, policy = context.store.help_requests, context.bundle().policy
    rule, every = asked.get("rule", "").strip(), asked.get("which") == "all"
    if every:
        found = await store.page(rule, 10 * SIZE)
    else:
        found = await store.open(rule, SIZE, position_in(asked))
    last = found[-1] if len(found) == SIZE and not every else None
    further = {"rule": rule, **position_values(RowPosition(last.last_at, last.subject))} if last else {}
    rows = [help_facts(each, policy) for each in found]
    return await show(
        request,
        "help_requests.html",
        counts=help_counts(await store.open_by_rule(), policy),
        shows=rows,
        rows=rows,
        rule=rule,
        every=every,
        longest=LONGEST_ANSWER,
        further=address(request, "help_requests", further) if further else "",
    )


@requires_role("operator")
async def done(request: web.Request) -> web.Response:
    """Close a request, or open it again."""
    context, sent = context_of(request), await form_of(request)
    key = (str(sent.get("rule", ""))[:MAX_TEXT], str(sent.get("subject", ""))[:MAX_TEXT])
    by, now = person_of(request), context.clock()
    whom = await _whom(request, key)
    if sent.get("done") == "no":
        again = await reopen_requests(context, [key], by, now)
        was = phrase("%(whom)s's request is already open.", whom=whom)
        say_on_next_page(request, phrase("%(whom)s's request is open again.", whom=whom) if again else was)
        return redirect_back(request, sent, "help_requests")
    if await finish_requests(context, [key], by, now):
        say_on_next_page(
            request,
            phrase("%(whom)s's request is closed.", whom=whom),
            address(request, "help_requests-done"),
            rule=key[0],
            subject=key[1],
            done="no",
        )
    else:
        say_on_next_page(request, phrase("%(whom)s's request is already closed.", whom=whom))
    return redirect_back(request, sent, "help_requests")


@requires_role("operator")
async def answer(request: web.Request) -> web.Response:
    """Answer one request on the page of whoever asked, who may have no mail or be unknown."""
    context, sent = context_of(request), await form_of(request)
    key = (str(sent.get("rule", ""))[:MAX_TEXT], str(sent.get("subject", ""))[:MAX_TEXT])
    whom, text = await _whom(request, key), within(str(sent.get("answer", "")), LONGEST_ANSWER)
    if await answer_on_page(context, key, text, person_of(request), context.clock()):
        said = phrase("Your answer is on the page of %(whom)s.", whom=whom)
    else:
        said = phrase("%(whom)s's request is already closed.", whom=whom)
    say_on_next_page(request, said)
    return redirect_back(request, sent, "help_requests")


async def _whom(request: web.Request, key: Key) -> str:
    """Whose request this is. Raises HTTPNotFound."""
    asked = await context_of(request).store.help_requests.one(*key)
    if asked is None:
        raise web.HTTPNotFound
    return short_name(asked.person) or (
        device_named(asked.device)
        if asked.device
        else phrase("help number %(reference)s", reference=asked.reference)
    )


ROUTES = [
    web.get("/people", person, name="people"),
    web.post("/people/exempt", let_in, name="people-exempt"),
    web.post("/people/reply", reply, name="people-reply"),
    web.get("/find", show_hits, name="find"),
    web.get("/help", requests, name="help_requests"),
    web.post("/help/answer", answer, name="help_requests-answer"),
    web.post("/help/done", done, name="help_requests-done"),
]
