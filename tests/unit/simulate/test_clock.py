"""What is told of a condition and the clock."""

from datetime import timedelta

import pytest

from mailgate.policy.condition import compile_condition
from mailgate.simulate.clock import ages, may_fail, starts, unpredictable_clocks

TIME = 'timestamp("2027-01-01T00:00:00Z")'


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
        ('now > timestamp("2027-01-01T00:00:00.0000005Z")', {"now"}),  # between two moments of this clock
        ('device.age > duration("24h")', {"device.age"}),
        (f'now >= {TIME} && device.age > duration("24h")', {"device.age"}),
        (f"now - device.age > {TIME}", {"now", "device.age"}),
    ],
)
def test_only_a_comparison_with_a_time_can_be_told(text: str, names: set[str]) -> None:
    condition = compile_condition(text, {})
    assert unpredictable_clocks(condition) == names
    assert bool(starts(condition)) == (text.count(TIME) > 0 and ("now >= " in text or "< now" in text))


def test_the_last_moment_of_all_has_none_behind_it() -> None:
    assert starts(compile_condition('now > timestamp("9999-12-31T23:59:59.999999Z")', {})) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("client.handheld", ()),
        (
            'device.age > duration("24h") || duration("1h") > device.age',
            (timedelta(days=1), timedelta(hours=1)),
        ),
        ('device.age + duration("1h") > duration("24h")', None),
        ("device.age.getHours() > 3", None),
    ],
)
def test_ages_between_which_it_is_the_same(text: str, found: tuple[timedelta, ...] | None) -> None:
    assert ages(compile_condition(text, {})) == found


@pytest.mark.parametrize(
    ("text", "may"),
    [
        (
            f'client.handheld && client.os in ["ios", "ipados"] && now > {TIME} ? client.os.size() > 3 : true',
            False,
        ),
        ('now.getHours("Europe/Berlin") > 3 && client.os.matches("^a")', False),
        ('device.apps.exists(each, each == "tiktok") && device.age > duration("1h")', False),
        ("now.getHours(client.os) > 3", True),
        ("client.os.matches(client.browser)", True),
        ("device.apps[0] == user.name", True),
        ("1 / now.getHours() > 3", True),
        ("int(client.os_version) > 3", True),
        ('{"a": now}.b == now', True),
        (f'now - duration("1h") > {TIME}', True),
    ],
)
def test_what_may_fail(text: str, may: bool) -> None:
    assert may_fail(compile_condition(text, {})) is may
