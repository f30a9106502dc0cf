"""The moments at which a verdict may change by itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.policy.examples import CLEAN, NOW, access, policy_of

from mailgate.model import Posture
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.simulate.moments import at_moment, moments, starts

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
LAST = datetime.max.replace(tzinfo=UTC)


STAGED = {"stages": {"report_only": "2026-12-01", "warn": "2026-12-11", "enforce": "2026-12-12"}}
AGED = {"when": 'device.age > duration("24h") || device.age < duration("1h")'}
DATED = {"when": 'now >= timestamp("2026-12-11T00:00:00+01:00")'}
DATE = datetime(2026, 12, 10, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("posture", "rule", "found"),
    [
        (replace(CLEAN, expires_at=NOW + DAY / 2), STAGED, [NOW + DAY / 2, NOW + DAY, NOW + 2 * DAY]),
        (replace(CLEAN, expires_at=NOW + HOUR, last_known_until=NOW + DAY), {}, [NOW + HOUR, NOW + DAY]),
        (replace(CLEAN, expires_at=NOW), {"stages": {"enforce": NOW.isoformat()}}, []),
        (replace(CLEAN, reported_at=NOW - DAY / 2), AGED, [NOW + DAY / 2, NOW + DAY / 2 + SECOND]),
        (replace(CLEAN, reported_at=NOW, lag=DAY / 2), AGED, [NOW + DAY / 2, NOW + DAY / 2 + SECOND]),
        (replace(CLEAN, reported_at=None), AGED, []),
        (CLEAN, {"when": 'string(now - duration("24h")) == ""'}, []),
        (CLEAN, DATED, [DATE, DATE + SECOND]),
        (CLEAN, {"when": 'device.age > duration("80000000h")'}, []),
        (CLEAN, {"when": 'device.age > duration("-80000000h")'}, []),
        (replace(CLEAN, reported_at=LAST - DAY), AGED, [LAST - DAY + HOUR, LAST - DAY + HOUR + SECOND, LAST]),
        (CLEAN, {"when": 'now > timestamp("9999-12-31T23:59:59.999999Z")'}, [LAST]),
        (CLEAN, {"when": 'now > timestamp("9999-12-31T23:59:58.999999Z")'}, [LAST - SECOND, LAST]),
        (CLEAN, {"when": 'client.kind == "phone"'}, []),
    ],
    ids=["stages that start and a report that runs out", "what was last known ends", "now is no moment to come", "an age", "an age with a lag", "the age of no report", "a duration that is no age", "a date", "an age behind the end of time", "an age before the beginning of time", "an age at the end of time", "the end of time", "just before the end of time", "nothing of a time"],
)  # fmt: skip
def test_a_verdict_may_change_at_the_limits_of_stages_reports_and_conditions(
    posture: Posture, rule: dict[str, object], found: list[datetime]
) -> None:
    assert moments(access(posture=posture), policy_of(rule)) == found


def test_the_ends_of_grace_and_relief_are_moments() -> None:
    exempt = Relief(1, Cause.EXEMPTION, "", "a new phone", "grace", NOW, NOW + 2 * DAY, person="ada")
    halt = Relief(2, Cause.HALT, "rule-0", "too many", "", NOW)
    policy = replace(policy_of({"grace": "3d"}), reliefs=Reliefs(1, (exempt, halt)))
    new = replace(CLEAN, first_seen=NOW - 2 * DAY)
    assert moments(access(posture=new, user="ada"), policy) == [NOW + DAY, NOW + 2 * DAY]
    assert moments(access(posture=new, user="lin"), policy) == [NOW + DAY]


@pytest.mark.parametrize("reported", [NOW - DAY, None])
def test_a_report_is_moved_in_time_with_its_age(reported: datetime | None) -> None:
    seen = access(posture=replace(CLEAN, reported_at=reported, expires_at=NOW + HOUR), user="ada")
    report = replace(seen.posture, reported_at=reported and NOW + 29 * DAY)
    assert at_moment(seen, NOW + 30 * DAY) == replace(seen, now=NOW + 30 * DAY, posture=report)


def test_policies_change_where_a_stage_begins_and_a_comparison_with_a_time_turns() -> None:
    staged, dated = policy_of({}, STAGED), policy_of({"when": 'now > timestamp("2026-12-24T00:00:00Z")'})
    christmas = datetime(2026, 12, 24, 0, 0, 0, 1, tzinfo=UTC)
    assert starts([staged, dated], NOW) == {NOW + DAY, NOW + 2 * DAY, christmas}
    assert starts([staged, dated], NOW + DAY) == {NOW + 2 * DAY, christmas}
    assert starts([], NOW) == set()
