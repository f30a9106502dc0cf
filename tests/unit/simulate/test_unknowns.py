"""Conditions that may come out either way, and what may have been, whichever way they did."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.unit.policy.examples import CLEAN, NOW, PHONE, access, policy_of
from tests.unit.simulate.examples import OPEN

from mailgate.model import Posture, PostureState
from mailgate.policy import Policy
from mailgate.simulate.unknowns import (
    PolicySide,
    PolicyVariants,
    UndeterminedRule,
    future_undetermined_rules,
    moves,
    undetermined_rules,
)

SEEN = access(PHONE)


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


ONE, TWO = remote(1), remote(2)
MANY = [remote(number) for number in range(40)]
REPORTS = {"when": ONE, "stages": {"report_only": "2026-12-01"}}


@pytest.mark.parametrize(
    ("old", "hang_in_old", "new", "hang_in_new", "found"),
    [
        ([{"when": ONE, "effect": "warn"}], [ONE], [{"when": ONE}], [ONE], {"allow > allow", "warn > block"}),
        ([{"when": "false"}], [], [{"when": ONE}], [ONE], {"allow > allow", "allow > block"}),
        ([{"when": ONE, "effect": "warn"}], [ONE], [{"when": TWO, "effect": "warn"}], [TWO], {"allow > allow", "allow > warn", "warn > allow", "warn > warn"}),
        ([{"when": each} for each in MANY], MANY, [{"when": each} for each in MANY], MANY, {"allow > allow", "block > block"}),
        ([], [], [REPORTS, {"when": ONE, "effect": "warn"}], [ONE], {"allow > allow", "allow > warn"}),
        ([], [], [{"when": ONE, "effect": "allow"}], [ONE], {"allow > allow"}),
    ],
    ids=[
        "in both policies it comes out the same way",
        "where it is known on one side it does not hang there",
        "two come out in every way",
        "a rule behind the one that decides has no part in it",
        "a rule that only reports takes nothing from one with the same condition",
        "let in either way",
    ],
)  # fmt: skip
def test_conditions_that_hang_come_out_either_way(
    old: list[dict[str, str]],
    hang_in_old: list[str],
    new: list[dict[str, str]],
    hang_in_new: list[str],
    found: set[str],
) -> None:
    moved = moves(side(policy_of(*old, OPEN), hang_in_old), side(policy_of(*new, OPEN), hang_in_new))
    assert {f"{before} > {after}" for before, after in moved} == found


def test_a_condition_that_may_fail_keeps_out_who_would_be_let_in() -> None:
    other = policy_of({"when": ONE, "effect": "allow"}, OPEN)
    assert ("allow", "block") in moves(side(policy_of(OPEN), []), side(other, [ONE], fails=True))


def test_a_relief_may_be_over() -> None:
    relieved = UndeterminedRule(reliefs=("relief 1",))
    old, new = policy_of({"when": "client.handheld", "effect": "warn"}, OPEN), policy_of({}, OPEN)
    both = moves(
        (SEEN, PolicyVariants(old), {"rule-0": relieved}), (SEEN, PolicyVariants(new), {"rule-0": relieved})
    )
    assert both == {("allow", "allow"), ("warn", "block")}
    one = moves((SEEN, PolicyVariants(old), {}), (SEEN, PolicyVariants(new), {"rule-0": relieved}))
    assert one == {("warn", "allow"), ("warn", "block")}


NOTHING = frozenset[str]()
PATH = frozenset({"request.path"})


@pytest.mark.parametrize(
    ("when", "undetermined"),
    [
        ("request.path == '/'", True),
        ("client.handheld && request.path == '/'", True),
        ("!client.handheld && request.path == '/'", False),
        ("client.handheld", False),
    ],
)
def test_a_condition_is_undetermined_where_what_is_not_known_could_settle_it(
    when: str, undetermined: bool
) -> None:
    policy = policy_of({"when": when})
    assert bool(undetermined_rules(policy.rules, access(PHONE, CLEAN), PATH, ())) is undetermined
    assert not undetermined_rules(policy.rules, access(PHONE, CLEAN), NOTHING, ())


@pytest.mark.parametrize(
    ("when", "undetermined"),
    [
        ("now.getMonth() == 11", True),
        ("device.age > duration('1h')", True),
        ("now > timestamp('2027-01-01T00:00:00Z')", False),
    ],
)
def test_later_the_clock_may_say_anything_but_what_has_a_date(when: str, undetermined: bool) -> None:
    policy, seen = policy_of({"when": when}), access(PHONE, replace(CLEAN, reported_at=NOW))
    assert bool(future_undetermined_rules(policy.rules, seen, NOTHING, ())) is undetermined


def test_who_has_never_reported_stays_as_old_as_that() -> None:
    policy, missing = policy_of({"when": "device.age > duration('1h')"}), Posture()
    assert not future_undetermined_rules(policy.rules, access(PHONE, missing), NOTHING, ())


def test_a_rule_that_is_not_about_somebody_does_not_hang() -> None:
    policy = policy_of({"when": "request.path == '/'", "stages": {"enforce": "2027-01-01"}})
    assert not undetermined_rules(policy.rules, access(PHONE, CLEAN), PATH, ())


def test_where_the_posture_cannot_be_had_what_is_known_of_the_device_hangs_too() -> None:
    policy = policy_of({"when": "device.managed && request.path == '/'"})
    lost = replace(CLEAN, state=PostureState.UNAVAILABLE, managed=False)
    assert undetermined_rules(policy.rules, access(PHONE, lost), PATH, ())
    assert not undetermined_rules(policy.rules, access(PHONE, replace(CLEAN, managed=False)), PATH, ())
