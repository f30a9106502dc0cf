from dataclasses import replace
from typing import Any

import pytest
from tests.unit.policy.examples import CLEAN, LAPTOP, PHONE, WITH_TIKTOK, access, policy_of

from mailgate.model import Access, Posture, PostureState, User
from mailgate.policy.rule_index import places

ANN = replace(access(), user=User("ann", ("staff",), groups_known=True))
AWAY = Posture(PostureState.UNAVAILABLE, last_state=PostureState.CLEAN)
ODD = replace(access(), user=User("ann\udcff"))


@pytest.mark.parametrize(
    ("rule", "asks"),
    [
        ({"when": 'client.kind == "laptop"'}, ANN),
        ({"when": 'client.kind != "phone"'}, ANN),
        ({"when": 'user.name == "bob" && device.known'}, ANN),
        ({"when": '"sales" in user.groups || user.name in ["bob"] && "sales" in user.groups'}, ANN),
        ({"when": 'device.state == "clean"'}, access(posture=WITH_TIKTOK)),
        ({"when": '"tiktok" in device.apps'}, ANN),
        ({"when": 'client.kind == "laptop" && user.groups.exists(group, group == "staff")'}, ANN),
        ({"when": "true", "groups": ("sales",)}, ANN),
        ({"when": "true", "groups": ("sales",), "effect": "allow"}, access()),
        ({"when": "!client.handheld"}, access(posture=AWAY)),
        ({"when": 'client.kind == "laptop"'}, access(posture=AWAY)),
        ({"when": "device.managed"}, ANN),
        ({"when": 'client.kind == "laptop"'}, ODD),  # nobody reads the odd name
    ],
)
def test_a_rule_that_surely_is_about_others_is_left_out(rule: dict[str, Any], asks: Access) -> None:
    assert policy_of({}, rule, {}).index.to_read(asks) == 0b101
    assert policy_of(rule, {}).index.to_read(asks) == 0b10


@pytest.mark.parametrize(
    ("rule", "asks"),
    [
        ({"when": 'client.kind == "laptop" || user.name == "bob"'}, ANN),
        ({"when": 'client.kind == "laptop" || 1 / 0 == 1'}, ANN),
        ({"when": 'client.kind == "laptop"'}, access(LAPTOP)),
        ({"when": "client.handheld"}, ANN),
        ({"when": '!("sales" in user.groups)'}, ANN),
        ({"when": 'user.groups != ["sales"]'}, ANN),
        ({"when": "user.groups == []"}, ANN),
        ({"when": 'user.name == "bob" || user.name.startsWith("a")'}, ANN),
        ({"when": 'user.name == "bob"'}, replace(ANN, user=User("bob\0"))),
        ({"when": 'user.name == "bob"'}, replace(ANN, user=User("corp\\bob"))),
        ({"when": 'user.name == "bob@example.com"'}, replace(ANN, user=User("bob"))),
        ({"when": 'user.name == "bob"'}, replace(ANN, user=User("(bob)"))),
        ({"when": '"sales" in user.groups'}, access()),
        ({"when": "true", "groups": ("sales",)}, access()),
        ({"when": "true", "groups": ("sales", "staff")}, ANN),
        # it needs what is not available
        ({"when": '"tiktok" in device.apps'}, access(posture=AWAY)),
        ({"when": 'device.state == "clean"'}, access(posture=AWAY)),
        ({"when": "device.managed"}, access(posture=AWAY)),
        # it fails, though another part is false
        ({"when": 'user.name == "bob" && client.kind == "laptop"'}, ODD),
        ({"when": 'user.groups.exists(a, user.groups.exists(b, a != b)) && client.kind == "laptop"'}, ANN),
        ({"when": '[1, 2].exists(n, n == user.name.size()) && client.kind == "laptop"'}, ANN),
    ],
)
def test_a_rule_that_may_hold_or_fail_or_be_undetermined_is_read(rule: dict[str, Any], asks: Access) -> None:
    assert policy_of({}, rule, {}).index.to_read(asks) == 0b111
    assert policy_of(rule, {}).index.to_read(asks) == 0b11


def test_the_false_values_of_a_condition_are_found_once() -> None:
    policy = policy_of({"when": "client.handheld"})
    again = replace(policy, default=policy.default.model_copy(update={"title": "Ask us"}))
    assert again.rules[0].when.never is policy.rules[0].when.never == {("client.handheld", False)}
    assert again.index.to_read(access(PHONE, CLEAN)) == 1
    assert again.index.to_read(access(LAPTOP, CLEAN)) == 0


def test_places_come_in_order() -> None:
    assert list(places(0)) == []
    assert list(places(1 << 999 | 0b1101)) == [0, 2, 3, 999]
