"""The moments at which a verdict may change by itself."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.unit.policy.examples import CLEAN, NOW, access, policy_of

from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.simulate.clock import INSTANT
from mailgate.simulate.moments import moments, sampled, starts

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def test_stages_that_start_and_reports_that_run_out() -> None:
    staged = policy_of(
        {"stages": {"report_only": "2026-12-01", "warn": "2026-12-11", "enforce": "2026-12-12"}}
    )
    seen = access(posture=replace(CLEAN, expires_at=NOW + DAY / 2))
    assert moments(seen, staged) == [NOW + DAY / 2, NOW + DAY, NOW + 2 * DAY]


def test_limits_that_stand_in_conditions() -> None:
    aged = policy_of({"when": 'device.age > duration("24h") || device.age < duration("1h")'})
    seen = access(posture=replace(CLEAN, reported_at=NOW - DAY / 2))
    assert moments(seen, aged) == [NOW + DAY / 2, NOW + DAY / 2 + SECOND]
    assert moments(access(posture=replace(CLEAN, reported_at=None)), aged) == []
    dated = policy_of({"when": 'now >= timestamp("2026-12-11T00:00:00+01:00")'})
    start = datetime.fromisoformat("2026-12-10T23:00:00+00:00")
    assert moments(access(), dated) == [start, start + SECOND]


def test_limits_behind_the_end_of_time_are_never_passed() -> None:
    aged = policy_of({"when": 'device.age > duration("80000000h")'})
    assert moments(access(), aged) == []
    last = policy_of({"when": 'now > timestamp("9999-12-31T23:59:59.999999Z")'})
    assert len(moments(access(), last)) == 1


def test_limits_of_other_things_are_none() -> None:
    assert moments(access(), policy_of({"when": 'client.kind == "phone"'})) == []


def test_a_grace_and_a_relief_that_end() -> None:
    exempt = Relief(1, Cause.EXEMPTION, "", "a new phone", "grace", NOW, NOW + 2 * DAY, person="ada")
    policy = replace(policy_of({"grace": "3d"}), reliefs=Reliefs(1, (exempt,)))
    new = replace(CLEAN, first_seen=NOW - 2 * DAY)
    assert moments(access(posture=new, user="ada"), policy) == [NOW + DAY, NOW + 2 * DAY]
    assert moments(access(posture=new, user="lin"), policy) == [NOW + DAY]


def test_comparisons_with_a_time_turn_over_at_it_or_just_behind() -> None:
    midnight = datetime.fromisoformat("2027-01-01T00:00:00+00:00")
    behind = midnight + INSTANT
    for text, found in (
        (">=", {midnight}), ("<", {midnight}), (">", {behind}), ("<=", {behind}), ("==", {midnight, behind}),
    ):  # fmt: skip
        policy = policy_of({"when": f'now {text} timestamp("2027-01-01T00:00:00Z")'})
        assert starts([policy], NOW) == found
        assert starts([policy], behind) == set()


def test_moments_are_sampled_only_where_one_cannot_be_told() -> None:
    assert sampled([policy_of({"when": 'now > timestamp("2027-01-01T00:00:00Z")'})], NOW) == ()
    assert sampled([policy_of({"when": 'device.age > duration("1h")'})], NOW) == ()
    start = datetime.fromisoformat("2027-02-03T04:05:06+00:00")
    text = 'now - duration("1h") > timestamp("2027-02-03T04:05:06Z")'
    found = sampled([policy_of({"when": text, "stages": {"enforce": "2027-12-31T23:30:00Z"}})], NOW)
    assert {NOW + n * HOUR for n in range(1, 169)} < {*found}
    assert {NOW + n * DAY for n in range(1, 397)} < {*found}
    assert {start - INSTANT, start, start + INSTANT} < {*found}
    assert datetime.fromisoformat("2027-12-31T23:30:00+00:00") in found
    assert list(found) == sorted(found)
