"""How people can be told of a plan before it restricts them: the notice of each rule, or why there is none yet."""

from collections.abc import Iterator
from datetime import datetime

from mailgate.model.fact import Fact, Words
from mailgate.model.phrase import phrase
from mailgate.policy import Policy
from mailgate.rollout.plan import Plan
from mailgate.store import MailKind
from mailgate.views.notices import rule_notices

RESTRICTING = ("block", "challenge", "warn")


class Telling(Fact):
    """The notice for the people whom a rule of a plan restricts."""

    rule: str
    """The rule's id."""
    kind: MailKind | None
    """The kind of notice that may be sent now; null if none may."""
    version: int
    """The version in force, whose notice it is."""
    why_not: Words
    """Why no notice may be sent yet; empty if one may."""
    dated: bool
    """Whether the rule restricts nobody before a date, so that its notice can be sent once the plan is in force."""


def tellings(plan: Plan, in_force: Policy, version: int, now: datetime) -> Iterator[Telling]:
    """The notice of each rule that newly restricts somebody, now or later."""
    now_hit = {row.value for label in RESTRICTING for row in plan.newly[label].by.get("rule", ())}
    known = {each.rule: each for each in rule_notices(in_force, version, now)}
    for rule in rules_hitting(plan):
        notices = known.get(rule)
        if notices is not None and notices.kinds:
            yield Telling(
                rule=rule, kind=notices.kinds[0], version=version, why_not="", dated=rule not in now_hit
            )
        elif notices is not None:
            yield Telling(
                rule=rule, kind=None, version=version, why_not=notices.why_not, dated=rule not in now_hit
            )
        else:
            why = phrase("it is not in force yet, and nobody is told of a rule before it is")
            yield Telling(rule=rule, kind=None, version=version, why_not=why, dated=rule not in now_hit)


def rules_hitting(plan: Plan) -> list[str]:
    """The rules that newly restrict somebody, in the order of the number of devices."""
    found: dict[str, int] = {}
    for newly in (plan.newly, *(each.newly for each in plan.later)):
        for label in RESTRICTING:
            for row in newly[label].by.get("rule", ()):
                found[row.value] = max(found.get(row.value, 0), row.devices)
    return sorted((each for each in found if each != "default"), key=lambda each: -found[each])
