"""How a condition uses the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.policy.examples import CLEAN, NOW, access, policy_of

from mailgate.model import Posture
from mailgate.policy.condition import compile_condition
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.policy.simulate.clock import (
    ages,
    may_fail,
    moments,
    shifted,
    starts,
    turns,
    unpredictable_clocks,
)
from mailgate.policy.simulate.what_if import judged_again_at

TIME = 'timestamp("2027-01-01T00:00:00Z")'
MIDNIGHT = datetime(2027, 1, 1, tzinfo=UTC)
BEHIND = MIDNIGHT + timedelta(microseconds=1)
LAST = datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("client.handheld", set()),
        (f"now >= {TIME}", set()),
        (f"client.handheld && !({TIME} < now) || now == {TIME}", set()),
        (f"now >= {TIME} && now.getHours() > 3", {"now"}),
        ("now.getMonth() == 11", {"now"}),
        ("int(now) > 5", {"now"}),
        (f'now - duration("100h") > {TIME}', {"now"}),
        (f'now > {TIME} + duration("1h")', {"now"}),
        ("now > timestamp(1798761600)", {"now"}),
        ("now == now", {"now"}),
        (f"now in [{TIME}]", {"now"}),
        (f'{{"now": now}}.now > {TIME}', {"now"}),
        ('now > timestamp("2027-01-01T00:00:00.000000Z")', set()),
        ('now > timestamp("2027-01-01T00:00:00.0000005Z")', {"now"}),  # between two moments of this clock
        ('device.age > duration("0.0000005s")', {"device.age"}),
        ('device.age > duration("24h")', {"device.age"}),
        (f'now >= {TIME} && device.age > duration("24h")', {"device.age"}),
        (f"now - device.age > {TIME}", {"now", "device.age"}),
    ],
)
def test_only_a_comparison_with_a_time_can_be_told(text: str, names: set[str]) -> None:
    assert unpredictable_clocks(compile_condition(text, {})) == names


@pytest.mark.parametrize(
    ("operator", "mirrored", "found"),
    [
        (">=", "<=", (MIDNIGHT,)),
        ("<", ">", (MIDNIGHT,)),
        (">", "<", (BEHIND,)),
        ("<=", ">=", (BEHIND,)),
        ("==", "==", (MIDNIGHT, BEHIND)),
        ("!=", "!=", (MIDNIGHT, BEHIND)),
    ],
)
def test_a_comparison_with_a_time_turns_over_at_it_or_just_behind(
    operator: str, mirrored: str, found: tuple[datetime, ...]
) -> None:
    assert turns(compile_condition(f"now {operator} {TIME}", {})) == found
    assert turns(compile_condition(f"{TIME} {mirrored} now", {})) == found


@pytest.mark.parametrize(
    "text",
    [
        "client.handheld",
        "now.getMonth() == 11",
        f"now in [{TIME}]",
        f'{{"now": now}}.now > {TIME}',
        'device.age > duration("24h")',
    ],
)
def test_other_conditions_have_no_moment(text: str) -> None:
    assert turns(compile_condition(text, {})) == ()


def test_the_moments_of_several_comparisons_are_in_order_and_each_is_there_once() -> None:
    text = f'now > timestamp("2028-01-01T00:00:00Z") || now < {TIME} || client.handheld && now >= {TIME}'
    assert turns(compile_condition(text, {})) == (MIDNIGHT, datetime(2028, 1, 1, 0, 0, 0, 1, tzinfo=UTC))


def test_the_last_moment_of_all_has_none_behind_it() -> None:
    assert turns(compile_condition('now > timestamp("9999-12-31T23:59:59.999999Z")', {})) == ()
    assert turns(compile_condition('now >= timestamp("9999-12-31T23:59:59.999999Z")', {})) == (LAST,)


@pytest.mark.parametrize(
    ("moment", "by", "found"),
    [
        (MIDNIGHT, timedelta(days=-1), (datetime(2026, 12, 31, tzinfo=UTC),)),
        (LAST - timedelta(days=1), timedelta(days=1), (LAST,)),
        (LAST, timedelta(microseconds=1), ()),
        (datetime.min.replace(tzinfo=UTC), timedelta(microseconds=-1), ()),
    ],
)
def test_a_moment_is_shifted_as_far_as_there_are_moments(
    moment: datetime, by: timedelta, found: tuple[datetime, ...]
) -> None:
    assert shifted(moment, by) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("client.handheld", ()),
        (f"now > {TIME}", ()),
        (
            f'device.age > duration("24h") || duration("1h") > device.age || now > {TIME}',
            (timedelta(days=1), timedelta(hours=1)),
        ),
        ('device.age > duration("24h") || device.age + duration("1h") > duration("24h")', None),
        ("device.age.getHours() > 3", None),
    ],
)
def test_the_ages_that_matter_to_a_condition_are_found(
    text: str, found: tuple[timedelta, ...] | None
) -> None:
    assert ages(compile_condition(text, {})) == found


CALENDAR = (
    "getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds"
).split()


@pytest.mark.parametrize(
    "text",
    [
        "client.handheld",
        "client.handheld && client.probed || !client.contradicted",
        "client.handheld ? client.probed : client.contradicted",
        'client.os == "ios" && client.os != client.browser',
        'client.os < "b" || client.os <= "b" || client.os > "y" || client.os >= "y"',
        'client.os in ["ios", "ipados"]',
        'client.os.startsWith("i") && client.os.endsWith("s") && client.os.contains("o")',
        "client.os.size() > 3 && size(client.os) > 3",
        'client.os.matches("^a")',
        'device.apps.exists(each, each == "tiktok") && device.apps.all(each, each != "wechat")',
        f'now > {TIME} && device.age > duration("1h")',
        *(f"now.{part}() > 3" for part in CALENDAR),
        *(f'now.{part}("Europe/Berlin") > 3' for part in CALENDAR),
    ],
)
def test_a_condition_of_safe_operations_never_fails(text: str) -> None:
    assert not may_fail(compile_condition(text, {}))


@pytest.mark.parametrize(
    "text",
    [
        *(f"now.{part}(client.os) > 3" for part in CALENDAR),
        "client.os.matches(client.browser)",
        "device.apps[0] == user.name",
        "1 / now.getHours() > 3",
        "1 % now.getHours() > 3",
        "int(client.os_version) > 3",
        '{"a": now}.b == now',
        f'now - duration("1h") > {TIME}',
        "now > timestamp(client.os)",
        "client.handheld || (client.probed && device.apps[0] == user.name)",
        "[device.apps[0]] == [user.name]",
        "device.apps.exists(each, each == device.apps[0])",
    ],
)
def test_a_condition_with_an_unsafe_operation_may_fail(text: str) -> None:
    assert may_fail(compile_condition(text, {}))


DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND, INSTANT = timedelta(seconds=1), timedelta(microseconds=1)


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
        (replace(CLEAN, reported_at=NOW - DAY / 2), AGED, [NOW + DAY / 2, NOW + DAY / 2 + INSTANT]),
        (replace(CLEAN, reported_at=NOW, lag=DAY / 2), AGED, [NOW + DAY / 2, NOW + DAY / 2 + INSTANT]),
        (replace(CLEAN, reported_at=None), AGED, []),
        (CLEAN, {"when": 'string(now - duration("24h")) == ""'}, []),
        (CLEAN, DATED, [DATE]),
        (CLEAN, {"when": 'device.age > duration("80000000h")'}, []),
        (CLEAN, {"when": 'device.age > duration("-80000000h")'}, []),
        (replace(CLEAN, reported_at=LAST - DAY), AGED, [LAST - DAY + HOUR, LAST - DAY + HOUR + INSTANT, LAST]),
        (CLEAN, {"when": 'now > timestamp("9999-12-31T23:59:59.999999Z")'}, []),
        (CLEAN, {"when": 'now > timestamp("9999-12-31T23:59:58.999999Z")'}, [LAST - SECOND + INSTANT]),
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


def test_the_end_of_a_verdict_is_a_moment() -> None:
    judged = replace(CLEAN, compliance_until=NOW + HOUR, expires_at=NOW + DAY)
    assert moments(access(posture=judged), policy_of({})) == [NOW + HOUR, NOW + DAY]


@pytest.mark.parametrize("reported", [NOW - DAY, None])
def test_a_report_is_moved_in_time_with_its_age(reported: datetime | None) -> None:
    seen = access(posture=replace(CLEAN, reported_at=reported, expires_at=NOW + HOUR), user="ada")
    report = replace(seen.posture, reported_at=reported and NOW + 29 * DAY)
    assert judged_again_at(seen, NOW + 30 * DAY) == replace(seen, now=NOW + 30 * DAY, posture=report)


def test_policies_change_where_a_stage_begins_and_a_comparison_with_a_time_turns() -> None:
    staged, dated = policy_of({}, STAGED), policy_of({"when": 'now > timestamp("2026-12-24T00:00:00Z")'})
    christmas = datetime(2026, 12, 24, 0, 0, 0, 1, tzinfo=UTC)
    assert starts([staged, dated], NOW) == {NOW + DAY, NOW + 2 * DAY, christmas}
    assert starts([staged, dated], NOW + DAY) == {NOW + 2 * DAY, christmas}
    assert starts([], NOW) == set()
