"""Which conditions could come out either way."""

from dataclasses import replace

import pytest
from tests.unit.policy.examples import CLEAN, NOW, PHONE, access, policy_of

from mailgate.model import Posture, PostureState
from mailgate.simulate.undetermined import future_undetermined_rules, undetermined_rules

NOTHING = frozenset[str]()
PATH = frozenset({"request.path"})


@pytest.mark.parametrize(
    ("when", "undetermined"),
    [
        ("request.path == '/'", True),
        ("client.handheld && request.path == '/'", True),
        ("!client.handheld && request.path == '/'", False),
        ("client.handheld", False),
    ],
)
def test_a_condition_is_undetermined_where_what_is_not_known_could_settle_it(
    when: str, undetermined: bool
) -> None:
    policy = policy_of({"when": when})
    assert bool(undetermined_rules(policy.rules, access(PHONE, CLEAN), PATH, ())) is undetermined
    assert not undetermined_rules(policy.rules, access(PHONE, CLEAN), NOTHING, ())


@pytest.mark.parametrize(
    ("when", "undetermined"),
    [
        ("now.getMonth() == 11", True),
        ("device.age > duration('1h')", True),
        ("now > timestamp('2027-01-01T00:00:00Z')", False),
    ],
)
def test_later_the_clock_may_say_anything_but_what_has_a_date(when: str, undetermined: bool) -> None:
    policy, seen = policy_of({"when": when}), access(PHONE, replace(CLEAN, reported_at=NOW))
    assert bool(future_undetermined_rules(policy.rules, seen, NOTHING, ())) is undetermined


def test_who_has_never_reported_stays_as_old_as_that() -> None:
    policy, missing = policy_of({"when": "device.age > duration('1h')"}), Posture()
    assert not future_undetermined_rules(policy.rules, access(PHONE, missing), NOTHING, ())


def test_a_rule_that_is_not_about_somebody_does_not_hang() -> None:
    policy = policy_of({"when": "request.path == '/'", "stages": {"enforce": "2027-01-01"}})
    assert not undetermined_rules(policy.rules, access(PHONE, CLEAN), PATH, ())


def test_where_the_posture_cannot_be_had_what_is_known_of_the_device_hangs_too() -> None:
    policy = policy_of({"when": "device.managed && request.path == '/'"})
    lost = replace(CLEAN, state=PostureState.UNAVAILABLE, managed=False)
    assert undetermined_rules(policy.rules, access(PHONE, lost), PATH, ())
    assert not undetermined_rules(policy.rules, access(PHONE, replace(CLEAN, managed=False)), PATH, ())
