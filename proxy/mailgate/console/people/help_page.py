"""*Help requests*: who asked for help because of which rule, and waits for an answer."""

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.address_values import line, one_of
from mailgate.console.context import context_of, person_of
from mailgate.console.forms import MAX_TEXT, form_of
from mailgate.console.layout import address, redirect_back, redirect_to, say_on_next_page, show
from mailgate.console.people.help import help_counts, help_facts
from mailgate.console.people.support_acts import finish_requests, reopen_requests
from mailgate.console.query_parameters import POSITION, accepts_parameters, position_in, position_values
from mailgate.console.words import device_named
from mailgate.model.phrase import phrase
from mailgate.store import RowPosition

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
    return await show(
        request,
        "help_requests.html",
        counts=help_counts(await store.open_by_rule(), policy),
        rows=[help_facts(each, policy) for each in found],
        rule=rule,
        every=every,
        further=address(request, "help_requests", further) if further else "",
    )


@requires_role("operator")
async def done(request: web.Request) -> web.Response:
    """Close a request, or open it again."""
    context, sent = context_of(request), await form_of(request)
    key = (str(sent.get("rule", ""))[:MAX_TEXT], str(sent.get("subject", ""))[:MAX_TEXT])
    by, now, back = person_of(request), context.clock(), str(sent.get("back", ""))
    asked = await context.store.help_requests.one(*key)
    if asked is None:
        raise web.HTTPNotFound
    whom = asked.person or (
        device_named(asked.device)
        if asked.device
        else phrase("a client with the reference %(reference)s", reference=asked.reference)
    )
    if sent.get("done") == "no":
        again = await reopen_requests(context, [key], by, now)
        was = phrase("The request of %(whom)s was open already.", whom=whom)
        say_on_next_page(
            request, phrase("The request of %(whom)s is open again.", whom=whom) if again else was
        )
        return redirect_back(request, sent, "help_requests")
    if await finish_requests(context, [key], by, now):
        say_on_next_page(
            request,
            phrase("The request of %(whom)s is done.", whom=whom),
            address(request, "help_requests-done"),
            rule=key[0],
            subject=key[1],
            done="no",
        )
    else:
        say_on_next_page(request, phrase("The request of %(whom)s was done already.", whom=whom))
    return redirect_to(request, "people", {"login": back}) if back else redirect_to(request, "help_requests")


ROUTES = [
    web.get("/help", requests, name="help_requests"),
    web.post("/help/done", done, name="help_requests-done"),
]
