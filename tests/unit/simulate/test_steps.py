"""Steps, and the words of rules that they are made of."""

from tests.unit.policy.examples import access, policy_of

from mailgate.simulate import what_if
from mailgate.simulate.steps import StepBy, StepKind, step, words_compared


def test_a_step_changes_who_asks_and_not_the_rules() -> None:
    policy, seen = policy_of({}), access()
    made = step(StepKind.PROBE, StepBy.PERSON, what_if.probed)
    changed, same = made.apply((seen, policy))
    assert changed.client.probed
    assert same is policy
    assert made.facts == {("probe",)}


def test_the_words_are_those_of_every_rule_but_the_empty_one() -> None:
    policy = policy_of(
        {"when": 'user.name == "grace"'}, {"when": 'user.name in ["ada", ""] || client.os == "ios"'}
    )
    assert words_compared(policy, "user.name") == ("ada", "grace")
    assert words_compared(policy, "request.remote") == ()
