"""The moments at which a verdict may change by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.policy.examples import CLEAN, NOW, access, policy_of

from mailgate.model import Posture
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.simulate.clock import INSTANT
from mailgate.simulate.moments import moments, sampled, starts

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


STAGED = {"stages": {"report_only": "2026-12-01", "warn": "2026-12-11", "enforce": "2026-12-12"}}
AGED = {"when": 'device.age > duration("24h") || device.age < duration("1h")'}
DATED = {"when": 'now >= timestamp("2026-12-11T00:00:00+01:00")'}
DATE = datetime(2026, 12, 10, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("posture", "rule", "found"),
    [
        (replace(CLEAN, expires_at=NOW + DAY / 2), STAGED, [NOW + DAY / 2, NOW + DAY, NOW + 2 * DAY]),
        (replace(CLEAN, reported_at=NOW - DAY / 2), AGED, [NOW + DAY / 2, NOW + DAY / 2 + SECOND]),
        (replace(CLEAN, reported_at=NOW, lag=DAY / 2), AGED, [NOW + DAY / 2, NOW + DAY / 2 + SECOND]),
        (replace(CLEAN, reported_at=None), AGED, []),
        (CLEAN, DATED, [DATE, DATE + SECOND]),
        (CLEAN, {"when": 'device.age > duration("80000000h")'}, []),
        (CLEAN, {"when": 'now > timestamp("9999-12-31T23:59:59.999999Z")'}, [datetime.max.replace(tzinfo=UTC)]),
        (CLEAN, {"when": 'client.kind == "phone"'}, []),
    ],
    ids=["stages that start and a report that runs out", "an age", "an age with a lag", "the age of no report", "a date", "an age behind the end of time", "the end of time", "nothing of a time"],
)  # fmt: skip
def test_a_verdict_may_change_at_the_limits_of_stages_reports_and_conditions(
    posture: Posture, rule: dict[str, object], found: list[datetime]
) -> None:
    assert moments(access(posture=posture), policy_of(rule)) == found


def test_a_grace_and_a_relief_that_end() -> None:
    exempt = Relief(1, Cause.EXEMPTION, "", "a new phone", "grace", NOW, NOW + 2 * DAY, person="ada")
    policy = replace(policy_of({"grace": "3d"}), reliefs=Reliefs(1, (exempt,)))
    new = replace(CLEAN, first_seen=NOW - 2 * DAY)
    assert moments(access(posture=new, user="ada"), policy) == [NOW + DAY, NOW + 2 * DAY]
    assert moments(access(posture=new, user="lin"), policy) == [NOW + DAY]


MIDNIGHT = datetime(2027, 1, 1, tzinfo=UTC)
BEHIND = MIDNIGHT + INSTANT


@pytest.mark.parametrize(
    ("operator", "found"),
    [
        (">=", {MIDNIGHT}),
        ("<", {MIDNIGHT}),
        (">", {BEHIND}),
        ("<=", {BEHIND}),
        ("==", {MIDNIGHT, BEHIND}),
    ],
)
def test_comparisons_with_a_time_turn_over_at_it_or_just_behind(operator: str, found: set[datetime]) -> None:
    policy = policy_of({"when": f'now {operator} timestamp("2027-01-01T00:00:00Z")'})
    assert starts([policy], NOW) == found
    assert starts([policy], BEHIND) == set()


@pytest.mark.parametrize("when", ['now > timestamp("2027-01-01T00:00:00Z")', 'device.age > duration("1h")'])
def test_no_moments_are_sampled_where_each_can_be_told(when: str) -> None:
    assert sampled([policy_of({"when": when})], NOW) == ()


def test_moments_are_sampled_where_one_cannot_be_told() -> None:
    start = datetime.fromisoformat("2027-02-03T04:05:06+00:00")
    text = 'now - duration("1h") > timestamp("2027-02-03T04:05:06Z")'
    found = sampled([policy_of({"when": text, "stages": {"enforce": "2027-12-31T23:30:00Z"}})], NOW)
    assert {NOW + n * HOUR for n in range(1, 169)} < {*found}
    assert {NOW + n * DAY for n in range(1, 397)} < {*found}
    assert {start - INSTANT, start, start + INSTANT} < {*found}
    assert datetime.fromisoformat("2027-12-31T23:30:00+00:00") in found
    assert list(found) == sorted(found)
