"""How people can be told of a plan that restricts them: by the notice of a rule once the plan is in force, since a
notice describes the rules in force."""

from collections.abc import Iterator
from datetime import datetime

from mailgate.config import Rules
from mailgate.console.notices.facts import rule_notices
from mailgate.model.fact import Fact, Words
from mailgate.rollout.plan import Plan
from mailgate.store import MailKind

RESTRICTING = ("block", "challenge", "warn")


class PlanNotice(Fact):
    """The notice for the people whom a rule of a plan restricts."""

    rule: str
    """The rule's id."""
    kind: MailKind | None
    """The kind of notice that may be sent now. Null if none may, and while the plan is not in force, since the notice
    would describe what the rule does today."""
    version: int
    """The version in force, whose notice it is."""
    why_not: Words
    """Why no notice may be sent although the plan is in force; empty otherwise."""
    dated: bool
    """Whether the rule restricts nobody before a date, so that its notice can be sent once the plan is in force."""
    new: bool
    """Whether the rules in force have no rule of this id."""


def plan_notices(plan: Plan, in_force: Rules, version: int, now: datetime) -> Iterator[PlanNotice]:
    """The notice of each rule that newly restricts somebody, now or later."""
    now_hit = {row.value for label in RESTRICTING for row in plan.newly[label].by.get("rule", ())}
    known = {each.rule: each for each in rule_notices(in_force.policy, version, now)}
    decides = in_force.digest == plan.candidate.digest
    for rule in rules_hitting(plan):
        notices = known.get(rule)
        kinds = notices.kinds if decides and notices else ()
        yield PlanNotice(
            rule=rule,
            kind=kinds[0] if kinds else None,
            version=version,
            why_not=notices.why_not if decides and notices else "",
            dated=rule not in now_hit,
            new=notices is None,
        )


def rules_hitting(plan: Plan) -> list[str]:
    """The rules that newly restrict somebody, in the order of the number of devices."""
    found: dict[str, int] = {}
    for newly in (plan.newly, *(each.newly for each in plan.later)):
        for label in RESTRICTING:
            for row in newly[label].by.get("rule", ()):
                found[row.value] = max(found.get(row.value, 0), row.devices)
    return sorted((each for each in found if each != "default"), key=lambda each: -found[each])
