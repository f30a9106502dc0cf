"""*Rules*: the rules in force, one of them with small changes of it, versions, their differences, and the way back to one."""

from datetime import date, datetime, timedelta

from aiohttp import web

from mailgate.config import Rules
from mailgate.config.text_edits import EditError, written_start
from mailgate.console.access import requires_role
from mailgate.console.address_values import line
from mailgate.console.apps.facts import lists_named
from mailgate.console.context import ConsoleContext, context_of, person_of, roles_of
from mailgate.console.drafts.drafting import uncommitted_now
from mailgate.console.forms import form_of, note_of
from mailgate.console.layout import redirect_after, show
from mailgate.console.now.traffic import refused_within_hour
from mailgate.console.policy.rules import rules_in_words
from mailgate.console.policy.versions import (
    Names,
    VersionDifference,
    difference,
    names_in,
    version_of,
    way_back,
)
from mailgate.console.query_parameters import accepts_parameters
from mailgate.model.phrase import phrase
from mailgate.policy.edits import DATED_STAGES, rule_of
from mailgate.policy.rule_states import STATE_OF_EFFECT
from mailgate.policy.rules import Rule
from mailgate.rollout import activation
from mailgate.rollout.person import RefusedError
from mailgate.tasks import compute

_DAY = len("2026-12-01")
MONTH = timedelta(days=30)


async def rule(request: web.Request) -> web.Response:
    context = context_of(request)
    rules, now = context.bundle().rules, context.clock()
    name = request.match_info["rule"]
    found = rule_of(rules.policy, name)
    if found is None:
        raise web.HTTPNotFound
    catalog, starts = rules.policy.catalog, await compute(_starts, rules, found)
    described = await compute(rules_in_words, rules.policy, now)
    return await show(
        request,
        "policy_rule.html",
        rule=next(each for each in described if each.id == name),
        let_ins=(await context.store.reliefs.let_ins(now - MONTH)).get(name, 0)
        if found.self_service
        else None,
        starts=starts,
        last=STATE_OF_EFFECT[found.effect],
        before=await way_back(context.store, await context.store.policies.history(SIZE)),
        off=_off(context),
        lacking=[each for each in DATED_STAGES if each not in {stage for stage, _, _ in starts}],
        share=f"{found.share * 100:g}",
        lists={each: catalog.lists.get(each, ()) for each in sorted(lists_named(found))},
        apps=catalog.apps,
    )


def _starts(rules: Rules, rule: Rule) -> list[tuple[str, datetime, str]]:
    """Each stage with its start, and with the day that is written for it in the file."""
    found = []
    for stage, start in rule.stages.starts() if rule.stages else ():
        try:
            written = written_start(rules, rule.id, stage.value)
        except EditError:
            continue
        found.append((stage.value, start, date.fromisoformat(written[:_DAY]).isoformat()))
    return found


@requires_role("operator", "approver")
async def rollback(request: web.Request) -> web.Response:
    """Ask for confirmation in words and numbers, then roll back at once."""
    context, sent = context_of(request), await form_of(request)
    to = await version_of(context.store, str(sent.get("to", ""))[:64])
    now_in_force = await version_of(context.store, "")
    if to.number == now_in_force.number:
        raise RefusedError(phrase("version %(number)s is already running", number=str(to.number)))
    if sent.get("confirmed") != "yes":
        found = await difference(now_in_force, to)
        ids = {each.about.removeprefix("rule ") for each in found.changes}
        hit = await refused_within_hour(context.store, ids, context.clock())
        called = _names(request, found)
        return await show(request, "rollback.html", back_to=to, changes=found.changes, hit=hit, **called)
    note = note_of(sent)
    who, now, operates = person_of(request), context.clock(), "operator" in roles_of(request)
    done = await activation.retract(
        context.store, who, note, now, to.number, context.guard, operates=operates
    )
    words = phrase("You rolled back to version %(number)s.", number=str(to.number))
    return redirect_after(request, words, "policy-rolled-back", serial=str(done.serial))


async def rolled_back(request: web.Request) -> web.Response:
    """Who was corrected after a roll back, who was not and why, and what is left to do."""
    context, serial = context_of(request), int(request.match_info["serial"])
    found = await context.store.retractions.one(serial)
    history = await context.store.policies.history()
    done = next((each for each in history if each.serial == serial), None)
    if found is None or done is None:
        raise web.HTTPNotFound
    return await show(
        request,
        "rolled_back.html",
        done=done,
        decides=done is history[0],
        found=found,
        reached=await context.store.retractions.reached(found),
        sends=context.bundle().settings.notices is not None,
        asking=await context.store.help_requests.open_by(list(found.policies), found.at),
    )


SIZE = 100


async def policy(request: web.Request) -> web.Response:
    context = context_of(request)
    found, history = context.bundle().policy, await context.store.policies.history(SIZE)
    drafted, _ = await uncommitted_now(context, (await context.readiness()).rules.held)
    return await show(
        request,
        "policy.html",
        policy=found,
        rules=await compute(rules_in_words, found, context.clock()),
        history=history,
        uncommitted=drafted,
        before=await way_back(context.store, history),
        off=_off(context),
    )


def _off(context: ConsoleContext) -> set[str]:
    """The rules that halted or were turned off."""
    return {each.rule for each in context.bundle().policy.reliefs.for_everybody(context.clock())}


async def version(request: web.Request) -> web.Response:
    store = context_of(request).store
    return await show(
        request, "policy_version.html", version=await version_of(store, request.match_info["name"])
    )


@accepts_parameters(old=line(64), new=line(64))
async def diff(request: web.Request) -> web.Response:
    """The differences between two versions, in words and line by line."""
    store, asked = context_of(request).store, request.query
    old, new = [await version_of(store, asked.get(name, "").strip()) for name in ("old", "new")]
    found = await difference(old, new)
    return await show(
        request,
        "policy_diff.html",
        old=old,
        new=new,
        changes=found.changes,
        lines=found.lines,
        **_names(request, found),
    )


def _names(request: web.Request, found: VersionDifference) -> Names:
    """What rules and apps are called that may be gone from the version that runs, or not in it yet."""
    old, new = found.policies
    return names_in(context_of(request).bundle().policy, new, old)


ROUTES = [
    web.get("/policy", policy, name="policy"),
    web.get("/policy/versions/{name}", version, name="policy-version"),
    web.get("/policy/diff", diff, name="policy-diff"),
    web.get("/policy/rules/{rule}", rule, name="policy-rule"),
    web.post("/policy/rollback", rollback, name="policy-rollback"),
    web.get(r"/policy/rollbacks/{serial:\d{1,9}}", rolled_back, name="policy-rolled-back"),
]
