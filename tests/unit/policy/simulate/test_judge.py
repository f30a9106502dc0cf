"""A judge decides as ``decide`` does, and says so where it cannot know."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.examples import CLEAN, NOW, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.simulate.examples import OPEN, SHUT, UNTOLD, accesses, once, policies

from mailgate.model import Access, PostureState
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.rules import Rule
from mailgate.policy.simulate import judge as judge_module
from mailgate.policy.simulate.judge import (
    UNKNOWN,
    Cache,
    Comparison,
    Occasion,
    OccasionJudge,
    lets_in_laptops,
    newly_out,
)


@given(policies, st.lists(accesses, max_size=20))
def test_a_judge_decides_everybody_as_the_gate_does(policy: Policy, everybody: list[Access]) -> None:
    judge = OccasionJudge(policy)
    for each in everybody:
        outcome, decision = judge.outcome(each), decide(each, policy)
        assert (outcome.effect, outcome.rule, outcome.reason) == (
            decision.effect,
            decision.rule,
            decision.reason,
        )
        assert outcome.matched == tuple(
            trial.rule for trial in decision.trials if trial.matched and trial.rule != "discovery"
        )


@given(policies, accesses, st.sampled_from(["10.0.0.1", "10.0.0.2", "192.0.2.1"]))
def test_a_known_outcome_does_not_depend_on_unrecorded_values(
    policy: Policy, seen: Access, remote: str
) -> None:
    outcome = OccasionJudge(policy).outcome(seen, UNTOLD)
    if outcome.effect != UNKNOWN:
        elsewhere = replace(seen, facts=replace(seen.facts, remote=remote))
        assert decide(elsewhere, policy).effect == outcome.effect


REMOTE = {"when": 'client.handheld && request.remote == "10.0.0.1"', "effect": "allow"}


def test_an_answer_that_hangs_on_what_was_not_recorded_is_none() -> None:
    outcome = OccasionJudge(policy_of(REMOTE)).outcome(access(PHONE), UNTOLD)
    assert (outcome.effect, outcome.rule, outcome.unrecorded, outcome.matched) == (
        UNKNOWN,
        "rule-0",
        ("request.remote",),
        ("rule-0",),
    )


@pytest.mark.parametrize("rule", [REMOTE | {"share": "0%"}, REMOTE | {"stages": {"enforce": "2027-01-01"}}])
def test_a_rule_that_is_not_read_leaves_nothing_unknown(rule: dict[str, object]) -> None:
    assert OccasionJudge(policy_of(rule)).outcome(access(PHONE), UNTOLD).effect == "block"


def test_a_rule_that_only_reports_changes_no_answer_but_may_match() -> None:
    outcome = OccasionJudge(policy_of(REMOTE | {"stages": {"report_only": "2026-12-01"}})).outcome(
        access(PHONE), UNTOLD
    )
    assert (outcome.effect, outcome.matched) == ("block", ("rule-0",))


def test_the_first_of_several_undetermined_rules_is_named() -> None:
    path = {"when": 'client.handheld && request.path == "/x"', "effect": "warn"}
    settled = {"when": 'client.kind == "laptop" && request.path == "/x"', "effect": "allow"}
    outcome = OccasionJudge(policy_of(settled, path, REMOTE, {"when": "client.handheld"})).outcome(
        access(PHONE), UNTOLD | {"request.path", "user.name"}
    )
    assert (outcome.effect, outcome.rule) == (UNKNOWN, "rule-1")
    assert outcome.unrecorded == ("request.path", "request.remote")
    assert outcome.matched == ("rule-1", "rule-2", "rule-3")


def test_a_rule_behind_the_one_that_decides_leaves_nothing_unknown() -> None:
    outcome = OccasionJudge(policy_of({"when": "client.handheld", "effect": "warn"}, REMOTE)).outcome(
        access(PHONE), UNTOLD
    )
    assert (outcome.effect, outcome.rule, outcome.matched, outcome.unrecorded) == (
        "warn",
        "rule-0",
        ("rule-0",),
        (),
    )


@pytest.mark.parametrize(
    ("effect", "behind", "found"),
    [
        ("block", "warn", "warn"),
        ("warn", "block", UNKNOWN),
        ("warn", "warn", "warn"),
        ("warn", "allow", "allow"),
    ],
    ids=["it would do more", "it would do less", "it would do the same", "behind it nothing is done"],
)
def test_a_rule_that_is_out_leaves_unknown_only_whether_it_softens_what_follows(
    effect: str, behind: str, found: str
) -> None:
    halt = Relief(1, Cause.HALT, "rule-0", "", "", NOW)
    policy = policy_of(REMOTE | {"effect": effect}, {"effect": behind})
    judge = OccasionJudge(replace(policy, reliefs=Reliefs(1, (halt,))))
    assert judge.outcome(access(PHONE), UNTOLD).effect == found


def test_a_rule_that_is_out_and_decides_all_the_same_may_not_hold() -> None:
    """By what was made up for the address it holds, and does less than the rule behind it."""
    policy = policy_of(REMOTE | {"effect": "warn"}, SHUT)
    halt = Relief(1, Cause.HALT, "rule-0", "", "", NOW)
    judge = OccasionJudge(replace(policy, reliefs=Reliefs(1, (halt,))))
    seen = access(PHONE)
    seen = replace(seen, facts=replace(seen.facts, remote="10.0.0.1"))
    assert judge.outcome(seen).effect == "warn"
    assert judge.outcome(seen, UNTOLD).effect == UNKNOWN


def test_equal_accesses_are_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(judge_module, "decide", lambda *args: asked.append(args) or decide(*args))
    judge = OccasionJudge(policy_of({"when": "client.handheld"}))
    for number in range(10):
        judge.outcome(access(PHONE, user=f"person-{number}"))
    assert len(asked) == 1


HOURS = timedelta(hours=1)


@pytest.mark.parametrize(
    ("when", "one", "other", "alike"),
    [
        ('device.age > duration("24h")', 24, 1, False),
        ('device.age > duration("24h")', 23, 1, True),
        ('device.age > duration("24h")', 24, 25, False),
        ('device.age > duration("24h")', 25, 1000, True),
        ('device.age > duration("24h") || device.age < duration("2h")', 1, 3, False),
        ('device.age > duration("2h") && device.age + duration("1h") < duration("24h")', 5, 6, False),
        ("client.handheld", 1, 1000, True),
    ],
)
def test_ages_between_the_same_limits_share_a_key(when: str, one: int, other: int, alike: bool) -> None:
    judge = OccasionJudge(policy_of({"when": when}, {"when": 'device.age < duration("0h")'}))
    keys = [
        judge.key(access(posture=replace(CLEAN, reported_at=NOW - hours * HOURS)), UNTOLD)
        for hours in (one, other)
    ]
    assert (keys[0] == keys[1]) is alike


def test_if_a_rule_reads_the_clock_the_moment_is_in_the_key() -> None:
    judge = OccasionJudge(policy_of({"when": "now.getMonth() == 11 && client.handheld"}))
    keys = [judge.key(access(now=moment), frozenset()) for moment in (NOW, NOW + HOURS)]
    assert keys[0][0] == keys[1][0]
    assert keys[0][1] == (NOW,)
    assert keys[1][1] == (NOW + HOURS,)


def test_unrecorded_values_are_part_of_the_key() -> None:
    judge = OccasionJudge(policy_of({"when": "client.handheld"}))
    assert judge.key(access(), UNTOLD) != judge.key(access(), frozenset())


def test_a_full_cache_forgets_everything_and_keeps_what_is_new() -> None:
    cache = Cache[int, str]()
    assert [cache.keep(number, str(number)) for number in range(50_000)][-1] == "49999"
    assert (len(cache), cache[0]) == (50_000, "0")
    cache.keep(50_000, "new")
    assert cache == {50_000: "new"}


LAPTOPS = {"when": 'client.kind == "laptop"', "effect": "allow"}


@pytest.mark.parametrize(
    ("before", "every"),
    [
        ({"when": 'client.handheld && "prohibited" in device.lists'}, True),
        ({"when": '"prohibited" in device.lists && client.handheld'}, True),
        ({"when": '"prohibited" in device.lists'}, False),
        ({"when": "device.contradicted", "effect": "warn"}, False),
        ({"when": 'device.kind == "phone"'}, False),
        ({"when": 'request.method == "POST"'}, False),
        ({"when": 'client.os == "linux"', "stages": {"report_only": "2026-12-01"}}, True),
    ],
)
def test_every_laptop_is_let_in_only_if_nothing_that_is_known_of_one_can_keep_it_out(
    before: dict[str, object], every: bool
) -> None:
    """A laptop may be known to a source, or open mail by a POST."""
    assert lets_in_laptops(OccasionJudge(policy_of(before, LAPTOPS)), NOW) is every


def test_a_rule_that_one_of_two_readings_meets_leaves_the_effect_unknown() -> None:
    away = replace(WITH_TIKTOK, state=PostureState.UNAVAILABLE, last_state=PostureState.LISTED)
    seen = access(PHONE, replace(away, expires_at=NOW + timedelta(days=1)))
    policy = policy_of({"when": "size(device.apps) == 0", "effect": "warn"}, REMOTE, {"effect": "allow"})
    assert OccasionJudge(policy).outcome(seen, frozenset()).effect == "warn"
    assert OccasionJudge(policy).outcome(seen, UNTOLD).effect == UNKNOWN


def test_undetermined_rules_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand of them would hold up the loop that serves mail: a page of a refusal asks about laptops."""
    policy = policy_of(*[{"when": f'user.name == "{n}"', "effect": "warn"} for n in range(5)], LAPTOPS)
    monkeypatch.setattr(Rule, "__eq__", lambda *_: pytest.fail("rules are compared"))
    assert not lets_in_laptops(OccasionJudge(policy), NOW)


def test_conditions_that_read_no_age_are_not_looked_through_for_ages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_module, "ages", lambda _: pytest.fail("a condition is read"))
    assert lets_in_laptops(OccasionJudge(policy_of(LAPTOPS)), NOW)


REMOTE_COMPARE = {"when": 'request.remote == "10.0.0.1"', "effect": "block"}
PHONE_LOAD = access(PHONE, CLEAN)


@pytest.mark.parametrize(
    ("active", "candidate", "move", "label", "out"),
    [
        ((OPEN,), (SHUT,), ("allow", "block"), "block", True),
        ((OPEN,), (OPEN,), ("allow", "allow"), "", False),
        ((SHUT,), (OPEN,), ("block", "allow"), "allow", False),
        ((OPEN,), (REMOTE_COMPARE, OPEN), None, UNKNOWN, True),
        ((REMOTE_COMPARE, OPEN), (OPEN,), None, UNKNOWN, True),
        ((REMOTE_COMPARE, OPEN), (REMOTE_COMPARE, OPEN), (UNKNOWN, UNKNOWN), "", False),
        ((REMOTE_COMPARE, SHUT), (REMOTE_COMPARE, REMOTE_COMPARE | OPEN, OPEN), None, UNKNOWN, True),
        ((REMOTE_COMPARE, SHUT), (REMOTE_COMPARE | OPEN, OPEN), ("block", "allow"), "allow", False),
    ],
)
def test_an_outcome_that_may_move_counts_as_a_refusal(
    active: tuple[dict[str, str], ...],
    candidate: tuple[dict[str, str], ...],
    move: tuple[str, str] | None,
    label: str,
    out: bool,
) -> None:
    comparison = Comparison(policy_of(*active), policy_of(*candidate))
    occasion = once(PHONE_LOAD, unrecorded=UNTOLD)
    for _ in range(2):  # what is kept is no other
        found = comparison.of(occasion, comparison.keys(occasion))
        assert (found.move, found.label, found.keeps_out) == (move, label, out)


LESS_AND_LESS = ["allow", "warn", "challenge", "block"]


@pytest.mark.parametrize("before", LESS_AND_LESS)
@pytest.mark.parametrize("after", LESS_AND_LESS)
def test_a_warning_keeps_nobody_out_and_a_block_more_than_a_challenge(before: str, after: str) -> None:
    harder = [
        ("allow", "challenge"),
        ("allow", "block"),
        ("warn", "challenge"),
        ("warn", "block"),
        ("challenge", "block"),
    ]
    assert newly_out((before, after)) is ((before, after) in harder)


def test_each_side_is_decided_by_its_own_policy_and_facts() -> None:
    listed = policy_of({"when": '"prohibited" in device.lists'}, OPEN)
    occasion = Occasion(access(PHONE, CLEAN), access(PHONE, WITH_TIKTOK))
    comparison = Comparison(listed, listed)
    found = comparison.of(occasion, comparison.keys(occasion))
    assert (found.before.effect, found.after.effect, found.after.rule) == ("allow", "block", "rule-0")
    assert (occasion.person, occasion.unrecorded, occasion.assumed, occasion.known) == (
        "",
        set(),
        set(),
        False,
    )


def test_the_person_is_in_no_key_unless_a_rule_reads_it() -> None:
    one = once(PHONE_LOAD)
    comparison = Comparison(policy_of(OPEN), policy_of(SHUT))
    assert comparison.keys(one) == comparison.keys(replace(one, person="lin"))
