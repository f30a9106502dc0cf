"""A rule: its effect, and small changes of it: the date of a stage, its share, and the apps on its lists."""

from datetime import date, datetime

from aiohttp import web

from mailgate.config import Rules
from mailgate.config.text_edits import EditError, written_start
from mailgate.console.apps.facts import lists_named
from mailgate.console.context import context_of
from mailgate.console.layout import show
from mailgate.console.policy.rules import rules_in_words
from mailgate.policy.edits import DATED_STAGES, rule_of
from mailgate.policy.rules import Rule
from mailgate.tasks import compute

_DAY = len("2026-12-01")


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
        starts=starts,
        lacking=[each for each in DATED_STAGES if each not in {stage for stage, _, _ in starts}],
        share=f"{found.share * 100:g}",
        lists={each: catalog.lists.get(each, ()) for each in sorted(lists_named(found))},
        apps=catalog.apps,
        name_of=catalog.name_of,
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


ROUTES = [web.get("/policy/rules/{rule}", rule, name="policy-rule")]
