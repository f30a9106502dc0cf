"""Rules that can never decide anything are named; no rule that can is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from tests.unit.policy.examples import NOW, policy_of
from tests.unit.simulate.examples import accesses, policies

from mailgate.engine.decide import decide
from mailgate.model import Access
from mailgate.policy import Policy
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.unreachable import unreachable

HANDHELD = {"when": "client.handheld"}


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (({}, HANDHELD), {"rule-1": "`rule-0`, read before it, takes everybody whom it is about"}),
        ((HANDHELD, {"when": 'client.handheld && user.name == "ada"'}), {"rule-1": "`rule-0`, read before it, takes everybody whom it is about"}),
        ((HANDHELD, {"when": "!client.handheld"}, {}), {"rule-2": "`rule-0`, `rule-1`, read before it, take everybody whom it is about"}),
        (({"when": '"prohibited" in device.lists'}, {"when": 'client.handheld&&"prohibited"  in device.lists'}), {"rule-1": "`rule-0`, read before it, takes everybody whom it is about"}),
        (({"when": 'client.kind == "laptop" && client.kind == "phone"'},), {"rule-0": "its condition can never hold"}),
        ((HANDHELD | {"share": "50%"}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"report_only": "2026-12-01"}}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"warn": "2027-12-01"}}, HANDHELD), {}),
        ((HANDHELD | {"groups": ("pilot",)}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"warn": "2026-12-01"}}, HANDHELD), {"rule-1": "`rule-0`, read before it, takes everybody whom it is about"}),
        (({"when": 'client.handheld || user.name == "ada"'}, {"when": 'user.name == "ada"'}), {}),
        (({"when": 'user.name == "a && b"'}, {"when": 'user.name == "a && b" && client.handheld'}), {"rule-1": "`rule-0`, read before it, takes everybody whom it is about"}),
        (({"when": 'device.state != "clean"', "on_unavailable": "allow"}, {"when": 'device.state != "clean" && client.handheld'}), {}),
    ],
)  # fmt: skip
def test_what_is_out_of_reach_is_named_with_why(
    rules: tuple[dict[str, Any], ...], named: dict[str, str]
) -> None:
    assert unreachable(policy_of(*rules), NOW) == named


@pytest.mark.parametrize(("person", "device"), [("ada", ""), ("", "d1"), ("", "")])
def test_who_is_exempt_from_a_rule_reaches_the_next(person: str, device: str) -> None:
    cause = Cause.EXEMPTION if person or device else Cause.BREAK_GLASS
    relief = Relief(1, cause, "rule-0", "", "", NOW, NOW + timedelta(days=1), person=person, device=device)
    policy = replace(policy_of({}, HANDHELD), reliefs=Reliefs(1, (relief,)))
    assert unreachable(policy, NOW) == {}
    assert "rule-1" in unreachable(policy, NOW + timedelta(days=1))


def test_the_shipped_kind_of_policy_is_within_reach() -> None:
    rules = (
        {"when": 'client.kind == "laptop"', "effect": "allow"},
        {"when": 'client.handheld && "prohibited" in device.lists'},
        {"when": 'client.handheld && device.state != "clean"'},
        {"when": "client.handheld", "effect": "allow"},
    )
    assert unreachable(policy_of(*rules), NOW) == {}


@given(policies, accesses)
def test_no_rule_that_is_named_ever_decides(policy: Policy, seen: Access) -> None:
    named = unreachable(policy, seen.now)
    decided = decide(seen, policy)
    assert decided.rule not in named


def test_many_closed_variables_are_tried_in_part() -> None:
    many = " && ".join(f'{name} == ""' for name in ("client.form", "attestation.refused"))
    closed = 'client.kind == "laptop" && device.kind == "phone" && request.protocol == "web" && device.state == "clean"'
    assert unreachable(policy_of({"when": f"{many} && {closed}"}, {}, {}), NOW) == {
        "rule-2": "`rule-1`, read before it, takes everybody whom it is about"
    }


def test_of_very_many_rules_the_first_are_what_others_stand_behind() -> None:
    """Beyond them nothing is named: whatever is named is out of reach all the same."""
    rules = [{"when": f'device.os_version == "{number}"'} for number in range(300)]
    twin_of_an_early, twin_of_a_late = {"id": "early", **rules[3]}, {"id": "late", **rules[299]}
    policy = policy_of(*rules, twin_of_an_early, twin_of_a_late)
    assert list(unreachable(policy, NOW)) == ["early"]
