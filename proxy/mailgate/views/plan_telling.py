"""How people whom a plan hits can be told: by the notice of a rule once the plan is in force, since a notice says what the rules in force do."""

from collections.abc import Iterator
from datetime import datetime

from mailgate.config import Rules
from mailgate.model.fact import Fact, Words
from mailgate.rollout.plan import Plan
from mailgate.store import MailKind
from mailgate.views.notices import rule_notices

RESTRICTING = ("block", "challenge", "warn")


class Telling(Fact):
    """How people whom a rule of a plan hits can be told."""

    rule: str
    """The rule's id."""
    kind: MailKind | None
    """The notice that may be sent now. Null where none may, and while the plan is not in force: it would say what the rule does today, to others."""
    version: int
    """The version in force, which the notice is of."""
    why_not: Words
    """Why none may be sent although the plan is in force."""
    dated: bool
    """Whether the rule hits nobody before a date, so that its notice can be sent once the plan is in force."""
    new: bool
    """Whether the rules in force have no rule of this id."""


def tellings(plan: Plan, in_force: Rules, version: int, now: datetime) -> Iterator[Telling]:
    """For each rule that newly restricts somebody, now or later."""
    now_hit = {row.value for label in RESTRICTING for row in plan.newly[label].by.get("rule", ())}
    known = {each.rule: each for each in rule_notices(in_force.policy, version, now)}
    decides = in_force.digest == plan.candidate.digest
    for rule in rules_hitting(plan):
        notices = known.get(rule)
        kinds = notices.kinds if decides and notices else ()
        yield Telling(
            rule=rule,
            kind=kinds[0] if kinds else None,
            version=version,
            why_not=notices.why_not if decides and notices else "",
            dated=rule not in now_hit,
            new=notices is None,
        )


def rules_hitting(plan: Plan) -> list[str]:
    """The rules that newly restrict somebody, those that hit most first."""
    found: dict[str, int] = {}
    for newly in (plan.newly, *(each.newly for each in plan.later)):
        for label in RESTRICTING:
            for row in newly[label].by.get("rule", ()):
                found[row.value] = max(found.get(row.value, 0), row.devices)
    return sorted((each for each in found if each != "default"), key=lambda each: -found[each])
