"""One occasion by two policies; ``test_impact.py`` compares crowds with deciding everybody one by one."""

from dataclasses import replace

import pytest
from tests.unit.policy.examples import CLEAN, PHONE, WITH_TIKTOK, access, policy_of
from tests.unit.policy.simulate.examples import OPEN, SHUT, UNTOLD, once

from mailgate.policy.simulate.compare import Comparison, Occasion, newly_out
from mailgate.policy.simulate.judge import UNKNOWN

REMOTE = {"when": 'request.remote == "10.0.0.1"', "effect": "block"}
PHONE_LOAD = access(PHONE, CLEAN)


@pytest.mark.parametrize(
    ("active", "candidate", "move", "label", "out"),
    [
        ((OPEN,), (SHUT,), ("allow", "block"), "block", True),
        ((OPEN,), (OPEN,), ("allow", "allow"), "", False),
        ((SHUT,), (OPEN,), ("block", "allow"), "allow", False),
        ((OPEN,), (REMOTE, OPEN), None, UNKNOWN, True),
        ((REMOTE, OPEN), (OPEN,), None, UNKNOWN, True),
        ((REMOTE, OPEN), (REMOTE, OPEN), (UNKNOWN, UNKNOWN), "", False),
        ((REMOTE, SHUT), (REMOTE, REMOTE | OPEN, OPEN), None, UNKNOWN, True),
        ((REMOTE, SHUT), (REMOTE | OPEN, OPEN), ("block", "allow"), "allow", False),
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
