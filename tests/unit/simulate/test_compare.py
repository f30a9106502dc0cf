"""One occasion by two policies; ``test_impact.py`` compares crowds with deciding everybody one by one."""

from dataclasses import replace

import pytest
from tests.unit.policy.examples import CLEAN, PHONE, access, policy_of
from tests.unit.simulate.examples import OPEN, SHUT, UNTOLD, once

from mailgate.simulate import UNKNOWN
from mailgate.simulate.compare import Comparison

REMOTE = {"when": 'request.remote == "10.0.0.1"', "effect": "block"}
PHONE_LOAD = access(PHONE, CLEAN)


@pytest.mark.parametrize(
    ("active", "candidate", "label"),
    [
        ((OPEN,), (SHUT,), "block"),
        ((OPEN,), (OPEN,), ""),
        ((OPEN,), (REMOTE, OPEN), UNKNOWN),
        ((REMOTE, OPEN), (REMOTE, OPEN), ""),
    ],
)
def test_its_label_is_the_effect_that_is_new(
    active: tuple[dict[str, str], ...], candidate: tuple[dict[str, str], ...], label: str
) -> None:
    comparison = Comparison(policy_of(*active), policy_of(*candidate))
    occasion = once(PHONE_LOAD, unrecorded=UNTOLD)
    assert comparison.of(occasion, comparison.keys(occasion)).label == label


def test_whom_it_is_about_is_no_part_of_the_keys_unless_a_rule_reads_it() -> None:
    one = once(PHONE_LOAD)
    comparison = Comparison(policy_of(OPEN), policy_of(SHUT))
    assert comparison.keys(one) == comparison.keys(replace(one, person="lin"))
