"""Who could be told of a plan first."""

from datetime import timedelta

from tests.unit.policy.examples import NOW, policy_of
from tests.unit.rollout.plans import LABELS, NEWLY, hit, plan_of

from mailgate.store import MailKind
from mailgate.views.plan_telling import rules_hitting, tellings

BY = {
    "rule": [{"value": "phones", "people": 1, "devices": 2}, {"value": "default", "people": 9, "devices": 9}]
}
PLAN = plan_of(newly=dict.fromkeys(LABELS, NEWLY) | {"block": hit(1, 2, by=NEWLY["by"] | BY)})
STAGES = {"enforce": (NOW + timedelta(days=3)).isoformat()}


def test_rules_that_hit_anybody_are_those_that_one_could_tell_of() -> None:
    assert rules_hitting(PLAN) == ["phones"]
    assert rules_hitting(plan_of()) == []


def test_a_rule_in_force_with_a_date_leads_to_its_notice() -> None:
    policy = policy_of({"id": "phones", "effect": "block", "stages": STAGES}, {"effect": "allow"})
    (telling,) = tellings(PLAN, policy, 4, NOW)
    assert (telling.kind, telling.version) == (MailKind.UPCOMING, 4)


def test_of_a_rule_that_is_not_in_force_it_is_said_why_nobody_can_be_told_yet() -> None:
    (telling,) = tellings(PLAN, policy_of({"effect": "allow"}), 4, NOW)
    assert (telling.kind, "not in force yet" in telling.why_not) == (None, True)
