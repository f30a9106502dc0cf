"""Rules that can never decide anything are named; no rule that can is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from tests.unit.policy.examples import NOW, policy_of
from tests.unit.policy.simulate.examples import accesses, policies

from mailgate.model import Access
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.unreachable import unreachable

HANDHELD = {"when": "client.handheld"}
TAKEN = "`rule-0`, read before it, takes everybody whom it is about"


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        (({}, HANDHELD), {"rule-1": TAKEN}),
        ((HANDHELD, {"when": 'client.handheld && user.name == "ada"'}), {"rule-1": TAKEN}),
        ((HANDHELD, {"when": "!client.handheld"}, {}), {"rule-2": "`rule-0`, `rule-1`, read before it, take everybody whom it is about"}),
        (({"when": '"prohibited" in device.lists'}, {"when": 'client.handheld&&"prohibited"  in device.lists'}), {"rule-1": TAKEN}),
        (({"when": 'client.kind == "laptop" && client.kind == "phone"'},), {"rule-0": "its condition can never hold"}),
        ((HANDHELD | {"share": "50%"}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"report_only": "2026-12-01"}}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"warn": "2027-12-01"}}, HANDHELD), {}),
        ((HANDHELD | {"groups": ("pilot",)}, HANDHELD), {}),
        ((HANDHELD | {"stages": {"warn": "2026-12-01"}}, HANDHELD), {"rule-1": TAKEN}),
        (({"when": 'client.handheld || user.name == "ada"'}, {"when": 'user.name == "ada"'}), {}),
        (({"when": 'device.state != "clean"', "on_unavailable": "allow"}, {"when": 'device.state != "clean" && client.handheld'}), {}),
        ((HANDHELD | {"on_unavailable": "allow"}, HANDHELD), {"rule-1": TAKEN}),
        (({"when": "device.known", "on_unavailable": "allow", "effect": "allow"}, {"when": "device.known"}), {"rule-1": TAKEN}),
        (({"when": "1 / 0 == 1"}, {}), {}),
        (({}, {"when": "1 / 0 == 1"}), {"rule-1": TAKEN}),
        (({"when": "!client.handheld && client.probed"}, HANDHELD, {"when": "client.handheld || client.probed"}), {"rule-2": "`rule-0`, `rule-1`, read before it, take everybody whom it is about"}),
    ],
)  # fmt: skip
def test_an_unreachable_rule_is_named_with_why(
    rules: tuple[dict[str, Any], ...], named: dict[str, str]
) -> None:
    assert unreachable(policy_of(*rules), NOW) == named


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('user.name == "a && b"', 'user.name == "a && b" && client.handheld'),
        ("user.name == 'it\\'s && b'", "client.handheld && user.name=='it\\'s && b'"),
        ('(client.os == "a" || user.name == "b")', '(client.os == "a"||user.name == "b") && [client.handheld][0]'),
        ("user.groups.exists(g, g == 'a' || g == 'b')", "client.handheld && user.groups.exists(g, g == 'a' || g == 'b')"),
        ("user.name == 'a'", "user.name == // not 'b'\n 'a' && client.handheld"),
        ("client.os == 'a' && user.name == 'b'", "user.name == 'b' && client.handheld && client.os == 'a'"),
    ],
)  # fmt: skip
def test_a_condition_that_adds_to_an_earlier_one_is_unreachable(first: str, second: str) -> None:
    assert unreachable(policy_of({"when": first}, {"when": second}), NOW) == {"rule-1": TAKEN}
    assert unreachable(policy_of({"when": second}, {"when": first}), NOW) == {}


@pytest.mark.parametrize(
    "condition",
    [
        "client.os == 'a' || user.name == 'b' && client.handheld",
        "client.os == 'a' ? client.model == 'x' : user.name == 'b' && client.handheld",
        "client.os == 'a' // && client.handheld",
        "!(client.os == 'a' && client.handheld && client.model == 'x')",
        "client.os == '''x' && client.handheld && 'y'''",
        'client.os == """x" && client.handheld && "y"""',
        "client.os == 'a' ? user.name == 'b' && client.handheld : user.name == 'c'",
    ],
)
def test_an_apparent_part_of_a_condition_is_not_split(condition: str) -> None:
    assert unreachable(policy_of(HANDHELD, {"when": condition}), NOW) == {}


@pytest.mark.parametrize("text", ['r"a"', "R'a'", 'b"a"', "B'a'", 'br"a"', '"""a"""', "'''a'''"])
def test_a_condition_with_an_odd_string_is_not_split(text: str) -> None:
    compared = "b''" if "b" in text.lower() else "client.os"
    same = {"when": f"{compared} != {text} && user.name == ''"}
    assert unreachable(policy_of(same, same), NOW) == {}


@pytest.mark.parametrize(("person", "device"), [("ada", ""), ("", "d1"), ("", "")])
def test_an_exempt_person_reaches_the_next_rule(person: str, device: str) -> None:
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


EIGHT = ["client.handheld", "client.contradicted", "client.probed", "device.known", "device.managed", "device.contradicted", "attestation.valid", "certificate.valid"]  # fmt: skip


@pytest.mark.parametrize(("others", "named"), [(7, ["rule-0"]), (8, [])])
def test_only_so_many_combinations_are_tried(others: int, named: list[str]) -> None:
    """Seven variables have 128, with eight kinds and four states 4096; of more the longest set is left out."""
    other = " || ".join([*EIGHT[:others], 'attestation.status == "none"'])
    when = f'client.kind == "laptop" && client.kind == "phone" && ({other})'
    assert list(unreachable(policy_of({"when": when}), NOW)) == named


def test_only_the_first_rules_of_very_many_are_compared_with() -> None:
    """Beyond them nothing is named: whatever is named is out of reach all the same."""
    rules = [{"when": f'device.os_version == "{number}"'} for number in range(300)]
    twins = [{"id": f"twin-{number}", **rules[number]} for number in (0, 199, 200, 299)]
    assert list(unreachable(policy_of(*rules, *twins), NOW)) == ["twin-0", "twin-199"]
