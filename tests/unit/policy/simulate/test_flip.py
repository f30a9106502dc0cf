"""What is said to turn a verdict over does, and no part of it would."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.examples import CLEAN, LAPTOP, NOW, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.simulate.examples import OPEN, accesses, policies

from mailgate.model import (
    Access,
    AttestationResult,
    CertificateResult,
    Client,
    Effect,
    ExtensionWord,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reasons import VERSIONED
from mailgate.policy.simulate.flip import (
    KEPT_OUT,
    LET_IN,
    MAX_STEPS,
    VARIED,
    Flip,
    after_steps,
    flips,
    flips_both_ways,
)
from mailgate.policy.simulate.steps import Step, StepBy, StepKind, actionable_steps, hypothetical_steps
from mailgate.policy.variables import VARIABLES

RULES = policy_of(
    {"id": "laptop", "when": 'client.kind == "laptop"', "effect": "allow"},
    {"id": "app", "when": 'client.handheld && "prohibited" in device.lists'},
    {"id": "unproven", "when": 'client.handheld && !(device.state in ["clean", "listed"])'},
    {"id": "clean", "when": "client.handheld", "effect": "allow"},
)
PROVED_AND_CLEAN = policy_of({"when": 'device.state == "clean" && attestation.valid', "effect": "allow"})
PROVED_TWICE = policy_of(
    {"when": 'device.state == "clean" && attestation.valid && certificate.valid', "effect": "allow"}
)
IN_BOTH_GROUPS = policy_of({"when": '"a" in user.groups && "b" in user.groups', "effect": "allow"})
SHUT_BY_PATH = policy_of({"when": 'request.path.startsWith("/x")'})


def said(found: tuple[Flip, ...]) -> list[tuple[tuple[str, ...], str]]:
    return [(tuple(str(step.what) for step in flip.steps), flip.decision.rule) for flip in found]


@pytest.mark.parametrize(
    ("posture", "policy", "actionable"),
    [
        (WITH_TIKTOK, RULES, [(("remove-apps",), "clean")]),
        (Posture(), RULES, [(("enrol",), "clean")]),
        (replace(CLEAN, state=PostureState.STALE), RULES, [(("report",), "clean")]),
        (WITH_TIKTOK, PROVED_AND_CLEAN, [(("remove-apps", "prove"), "rule-0")]),
        (WITH_TIKTOK, PROVED_TWICE, []),
        (CLEAN, IN_BOTH_GROUPS, []),
        (CLEAN, SHUT_BY_PATH, []),
    ],
    ids=[
        "a listed app",
        "nobody knows it",
        "its report is old",
        "one step is not enough",
        "nor are two",
        "two steps of one kind are not taken together",
        "nothing helps",
    ],
)
def test_every_step_named_lets_the_phone_in(
    posture: Posture, policy: Policy, actionable: list[tuple[tuple[str, ...], str]]
) -> None:
    assert said(flips(access(posture=posture), policy, LET_IN).actionable) == actionable


def test_an_app_is_named_and_what_nobody_can_do_is_told_apart() -> None:
    found = flips(access(posture=WITH_TIKTOK), RULES, LET_IN)
    assert found.actionable[0].steps[0].about == ("tiktok",)
    assert said(found.hypothetical) == [(("kind",), "laptop")]
    assert found.untried == ()


def test_steps_that_cost_a_clean_phone_its_mail_are_named() -> None:
    clean = replace(CLEAN, device_id="d1", expires_at=NOW.replace(hour=12))
    (out,) = flips_both_ways(access(posture=clean), RULES, Effect.ALLOW)
    assert said(out.actionable) == [
        (("wait",), "unproven"),
        (("lose",), "device-lost"),
        (("install-app",), "app"),
    ]
    assert out.actionable[0].steps[0].at == NOW.replace(hour=12)
    assert out.actionable[2].steps[0].about == ("tiktok",)


def test_the_smallest_change_and_the_shortest_wait_come_first() -> None:
    proved = policy_of({"when": "size(device.lists) == 0 || certificate.valid", "effect": "allow"})
    assert said(flips(access(posture=WITH_TIKTOK), proved, LET_IN).actionable) == [
        (("certificate",), "rule-0"),
        (("remove-apps",), "rule-0"),
    ]
    closing = policy_of({"stages": {"enforce": "2026-12-15"}}, {"stages": {"enforce": "2026-12-20"}}, OPEN)
    (wait,) = flips(access(), closing, KEPT_OUT).actionable
    assert [step.at for step in wait.steps] == [NOW.replace(day=15)]


def test_steps_take_effect_in_their_order_whichever_is_named_first() -> None:
    seen = access(posture=replace(WITH_TIKTOK, expires_at=NOW.replace(hour=12)))
    steps = {(each.what, each.about): each for each in actionable_steps(seen, RULES)}
    wait, remove = steps[StepKind.WAIT, ()], steps[StepKind.REMOVE_APPS, ("tiktok",)]
    for order in ((wait, remove), (remove, wait)):
        after, _ = after_steps((seen, RULES), order)
        assert (after.now, after.posture.state) == (NOW.replace(hour=12), PostureState.CLEAN)


def test_a_challenge_costs_a_clean_phone_its_mail_too() -> None:
    asks = policy_of({"when": '"prohibited" in device.lists', "effect": "challenge"}, {"effect": "allow"})
    (out,) = flips_both_ways(access(posture=replace(CLEAN, device_id="d1")), asks, Effect.ALLOW)
    assert (("install-app",), "rule-0") in said(out.actionable)


def test_a_stage_that_is_still_to_start_and_a_warning_from_both_sides() -> None:
    staged = policy_of(
        {"when": "client.handheld", "stages": {"warn": "2026-12-01", "enforce": "2026-12-15"}},
        {"effect": "allow"},
    )
    inside, outside = flips_both_ways(access(), staged, Effect.WARN)
    assert (inside.wanted, outside.wanted) == (LET_IN, KEPT_OUT)
    assert inside.actionable == ()
    (wait,) = outside.actionable
    assert [step.at.isoformat() for step in wait.steps if step.at] == ["2026-12-15T00:00:00+00:00"]


def test_every_change_has_a_step() -> None:
    assert {len(each.steps) for each in flips(access(LAPTOP), RULES, LET_IN).hypothetical} == {1}


def test_if_nothing_helps_the_untried_values_are_told() -> None:
    found = flips(access(), SHUT_BY_PATH, LET_IN)
    assert (found.actionable, found.hypothetical, found.untried) == ((), (), ("request.path",))


def all_steps(seen: Access, policy: Policy) -> list[Step]:
    return [*actionable_steps(seen, policy), *hypothetical_steps(seen, policy)]


def turns(seen: Access, policy: Policy, steps: tuple[Step, ...], wanted: frozenset[Effect]) -> bool:
    return decide(*after_steps((seen, policy), steps)).effect in wanted


@settings(max_examples=60, deadline=None)
@given(accesses, policies, st.sampled_from([LET_IN, KEPT_OUT]))
def test_every_change_was_decided_and_no_part_of_one_is_enough(
    seen: Access, policy: Policy, wanted: frozenset[Effect]
) -> None:
    if decide(seen, policy).effect in wanted:
        return
    found = flips(seen, policy, wanted)
    every = all_steps(seen, policy)
    for flip in (*found.actionable, *found.hypothetical):
        assert decide(*after_steps((seen, policy), flip.steps)) == flip.decision
        assert flip.decision.effect in wanted
        for size in range(len(flip.steps)):
            for part in combinations(flip.steps, size):
                assert not turns(seen, policy, part, wanted)
        for less in every:  # nor is one step that brings less
            if less.facts < flip.facts:
                assert not turns(seen, policy, (less,), wanted)
    assert all(step.by is not StepBy.NOBODY for flip in found.actionable for step in flip.steps)
    assert all(any(step.by is StepBy.NOBODY for step in flip.steps) for flip in found.hypothetical)


@settings(max_examples=40, deadline=None)
@given(accesses, policies, st.sampled_from([LET_IN, KEPT_OUT]))
def test_every_possible_flip_within_the_size_is_found(
    seen: Access, policy: Policy, wanted: frozenset[Effect]
) -> None:
    if decide(seen, policy).effect in wanted:
        return
    found = flips(seen, policy, wanted)
    every = all_steps(seen, policy)
    for size in range(1, MAX_STEPS + 1):
        for steps in combinations(every, size):
            kinds = {step.what for step in steps}
            if len(kinds) == size and turns(seen, policy, steps, wanted):
                real = all(step.by is not StepBy.NOBODY for step in steps)
                assert found.actionable if real else (found.actionable or found.hypothetical)
                facts = frozenset().union(*(step.facts for step in steps))
                pool = found.actionable if real else (*found.actionable, *found.hypothetical)
                if size == min(len(flip.steps) for flip in pool):
                    assert any(flip.facts <= facts for flip in pool)


@pytest.mark.parametrize("client", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("effect", Effect)
def test_a_decision_that_is_wanted_already_has_no_way_there(client: Client, effect: Effect) -> None:
    assert all(effect not in each.wanted for each in flips_both_ways(access(client), RULES, effect))


def test_the_variables_that_are_said_to_vary_do() -> None:
    """Each is another for some step from some access: else what was not tried would be told wrong."""
    everything = policy_of(
        {"when": 'user.name == "x" || request.remote == "x" || client.os == "x" || "x" in user.groups'},
        {"when": 'attestation.issuer == "x" || client.kind == "bot" || "x" in device.sources'},
        {"when": " || ".join(f'{name}.at_least("999")' for name in VERSIONED)},
        {"stages": {"enforce": "2099-01-01"}},
    )
    old = replace(LAPTOP, browser_version="1", os_version="1")
    word = AttestationResult("d1", extension=ExtensionWord("1", browser_version="1", os_version="1"))
    torn = Finding(Reason.DEVICE_KIND_CONTRADICTED, "")
    refused = (
        AttestationResult(refused=Reason.TOKEN_EXPIRED),
        CertificateResult(refused=Reason.CERTIFICATE_EXPIRED),
    )
    starts = [
        access(old, Posture(os_version="1"), attestation=word),
        access(LAPTOP, replace(CLEAN, findings=(torn,), kind=Kind.LAPTOP)),
        access(PHONE, Posture()),
        access(PHONE, WITH_TIKTOK, attestation=refused[0], certificate=refused[1]),
    ]
    varied = set()
    for seen in starts:
        for step in all_steps(seen, everything):
            after, _ = step.apply((seen, everything))
            varied |= {name for name, each in VARIABLES.items() if each.read(seen) != each.read(after)}
    assert varied >= VARIED
    assert varied - VARIED <= {"client.findings", "device.os", "extension.install_type"}, (
        "it belongs in VARIED"
    )
