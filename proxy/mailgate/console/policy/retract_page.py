"""Takes rules back: to the version before, or to another one that was in force."""

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.context import context_of, person_of, roles_of
from mailgate.console.forms import form_of, note_of
from mailgate.console.layout import redirect_to, show
from mailgate.console.policy.versions import difference, version_of
from mailgate.model.phrase import phrase
from mailgate.rollout import activation
from mailgate.rollout.guard import guard_of
from mailgate.rollout.person import RefusedError


@requires_role("operator", "approver")
async def retract(request: web.Request) -> web.Response:
    """Ask for confirmation in words and numbers, then take the rules back at once."""
    context, sent = context_of(request), await form_of(request)
    to = await version_of(context.store, str(sent.get("to", ""))[:64])
    now_in_force = await version_of(context.store, "")
    if to.number == now_in_force.number:
        raise RefusedError(phrase("version %(number)s is in force already", number=str(to.number)))
    if sent.get("confirmed") != "yes":
        found = (await difference(now_in_force, to)).changes
        ids = {each.about.removeprefix("rule ") for each in found}
        refused = context.verdict_rates.refusals(context.clock())
        hit = sum(count for refusal, count in refused.items() if refusal.rule in ids)
        return await show(
            request, "retract.html", back_to=to, now_in_force=now_in_force, changes=found, hit=hit
        )
    note = note_of(sent)
    guard, operates = guard_of(context.bundle().settings), "operator" in roles_of(request)
    who, now = person_of(request), context.clock()
    await activation.retract(context.store, who, note, now, to.number, guard, operates=operates)
    return redirect_to(request, "policy")


ROUTES = [web.post("/policy/retract", retract, name="policy-retract")]
