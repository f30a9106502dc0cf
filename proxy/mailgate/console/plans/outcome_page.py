"""A plan in force: its outcome compared with its prediction, and a way to take it back."""

from aiohttp import web

from mailgate.console.context import context_of, language_of
from mailgate.console.layout import redirect_to, show
from mailgate.console.plans.facts import headline_of, more_of
from mailgate.console.plans.outcome import outcome_of, panel_of
from mailgate.rollout.kept_plans import find_plan, read_plan


async def watch(request: web.Request) -> web.Response:
    context = context_of(request)
    found = await find_plan(context.store, request.match_info["digest"])
    plan = read_plan(found)
    outcome = await outcome_of(context.store, found, plan, context.clock())
    language = language_of(request)
    if outcome is None:
        return redirect_to(request, "policy-plan", digest=found.digest)
    return await show(
        request,
        "plan_outcome.html",
        plan=plan,
        outcome=outcome,
        panel=panel_of(outcome, language),
        headline=headline_of(plan),
        more=more_of(plan),
    )


ROUTES = [web.get("/policy/plans/{digest:[0-9a-f]+}/watch", watch, name="policy-plan-watch")]
