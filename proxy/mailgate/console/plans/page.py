"""Plans: what a candidate would change, for whom by name, as pictures and in numbers; approving a plan, and putting it in force."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from aiohttp import web

from mailgate.console.access import requires_role
from mailgate.console.address_values import whole
from mailgate.console.context import ConsoleContext, context_of, language_of, person_of, roles_of
from mailgate.console.devices.page import number
from mailgate.console.drafts.drafting import candidate_for, rules_of_plan
from mailgate.console.forms import form_of, note_of
from mailgate.console.layout import redirect_after, redirect_to, show
from mailgate.console.notices.facts import WORDS, notices_on_dates
from mailgate.console.plans import facts
from mailgate.console.plans.facts import PlanNotice, plan_notices, rules_hitting
from mailgate.console.plans.movers import CSV_COLUMNS as MOVER_COLUMNS
from mailgate.console.plans.movers import moments_of, movers_as_rows, page_of_movers, table_of
from mailgate.console.plans.outcome import outcome_of, panel_of
from mailgate.console.plans.picture import impact_at, impact_words, panels, picture
from mailgate.console.plans.review import (
    PlannedRule,
    checks_of,
    losers_of,
    planned_policy,
    planned_rules,
    stages_picture,
)
from mailgate.console.policy.versions import Names, names_in
from mailgate.console.query_parameters import READERS, accepts_parameters, filter_in, parameters_in, values_of
from mailgate.console.responses import send_sheet
from mailgate.console.spreadsheet import beginning, lines, saved_as
from mailgate.errors import ConfigError, Mistake
from mailgate.model.phrase import phrase, sentence
from mailgate.policy.reliefs import Relief
from mailgate.rollout import activation, approvals
from mailgate.rollout.approvals import PlanStatus, plan_status
from mailgate.rollout.kept_plans import PLAN_AGE, find_plan, read_plan
from mailgate.rollout.person import RefusedError
from mailgate.rollout.plan import DAYS, Counts, Plan
from mailgate.rollout.planning import exempt_in
from mailgate.store import StoredPlan


async def watch(request: web.Request) -> web.Response:
    context = context_of(request)
    found = await find_plan(context.store, request.match_info["digest"])
    plan = read_plan(found)
    became = await outcome_of(context.store, found, plan, context.clock())
    language = replace(language_of(request), dated=True)
    if became is None:
        return redirect_to(request, "policy-plan", digest=found.digest)
    outcome, watched = became
    hitting, dated = rules_hitting(plan), await notices_on_dates(context.store, context.bundle().policy)
    on_dates = [each for each in dated if each.rule in hitting and each.version == outcome.version]
    by_themselves = {each.rule for each in on_dates}
    return await show(
        request,
        "plan_outcome.html",
        lang=language,
        plan=plan,
        outcome=outcome,
        panel=panel_of(outcome, language),
        headline=facts.headline_of(plan),
        more=facts.more_of(plan),
        watched=watched,
        on_dates=on_dates,
        off=context.bundle().policy.reliefs.off(context.clock()),
        words=WORDS,
        notices=[
            each for each in _mailable(request, plan, outcome.version) if each.rule not in by_themselves
        ],
        **await _names(context, found),
    )


def _mailable(request: web.Request, plan: Plan, version: int) -> list[PlanNotice]:
    """The notices that this person may send now about a plan in force."""
    context, bundle = context_of(request), context_of(request).bundle()
    if bundle.settings.notices is None or "operator" not in roles_of(request):
        return []
    return [each for each in plan_notices(plan, bundle.rules, version, context.clock()) if each.kind]


SIZE = 50
MAX_ROW = 10**18 - 1
"""The highest number of a row in an address."""
MAX_DAYS = 366
SAYS = {
    "block": phrase("Whoever it applies to gets no mail"),
    "challenge": phrase("Whoever it applies to has to prove the device"),
    "warn": phrase("Whoever it applies to is warned, and gets mail"),
    "allow": phrase("Whoever it applies to gets mail"),
}
"""What a rule without a title does, by its effect."""
NOTIFYING = ("open", "in force")
"""The states of a plan in which its people may be told."""
SVG_ALONE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The Content-Security-Policy of a picture with its own styles."""


async def plans(request: web.Request) -> web.Response:
    return await _listed(request)


@requires_role("operator", "approver")
async def make(request: web.Request) -> web.Response:
    """Begin to plan the files on disk, rules that were sent in place of them, or a version that was in force."""
    context, sent = context_of(request), await form_of(request)
    days = number(str(sent.get("days", DAYS)))
    text = (
        sent.get("file", "") if sent.get("from") == "upload" else None
    )  # without it those on disk are planned
    again = str(sent.get("plan", ""))
    version = number(str(sent.get("version", ""))) or None
    if not 1 <= days <= MAX_DAYS:
        return await _listed(request, 422, [phrase("Enter 1 to %(most)s days.", most=MAX_DAYS)])
    try:
        candidate = await (rules_of_plan(context, again) if again else candidate_for(context, text, version))
    except ConfigError as error:
        return await _listed(request, 422, mistakes=error.mistakes)
    if not context.planning.start(candidate, days, person_of(request), context.clock()):
        return await _listed(request, 409, [phrase("Another plan is being made. Wait until it is ready.")])
    return redirect_after(request, phrase("We are making the plan."), "policy-plans")


@accepts_parameters(**READERS, after=whole(MAX_ROW))
async def plan(request: web.Request) -> web.Response:
    return await _shown(request)


async def draw(request: web.Request) -> web.Response:
    """The picture, to show in a page or to download."""
    found = await find_plan(context_of(request).store, request.match_info["digest"])
    headers = {"Content-Security-Policy": SVG_ALONE}
    return web.Response(
        text=picture(read_plan(found), language_of(request)), content_type="image/svg+xml", headers=headers
    )


@accepts_parameters(**READERS)
async def movers(request: web.Request) -> web.StreamResponse:
    """Send all movers by name as a spreadsheet, while they are read."""
    context = context_of(request)
    found = await find_plan(context.store, request.match_info["digest"])
    wanted = filter_in(parameters_in(request.query))
    catalog = context.bundle().policy.catalog
    rows = movers_as_rows(context.store, found, read_plan(found), catalog, wanted)
    return await send_sheet(request, _named(found, "people"), MOVER_COLUMNS, rows)


async def sheet(request: web.Request) -> web.Response:
    """The counts, as a spreadsheet."""
    found = await find_plan(context_of(request).store, request.match_info["digest"])
    text = beginning(facts.CSV_COLUMNS) + lines(facts.rows_of(read_plan(found)))
    named = {"Content-Disposition": saved_as(_named(found, "counts"))}
    return web.Response(text=text, content_type="text/csv", headers=named)


@accepts_parameters(**READERS, after=whole(MAX_ROW))
@requires_role("approver")
async def approve(request: web.Request) -> web.Response:
    return await _decided(request, approvals.approve, phrase("You approved this plan."))


@accepts_parameters(**READERS, after=whole(MAX_ROW))
@requires_role("approver")
async def send_back(request: web.Request) -> web.Response:
    return await _decided(request, approvals.send_back, phrase("You sent this plan back."))


async def _decided(
    request: web.Request, decide: Callable[..., Awaitable[PlanStatus]], done: str
) -> web.Response:
    """An approver's decision, after the page that says whom the plan is about."""
    context, note = context_of(request), await _confirmed(request)
    if note is None:
        return await _shown(request)
    digest, who = request.match_info["digest"], person_of(request)
    try:
        await decide(context.store, digest, who, note, context.clock(), context.guard)
    except RefusedError as error:
        return await _shown(request, refused=error, note=note)
    return redirect_after(request, done, "policy-plan", digest=digest)


@accepts_parameters(**READERS, after=whole(MAX_ROW))
@requires_role("operator")
async def apply(request: web.Request) -> web.Response:
    """Start a plan, after the page with its numbers and the objections to it."""
    context, note = context_of(request), await _confirmed(request)
    if note is None:
        return await _shown(request)
    override = (await form_of(request)).get("override") == "yes"
    digest, person = request.match_info["digest"], person_of(request)
    try:
        done = await activation.apply(
            context.store, digest, person, note, context.clock(), context.guard, override=override
        )
    except RefusedError as error:
        return await _shown(request, refused=error, note=note)
    digest = (await find_plan(context.store, digest)).digest
    said = phrase("You started this plan.")
    if done.already and done.author != person.name:
        said = phrase("%(who)s has already started this plan.", who=done.author)
    return redirect_after(request, said, "policy-plan-watch", digest=digest)


def _named(found: StoredPlan, what: str) -> str:
    return f"plan-{found.digest[:12]}-{what}"


async def _confirmed(request: web.Request) -> str | None:
    """The note of a confirmed form; None if it is not confirmed yet."""
    sent = await form_of(request) if request.method == "POST" else {}
    return note_of(sent) if sent.get("confirmed") == "yes" else None


async def _shown(request: web.Request, refused: RefusedError | None = None, note: str = "") -> web.Response:
    """The page of a plan. A ``refused`` form is shown again with its texts."""
    context, now = context_of(request), context_of(request).clock()
    bundle = context.bundle()
    found = await find_plan(context.store, request.match_info["digest"])
    guard = context.guard
    language = replace(language_of(request), dated=True)
    status = await plan_status(context.store, found, guard, now)
    body, said = status.body, parameters_in(request.query)
    after, catalog = number(request.query.get("after", "")), bundle.policy.catalog
    losers = await losers_of(context, found, body)
    rules = await _rules(found, body, now)
    by_themselves = {each.words.id for each in rules if each.sends}
    return await show(
        request,
        "plan.html",
        409 if refused else 200,
        lang=language,
        wrong=sentence(refused.words) if refused else "",
        note=note,
        plan=body,
        plan_status=status,
        ends=found.made_at + PLAN_AGE,
        approvers=sorted(guard.approvers - {found.author}) if guard else [],
        operators=sorted(name for name, each in bundle.settings.admins.items() if "operator" in each.roles),
        headline=facts.headline_of(body),
        more=facts.more_of(body),
        rules=rules,
        exempt_from=partial(_exempt_from, bundle.policy.reliefs.exemptions(now)),
        says=SAYS,
        stages_picture=partial(stages_picture, translator=language),
        losers=losers,
        regaining=facts.regaining_in_words(body),
        checks=list(checks_of(status, losers)),
        panels=panels(body, language),
        impact_words=impact_words(body),
        worst_at=impact_at(body),
        impact=list(table_of(body)),
        moments=moments_of(body),
        newly=facts.NEWLY,
        undated=list(facts.undated_in_words(body)),
        held_back=facts.held_back_in_words(body),
        movers=await page_of_movers(context.store, found, body, catalog, filter_in(said), after, SIZE),
        said=said,
        values={name: values_of(body, name) for name in ("group", "kind", "rule")},
        plan_notices=[
            each
            for each in plan_notices(body, bundle.rules, await _in_force(context), now)
            if status.state in NOTIFYING and each.rule not in by_themselves
        ],
        idle=list(facts.idle_rules(body.rules)),
        notes=list(facts.notes_of(body)),
        **await _names(context, found),
    )


async def _names(context: ConsoleContext, found: StoredPlan) -> Names:
    """What the rules and apps of a plan are called, which may be in force no more, or not yet."""
    running = context.bundle().policy
    try:
        return names_in(running, await planned_policy(found))
    except ConfigError:
        return names_in(running)


async def _rules(found: StoredPlan, plan: Plan, now: datetime) -> list[PlannedRule]:
    """The rules of a plan; none if this release cannot read them, since the differences are said all the same."""
    try:
        return await planned_rules(found, plan, now)
    except ConfigError:
        return []


def _exempt_from(exemptions: Sequence[Relief], rule: str) -> Counts:
    """Who is exempt from a rule now."""
    return exempt_in(each for each in exemptions if each.rule in ("", rule))


async def _in_force(context: ConsoleContext) -> int:
    active = await context.store.policies.active()
    return active.number if active else 0


async def _listed(
    request: web.Request, status: int = 200, wrong: Sequence[str] = (), mistakes: Sequence[Mistake] = ()
) -> web.Response:
    context = context_of(request)
    found = await approvals.plan_statuses(context.store, context.guard, context.clock(), SIZE)
    return await show(
        request,
        "plans.html",
        status,
        found=found,
        wrong=wrong,
        mistakes=mistakes,
        making=context.planning.last,
        days=DAYS,
        headline_of=facts.headline_of,
        more_of=facts.more_of,
        losers_in_words=facts.losers_in_words,
    )


ROUTES = [
    web.get("/policy/plans", plans, name="policy-plans"),
    web.post("/policy/plans", make, name="policy-plans-make"),
    web.get("/policy/plans/{digest:[0-9a-f]+}", plan, name="policy-plan"),
    web.get("/policy/plans/{digest:[0-9a-f]+}/picture.svg", draw, name="policy-plan-picture"),
    web.get("/policy/plans/{digest:[0-9a-f]+}/counts.csv", sheet, name="policy-plan-csv"),
    web.get("/policy/plans/{digest:[0-9a-f]+}/people.csv", movers, name="policy-plan-movers"),
    web.get("/policy/plans/{digest:[0-9a-f]+}/approve", approve, name="policy-plan-approve"),
    web.post("/policy/plans/{digest:[0-9a-f]+}/approve", approve),
    web.post("/policy/plans/{digest:[0-9a-f]+}/send-back", send_back, name="policy-plan-send-back"),
    web.get("/policy/plans/{digest:[0-9a-f]+}/apply", apply, name="policy-plan-apply"),
    web.post("/policy/plans/{digest:[0-9a-f]+}/apply", apply),
    web.get("/policy/plans/{digest:[0-9a-f]+}/watch", watch, name="policy-plan-watch"),
]
