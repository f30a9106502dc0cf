from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.policy.examples import CATALOG, policy_of

from mailgate.gateway.pages.steps import FIXES as FIXES_OF_PAGES
from mailgate.model import Effect, Reason
from mailgate.policy.rules import FIXES, OnUnavailable, PolicyFile, policy_context, repeated_ids

RULE = {"id": "a", "when": "true", "effect": "block"}


def read(**rule: Any) -> Any:
    return PolicyFile.model_validate({"rules": (RULE | rule,)}, context=policy_context(CATALOG)).rules[0]


def test_what_is_left_out() -> None:
    rule = read()
    assert (rule.stages, rule.share, rule.on_unavailable, rule.reason) == (
        None,
        1,
        OnUnavailable.LAST_KNOWN,
        None,
    )
    assert (rule.title, rule.notice.fix, rule.notice.contact) == (None, None, None)


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "Not-Kebab"},
        {"id": ""},
        {"id": "a--b"},
        {"when": True},
        {"when": '"unheard-of" in device.lists'},
        {"effect": "deny"},
        {"reason": "because"},
        {"reason": "token-expired"},
        {"on_unavailable": "shrug"},
        {"title": ""},
        {"notice": {"fix": "remove-ap"}},
        {"notice": {"fix": " "}},
        {"notice": {"phone": "1"}},
        {"comment": "x"},
        {"effect": "allow", "grace": "7d"},
        {"effect": "warn", "grace": "7d"},
        {"grace": "soon"},
        {"groups": "pilot"},
    ],
)
def test_what_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(**bad)


@pytest.mark.parametrize("fix", [*FIXES, "Call us at the front desk.", "请到三楼。", "Call\tus"])
def test_fixes(fix: str) -> None:
    assert read(notice={"fix": fix}).notice.fix == fix


def test_the_fixes_are_those_that_pages_have_steps_for() -> None:
    assert set(FIXES) == set(FIXES_OF_PAGES)


def test_without_a_default_a_request_is_blocked() -> None:
    default = policy_of({}).default
    assert (default.effect, default.reason) == (Effect.BLOCK, Reason.NO_RULE_MATCHED)


def test_the_version_is_that_of_what_the_rules_say() -> None:
    one = policy_of({"when": "true"}, {"when": "false"})
    assert one.version == policy_of({"when": "true"}, {"when": "false"}).version
    others = [
        policy_of({"when": "false"}, {"when": "true"}),
        policy_of({"when": "true"}, {"when": "false", "share": "50%"}),
        policy_of({"when": "true"}, {"when": "false"}, effect="warn"),
    ]
    assert len({one.version, *(other.version for other in others)}) == 4
    assert len(one.version) == 12


def test_repeated_ids_are_found_in_whatever_stands_there() -> None:
    rules = ({"id": "a"}, {"id": "b"}, {"id": "a"}, {"id": "default"}, {}, 5, {"id": 5})
    assert repeated_ids(rules) == [(2, "a"), (3, "default")]
    assert repeated_ids("nonsense") == []


def test_what_came_later_counts_for_the_version_only_where_it_is_given() -> None:
    assert policy_of({}).version == "a09902a586cd"
    assert policy_of({"groups": ("pilot",)}).version != policy_of({}).version
    assert policy_of({"grace": "7d"}).version != policy_of({"grace": "8d"}).version
