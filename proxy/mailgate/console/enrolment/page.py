"""*Enrolment*: tokens with which devices enrol, enrolled keys, and revoking them."""

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.address_values import line
from mailgate.console.context import context_of, person_of
from mailgate.console.devices.page import number
from mailgate.console.enrolment.tokens import MAX_USES, make_code, make_token
from mailgate.console.forms import form_of
from mailgate.console.layout import redirect_after, show
from mailgate.console.query_parameters import POSITION, accepts_parameters, position_in, position_values
from mailgate.model.phrase import phrase
from mailgate.rollout import counted_acts
from mailgate.store import Named, RowPosition
from mailgate.store.shut_enrolments import Sort

SIZE = 50
LIVES = {"1": phrase("1 day"), "7": phrase("7 days"), "30": phrase("30 days")}
MAX_NAME = 255


@requires_role("operator")
async def make(request: web.Request) -> web.Response:
    """Make a token and show it once."""
    context, sent = context_of(request), await form_of(request)
    user, note = (str(sent.get(name, "")).strip() for name in ("user", "note"))
    uses, days = number(str(sent.get("uses", ""))), str(sent.get("days", ""))
    if max(len(user), len(note)) > MAX_NAME or not (user + note).isprintable():
        wrong = phrase(
            "Use one line of %(longest)s characters or fewer for a name or note.", longest=MAX_NAME
        )
        return await show_enrolment(request, 422, wrong=wrong)
    if not 1 <= uses <= MAX_USES or days not in LIVES:
        wrong = phrase("Enter 1 to %(most_uses)s devices.", most_uses=MAX_USES)
        return await show_enrolment(request, 422, wrong=wrong)
    by, now = person_of(request), context.clock()
    owner = context.bundle().settings.logins.person(user)
    text, _ = await make_token(context.store, by, now, user=owner, note=note, uses=uses, days=int(days))
    return await show_enrolment(request, made=text)


@requires_role("operator")
async def code(request: web.Request) -> web.Response:
    """Make a code for one browser and show it once, with what to do with it."""
    desk, user = context_of(request), str((await form_of(request)).get("user", "")).strip()
    if not user or len(user) > MAX_NAME or not user.isprintable():
        wrong = phrase("Enter one login name of %(longest)s characters or fewer.", longest=MAX_NAME)
        return await show_enrolment(request, 422, wrong=wrong)
    owner = desk.bundle().settings.logins.person(user)
    text = await make_code(desk.store, person_of(request), desk.clock(), owner)
    return await show_enrolment(request, code=text, owner=owner)


_SORTS = {"token": Sort.ANY, "key": Sort.KEY, "machine": Sort.MACHINE, "person": Sort.PERSON}


@requires_role("operator", "approver")
async def revoke(request: web.Request) -> web.Response:
    """Ask for confirmation, then revoke it at every gate within a second."""
    context, sent = context_of(request), await form_of(request)
    what, named = str(sent.get("what", "token")), _named(request, sent)
    if named is None:
        return await show_enrolment(
            request, 422, wrong=phrase("Enter the name of a computer or of a person.")
        )
    if sent.get("confirmed") != "yes":
        shut = context.store.shut
        return await show(
            request,
            "enrolment_revoke.html",
            name=named.name,
            what=what,
            count=await shut.valid_keys(named),
            with_keys=await shut.valid_keys(replace(named, with_keys=True)) if what == "token" else 0,
        )
    by, now = person_of(request), context.clock()
    if not await counted_acts.revoke(context.store, context.guard, by, now, named):
        raise web.HTTPNotFound
    return redirect_after(request, phrase("%(name)s is revoked.", name=named.name), "enrolment")


@requires_role("operator")
async def allow(request: web.Request) -> web.Response:
    """Let a computer or a person enrol again."""
    context, named = context_of(request), _named(request, await form_of(request))
    by, now = person_of(request), context.clock()
    if named is None or not await counted_acts.allow_enrolment(context.store, by, now, named):
        raise web.HTTPNotFound
    return redirect_after(request, phrase("%(name)s may enrol again.", name=named.name), "enrolment")


def _named(request: web.Request, sent: Mapping[str, object]) -> Named | None:
    """What a form names; None if it names nothing."""
    name = str(sent.get("name", "")).strip()[:MAX_NAME]
    sort = _SORTS.get(str(sent.get("what", "token")))
    if sort is None or not name or not name.isprintable():
        return None
    called = context_of(request).bundle().settings.logins.person(name) if sort is Sort.PERSON else name
    return Named(called, sort, sort is Sort.ANY and sent.get("with_keys") == "yes")


@accepts_parameters(key=line(), shut=line(MAX_NAME), **POSITION)
async def show_enrolment(
    request: web.Request,
    status: int = 200,
    *,
    made: str = "",
    wrong: str = "",
    code: str = "",
    owner: str = "",
) -> web.Response:
    store = context_of(request).store.enrolments
    sought = request.query.get("shut", "").strip()
    keys = await store.page(request.query.get("key", ""), SIZE)
    tokens = await store.tokens(SIZE + 1, position_in(request.query))
    last = tokens[SIZE - 1] if len(tokens) > SIZE else None
    return await show(
        request,
        "enrolment.html",
        status,
        shows=keys or {"person": owner},
        tokens=tokens[:SIZE],
        older=position_values(RowPosition(last.made_at, last.name)) if last else {},
        keys=keys,
        shut=await context_of(request).store.shut.all(sought, SIZE + 1),
        sought=sought,
        size=SIZE,
        more=keys[-1].thumbprint if len(keys) == SIZE else "",
        made=made,
        code=code,
        owner=owner,
        mail=context_of(request).bundle().settings.public_url,
        wrong=wrong,
        lives=LIVES,
        now=context_of(request).clock(),
    )


ROUTES = [
    web.get("/enrolment", show_enrolment, name="enrolment"),
    web.post("/enrolment", make, name="enrolment-make"),
    web.post("/enrolment/code", code, name="enrolment-code"),
    web.post("/enrolment/revoke", revoke, name="enrolment-revoke"),
    web.post("/enrolment/allow", allow, name="enrolment-allow"),
]
