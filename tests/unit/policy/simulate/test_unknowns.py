"""Conditions that may come out either way, and what may have been, whichever way they did."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.examples import CLEAN, NOW, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.simulate.examples import OPEN

from mailgate.model import Posture, PostureState
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.rules import OnUnavailable
from mailgate.policy.simulate.unknowns import (
    ConditionOutcome,
    PolicySide,
    PolicyVariants,
    UndeterminedRule,
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
    return PolicySide(SEEN, PolicyVariants(policy), undetermined)


ONE, TWO = remote(1), remote(2)
MANY = [remote(number) for number in range(40)]
REPORTS = {"when": ONE, "stages": {"report_only": "2026-12-01"}}
WARNS = {"stages": {"warn": "2026-12-01"}}


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


def test_a_condition_that_may_fail_refuses_people_it_would_allow() -> None:
    other = policy_of({"when": ONE, "effect": "allow"}, OPEN)
    assert ("allow", "block") in moves(side(policy_of(OPEN), []), side(other, [ONE], fails=True))


def test_a_relief_may_be_over() -> None:
    old, new = policy_of({"when": "client.handheld", "effect": "warn"}, OPEN), policy_of({}, OPEN)
    warns, blocks = (PolicySide(SEEN, PolicyVariants(each), {}, (HALT,)) for each in (old, new))
    assert moves(warns, blocks) == {("allow", "allow"), ("warn", "block")}
    assert moves(replace(warns, reliefs=()), blocks) == {("warn", "allow"), ("warn", "block")}


def test_outcomes_of_too_many_ways_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that asks for proof and is out may soften what follows, so each such rule doubles the ways."""
    asks = [{"when": each, "effect": "challenge"} for each in MANY]
    one = side(policy_of(*asks, effect="block"), MANY, softens=True)
    halted = replace(one, reliefs=(replace(HALT, rule=""),))
    monkeypatch.setattr("mailgate.policy.simulate.unknowns.MAX_WAYS", 50)
    assert moves(halted, halted) is None
    few = side(policy_of(*asks[:3], effect="block"), MANY[:3], softens=True)
    assert moves(few, few) == {("challenge", "challenge"), ("block", "block")}
    for most, told in ((4, True), (3, False)):
        monkeypatch.setattr("mailgate.policy.simulate.unknowns.MAX_WAYS", most)
        assert (moves(few, few) is not None) is told


FAILING = '["/"][request.path == "/" ? 0 : 1] == "/"'
READ = frozenset({"request.remote", "request.path"})
HALTS = [Relief(number, Cause.HALT, f"rule-{number // 2}", "", "", NOW) for number in range(3)]
OUTCOMES = {ONE: [ConditionOutcome.HOLDS, ConditionOutcome.NOT], FAILING: [*ConditionOutcome]}
hanging = st.lists(
    st.builds(
        lambda when, effect, stage: {"when": when, "effect": effect, **stage},
        st.sampled_from([*OUTCOMES, "client.handheld"]),
        st.sampled_from(["allow", "warn", "challenge", "block"]),
        st.sampled_from([{}, {}, {"stages": {"report_only": "2026-12-01"}}]),
    ),
    min_size=1,
    max_size=4,
).map(lambda rules: policy_of(*rules, effect="allow"))
halts = st.sets(st.sampled_from(HALTS), max_size=2).map(lambda found: Reliefs(1, tuple(found)))


def each_way(policies: list[Policy], some_reliefs: Iterable[Reliefs]) -> set[tuple[str, str]]:
    """The effects by both policies for every outcome of every condition, with each of these reliefs."""
    found = set()
    for chosen in product(*OUTCOMES.values()):
        outcome = dict(zip(OUTCOMES, chosen, strict=True))
        settled = [
            PolicyVariants(each).with_outcomes(
                {rule.id: outcome[rule.when.text] for rule in each.rules if rule.when.text in outcome}
            )
            for each in policies
        ]
        for reliefs in some_reliefs:
            old, new = (decide(SEEN, replace(each, reliefs=reliefs)).effect.value for each in settled)
            found.add((old, new))
    return found


@given(hanging, hanging, halts)
def test_the_possible_moves_are_those_of_deciding_in_every_way(
    old: Policy, new: Policy, out: Reliefs
) -> None:
    policies = [replace(each, reliefs=out) for each in (old, new)]
    before, after = (
        PolicySide(SEEN, PolicyVariants(each), undetermined_rules(each.rules, SEEN, READ))
        for each in policies
    )
    assert moves(before, after) == each_way(policies, [out])


@given(hanging, hanging, halts)
def test_the_future_moves_are_those_with_and_without_each_relief(
    old: Policy, new: Policy, out: Reliefs
) -> None:
    before, after = (
        PolicySide(
            SEEN, PolicyVariants(each), undetermined_rules(each.rules, SEEN, READ, ahead=True), out.every
        )
        for each in (old, new)
    )
    left = [Reliefs(1, each) for size in range(3) for each in combinations(out.every, size)]
    assert moves(before, after) == each_way([old, new], left)


def test_a_policy_with_settled_conditions_keeps_all_else_and_is_made_once() -> None:
    policy = replace(policy_of({"when": ONE}, {"when": TWO}), reliefs=Reliefs(3, (HALTS[0],)))
    variants = PolicyVariants(policy)
    settled = variants.with_outcomes({"rule-1": ConditionOutcome.HOLDS})
    assert settled is variants.with_outcomes({"rule-1": ConditionOutcome.HOLDS})
    assert [each.when.text for each in settled.rules] == [ONE, "true"]
    assert (settled.version, settled.reliefs) == (policy.version, policy.reliefs)
    assert variants.with_outcomes({}).rules == policy.rules
    out = variants.with_outcomes({}, frozenset({"rule-1"})).reliefs
    assert [each.rule for each in out.about(SEEN)] == [HALTS[0].rule, "rule-1"]


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
    assert bool(undetermined_rules(policy.rules, access(PHONE, CLEAN), PATH)) is undetermined
    assert not undetermined_rules(policy.rules, access(PHONE, CLEAN), NOTHING)


@pytest.mark.parametrize(
    ("when", "undetermined"),
    [
        ("now.getMonth() == 11", True),
        ("device.age > duration('1h')", True),
        ("now > timestamp('2027-01-01T00:00:00Z')", False),
    ],
)
def test_the_future_clock_is_unknown_except_at_dates(when: str, undetermined: bool) -> None:
    policy, seen = policy_of({"when": when}), access(PHONE, replace(CLEAN, reported_at=NOW))
    assert bool(undetermined_rules(policy.rules, seen, NOTHING, ahead=True)) is undetermined


def test_a_device_that_never_reported_gets_no_older() -> None:
    policy, missing = policy_of({"when": "device.age > duration('1h')"}), Posture()
    assert not undetermined_rules(policy.rules, access(PHONE, missing), NOTHING, ahead=True)


def test_a_rule_that_is_not_about_somebody_does_not_hang() -> None:
    policy = policy_of({"when": "request.path == '/'", "stages": {"enforce": "2027-01-01"}})
    assert not undetermined_rules(policy.rules, access(PHONE, CLEAN), PATH)


def test_an_unavailable_posture_makes_facts_of_the_device_undetermined() -> None:
    policy = policy_of({"when": "device.managed && request.path == '/'"})
    lost = replace(CLEAN, state=PostureState.UNAVAILABLE, managed=False)
    assert undetermined_rules(policy.rules, access(PHONE, lost), PATH)
    assert not undetermined_rules(policy.rules, access(PHONE, replace(CLEAN, managed=False)), PATH)


def test_a_rule_that_one_of_two_readings_meets_is_undetermined_too() -> None:
    """While the posture is unavailable a device with an app is also decided as if none had been seen."""
    away = replace(WITH_TIKTOK, state=PostureState.UNAVAILABLE, last_state=PostureState.LISTED)
    seen = access(PHONE, replace(away, expires_at=NOW + timedelta(days=1)))
    policy = policy_of({"when": "size(device.apps) == 0", "effect": "warn"}, {"when": ONE}, OPEN)
    after = PolicySide(seen, PolicyVariants(policy), undetermined_rules(policy.rules, seen, REMOTE))
    before = PolicySide(seen, PolicyVariants(policy_of(OPEN)), {})
    assert moves(before, after) == {("allow", "warn"), ("allow", "block")}


REMOTE = frozenset({"request.remote"})
HALT = Relief(1, Cause.HALT, "rule-0", "", "", NOW)


@pytest.mark.parametrize(
    ("rule", "unrecorded", "found"),
    [
        ({"when": ONE}, NOTHING, None),
        ({"when": ONE}, REMOTE, UndeterminedRule((ONE, (), None))),
        ({"when": ONE, "effect": "warn"}, REMOTE, UndeterminedRule((ONE, (), None), softens=True)),
        ({"when": ONE, **WARNS}, REMOTE, UndeterminedRule((ONE, (), None), softens=True)),
        ({"when": ONE, "effect": "warn", "stages": REPORTS["stages"]}, REMOTE, None),
        ({"when": f"client.handheld && {ONE}"}, REMOTE, UndeterminedRule((f"client.handheld && {ONE}", (("client.handheld", True),), None))),
        ({"when": 'device.apps[0] == "tiktok" || ' + ONE}, REMOTE, UndeterminedRule(('device.apps[0] == "tiktok" || ' + ONE, (("device.apps", ()),), None), fails=True)),
    ],
    ids=["all is known", "its address is not", "it warns", "its stage warns", "it only reports", "what is known is a part of it", "it may fail"],
)  # fmt: skip
def test_an_undetermined_rule_tells_why_it_is_so(
    rule: dict[str, object], unrecorded: frozenset[str], found: UndeterminedRule | None
) -> None:
    rules = policy_of(rule).rules
    for ahead in (False, True):
        assert undetermined_rules(rules, SEEN, unrecorded, ahead=ahead) == (
            {"rule-0": found} if found else {}
        )


def test_an_undetermined_rule_in_an_outage_keeps_its_choice_and_may_fail() -> None:
    rules = policy_of({"when": ONE}, {"when": ONE, "on_unavailable": "allow"}).rules
    seen = access(PHONE, replace(CLEAN, state=PostureState.UNAVAILABLE))
    assert undetermined_rules(rules, seen, REMOTE) == {
        "rule-0": UndeterminedRule((ONE, (), OnUnavailable.LAST_KNOWN), fails=True),
        "rule-1": UndeterminedRule((ONE, (), OnUnavailable.ALLOW), fails=True),
    }
