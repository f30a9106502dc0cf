"""What may have been, whichever way that came out which nobody knows."""

from collections.abc import Iterable

from tests.unit.policy.examples import PHONE, access, policy_of

from mailgate.policy import Policy
from mailgate.simulate.unknowns import PolicySide, PolicyVariants, UndeterminedRule, moves

SEEN = access(PHONE)
OPEN = {"effect": "allow"}


def remote(number: int) -> str:
    return f'request.remote == "10.0.0.{number}"'


def side(policy: Policy, texts: Iterable[str], **more: bool) -> PolicySide:
    """The conditions with these texts hang."""
    undetermined = {
        rule.id: UndeterminedRule(rule.when.text, **more)
        for rule in policy.rules
        if rule.when.text in [*texts]
    }
    return SEEN, PolicyVariants(policy), undetermined


def test_a_condition_in_both_policies_comes_out_the_same_way_in_both() -> None:
    one = policy_of({"when": remote(1), "effect": "warn"}, OPEN)
    other = policy_of({"when": remote(1)}, OPEN)
    assert moves(side(one, [remote(1)]), side(other, [remote(1)])) == {("allow", "allow"), ("warn", "block")}


def test_where_it_is_known_on_one_side_it_does_not_hang_there() -> None:
    one = policy_of({"when": "false", "effect": "block"}, OPEN)
    other = policy_of({"when": remote(1)}, OPEN)
    assert moves(side(one, []), side(other, [remote(1)])) == {("allow", "allow"), ("allow", "block")}


def test_two_conditions_come_out_in_every_way() -> None:
    one = policy_of({"when": remote(1), "effect": "warn"}, OPEN)
    other = policy_of({"when": remote(2), "effect": "warn"}, OPEN)
    assert len(moves(side(one, [remote(1)]), side(other, [remote(2)]))) == 4


def test_a_rule_behind_the_one_that_decides_has_no_part_in_it() -> None:
    many = [remote(number) for number in range(40)]
    policy = policy_of(*({"when": each} for each in many), OPEN)
    assert moves(side(policy, many), side(policy, many)) == {("block", "block"), ("allow", "allow")}


def test_a_condition_that_may_fail_keeps_out_who_would_be_let_in() -> None:
    open_rule = policy_of(OPEN)
    other = policy_of({"when": remote(1), "effect": "allow"}, OPEN)
    assert moves(side(open_rule, []), side(other, [remote(1)])) == {("allow", "allow")}
    assert ("allow", "block") in moves(side(open_rule, []), side(other, [remote(1)], fails=True))


def test_a_rule_that_only_reports_takes_nothing_from_one_with_the_same_condition() -> None:
    reports = {"when": remote(1), "stages": {"report_only": "2026-12-01"}}
    policy = policy_of(reports, {"when": remote(1), "effect": "warn"}, OPEN)
    assert moves(side(policy_of(OPEN), []), side(policy, [remote(1)])) == {
        ("allow", "allow"),
        ("allow", "warn"),
    }


def test_a_relief_may_be_over() -> None:
    spared = UndeterminedRule(reliefs=("relief 1",))
    old, new = policy_of({"when": "client.handheld", "effect": "warn"}, OPEN), policy_of({}, OPEN)
    both = moves(
        (SEEN, PolicyVariants(old), {"rule-0": spared}), (SEEN, PolicyVariants(new), {"rule-0": spared})
    )
    assert both == {("allow", "allow"), ("warn", "block")}
    one = moves((SEEN, PolicyVariants(old), {}), (SEEN, PolicyVariants(new), {"rule-0": spared}))
    assert one == {("warn", "allow"), ("warn", "block")}
