"""StepKind is only supposed is never mixed up with what can be done."""

import pytest
from tests.unit.policy.examples import LAPTOP, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.engine.decide import decide
from mailgate.model import Effect, Posture
from mailgate.simulate.hypothetical import hypothetical_steps
from mailgate.simulate.steps import StepBy, StepKind


def test_other_kinds_where_a_rule_reads_the_kind() -> None:
    kinds = [s.about for s in hypothetical_steps(access(LAPTOP), policy_of({"when": 'client.kind == "bot"'}))]
    assert [each for each in kinds if each] == [("phone",), ("tablet",), ("bot",)]
    assert StepKind.KIND not in {s.what for s in hypothetical_steps(access(LAPTOP), policy_of({}))}


@pytest.mark.parametrize(("share", "effect"), [("0%", Effect.BLOCK), ("99.9999%", Effect.ALLOW)])
def test_the_share_of_a_rule_from_both_sides(share: str, effect: Effect) -> None:
    policy = policy_of({"share": share, "effect": "block"}, {"effect": "allow"})
    seen = access(user="ada")
    (step,) = [s for s in hypothetical_steps(seen, policy) if s.what is StepKind.SHARE]
    assert decide(*step.apply((seen, policy))).effect is effect


def test_words_that_rules_compare_with() -> None:
    policy = policy_of({"when": 'user.name == "ada" || request.remote == "10.0.0.1" || client.os == "ios"'})
    told = {(s.what, s.about) for s in hypothetical_steps(access(PHONE, WITH_TIKTOK), policy) if s.about}
    assert told == {(StepKind.USER, ("ada",)), (StepKind.ADDRESS, ("10.0.0.1",)), (StepKind.SYSTEM, ("ios",))}


def test_nobody_can_bring_it_about() -> None:
    steps = list(hypothetical_steps(access(PHONE, WITH_TIKTOK), policy_of({"when": "client.handheld"})))
    assert {s.by for s in steps} == {StepBy.NOBODY}
    assert {StepKind.NEVER_REPORTED, StepKind.UNAVAILABLE, StepKind.CONTRADICTED} <= {s.what for s in steps}
    assert StepKind.UNAVAILABLE not in {
        s.what for s in hypothetical_steps(access(PHONE, Posture()), policy_of({}))
    }
