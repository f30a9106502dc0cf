"""How people whom a plan hits can be told."""

import json
from datetime import timedelta
from typing import Any

from tests.unit.policy.examples import NOW
from tests.unit.rollout.examples import rules
from tests.unit.rollout.plans import LABELS, NEWLY, hit, plan_of

from mailgate.config import Rules
from mailgate.console.plans.notices import PlanNotice, plan_notices, rules_hitting
from mailgate.rollout.plan import Plan
from mailgate.store import MailKind

BY = {
    "rule": [{"value": "phones", "people": 1, "devices": 2}, {"value": "default", "people": 9, "devices": 9}]
}
HIT = dict.fromkeys(LABELS, NEWLY) | {"block": hit(1, 2, by=NEWLY["by"] | BY)}
STAGES = {"enforce": (NOW + timedelta(days=3)).isoformat()}


def blocking(**rule: Any) -> Rules:
    return rules(json.dumps({"rules": [{"id": "phones", "when": "true", "effect": "block"} | rule]}))


def planned(candidate: Rules, **said: Any) -> Plan:
    named = {"policy": candidate.policy.version, "digest": candidate.digest}
    return plan_of(candidate=named, **said)


def told(plan: Plan, in_force: Rules) -> PlanNotice:
    (telling,) = plan_notices(plan, in_force, 4, NOW)
    return telling


def test_rules_that_hit_anybody_are_those_that_one_could_tell_of() -> None:
    assert rules_hitting(plan_of(newly=HIT)) == ["phones"]
    assert rules_hitting(plan_of()) == []


def test_the_running_notice_is_not_for_people_whom_a_plan_adds() -> None:
    telling = told(planned(blocking(share="60%"), newly=HIT), blocking(share="40%"))
    assert (telling.kind, telling.dated, telling.new) == (None, False, False)


def test_the_running_notice_does_not_tell_the_date_of_a_plan() -> None:
    later = [{"at": (NOW + timedelta(days=1)).isoformat(), "newly": HIT}]
    telling = told(planned(blocking(), later=later), blocking(stages=STAGES))
    assert (telling.kind, telling.dated, telling.new) == (None, True, False)


def test_a_rule_that_is_not_in_force_has_no_notice_yet() -> None:
    telling = told(planned(blocking(), newly=HIT), rules())
    assert (telling.kind, telling.dated, telling.new) == (None, False, True)


def test_after_the_start_the_notice_is_for_people_of_the_plan() -> None:
    candidate = blocking(stages=STAGES)
    telling = told(planned(candidate, newly=HIT), candidate)
    assert (telling.kind, telling.version, telling.why_not) == (MailKind.UPCOMING, 4, "")
