"""A judge decides as ``decide`` does, and says so where it cannot know."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.examples import PHONE, access, policy_of
from tests.unit.simulate.examples import UNTOLD, accesses, policies

from mailgate.engine.decide import decide
from mailgate.model import Access
from mailgate.policy import Policy
from mailgate.simulate import UNKNOWN, Judge
from mailgate.simulate import judge as judge_module


@given(policies, st.lists(accesses, max_size=20))
def test_it_decides_everybody_as_the_gate_would(policy: Policy, everybody: list[Access]) -> None:
    judge = Judge(policy)
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
def test_what_it_knows_does_not_hang_on_what_was_not_recorded(
    policy: Policy, seen: Access, remote: str
) -> None:
    outcome = Judge(policy).outcome(seen, UNTOLD)
    if outcome.effect != UNKNOWN:
        elsewhere = replace(seen, facts=replace(seen.facts, remote=remote))
        assert decide(elsewhere, policy).effect == outcome.effect


REMOTE = {"when": 'client.handheld && request.remote == "10.0.0.1"', "effect": "allow"}


def test_an_answer_that_hangs_on_what_was_not_recorded_is_none() -> None:
    outcome = Judge(policy_of(REMOTE)).outcome(access(PHONE), UNTOLD)
    assert (outcome.effect, outcome.rule, outcome.unrecorded, outcome.matched) == (
        UNKNOWN,
        "rule-0",
        ("request.remote",),
        ("rule-0",),
    )


@pytest.mark.parametrize("rule", [REMOTE | {"share": "0%"}, REMOTE | {"stages": {"enforce": "2027-01-01"}}])
def test_a_rule_that_is_not_read_leaves_nothing_unknown(rule: dict[str, object]) -> None:
    assert Judge(policy_of(rule)).outcome(access(PHONE), UNTOLD).effect == "block"


def test_a_rule_that_only_reports_changes_no_answer_but_may_match() -> None:
    outcome = Judge(policy_of(REMOTE | {"stages": {"report_only": "2026-12-01"}})).outcome(
        access(PHONE), UNTOLD
    )
    assert (outcome.effect, outcome.matched) == ("block", ("rule-0",))


def test_who_looks_alike_is_decided_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(judge_module, "decide", lambda *args: asked.append(args) or decide(*args))
    judge = Judge(policy_of({"when": "client.handheld"}))
    for number in range(10):
        judge.outcome(access(PHONE, user=f"person-{number}"))
    assert len(asked) == 1


@given(st.lists(accesses, max_size=20))
def test_it_forgets_without_harm(everybody: list[Access]) -> None:
    policy = policy_of({"when": 'device.age > duration("24h")'})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge_module, "CACHE_SIZE", 2)
        judge = Judge(policy)
        assert [judge.outcome(each).effect for each in everybody] == [
            decide(each, policy).effect for each in everybody
        ]
