from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.policy.condition import (
    MAX_LENGTH,
    ConditionError,
    EvaluationError,
    UnknownValueError,
    compile_condition,
)
from mailgate.policy.variables import ENVIRONMENT

CLOSED = {"device.apps": ("tiktok", "wechat"), "device.lists": ("prohibited",)}


def faults(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(ConditionError) as caught:
        compile_condition(text, CLOSED)
    return [(fault.line, fault.column, fault.message) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ('client.kin == "laptop"', 1, 1, "did you mean `client.kind`?"),
        ('"é" == client.os && devic.state == ""', 1, 21, "did you mean `device.state`?"),
        ('client.handheld &&\n  device.list == ""', 2, 3, "did you mean `device.lists`?"),
        ("client.kind == laptop", 1, 16, 'text needs quotes: "laptop"'),
        ("request.cookies.exists(c, c == '')", 1, 1, "expected one of `request.method`"),
        ("foo(1) == 1", 1, 1, "there is no function `foo`"),
        ("client.kind == 3", 1, 13, "does not go with the types (string, int)"),
        ('"tiktok" in client.os', 1, 10, "`in` does not go with the types"),
        ("client.kind ==", 1, 15, "ends too early"),
        ("", 1, 1, "ends too early"),
        ('client.kind == "laptop', 1, 16, "expected a closing quote"),
        ("client.kind = 'laptop'", 1, 13, "expected `==`"),
        ("client.handheld and true", 1, 17, "expected `&&`"),
        ("client.kind", 1, 1, "of type string; expected bool"),
        ("dyn(client.handheld)", 1, 1, "of type dyn; expected bool"),
        ('device.age > duration("7d")', 1, 23, 'a duration of hours, minutes and seconds like "168h"'),
        ('client.model.matches("[")', 1, 22, "a regular expression"),
        ('now > timestamp("2026-12-01")', 1, 17, "a time with its zone"),
        ('now.getHours("Mars/Olympus") > 8', 1, 14, 'a time zone like "Europe/Berlin"'),
        ('client.handheld && device.os_version < "17"', 1, 20, "a text, where 9 comes after 17"),
        ("(" * 300 + "true" + ")" * 300, 1, 1, "expected a simpler condition"),
        ("true || " * MAX_LENGTH + "true", 1, 1, f"at most {MAX_LENGTH}"),
    ],
)
def test_a_mistake_has_its_place_and_says_what_is_expected(
    text: str, line: int, column: int, message: str
) -> None:
    found = faults(text)
    assert (found[0][:2], message in found[0][2]) == ((line, column), True), found


def test_every_mistake_of_a_condition_comes_out_at_once() -> None:
    found = faults('client.kind == "labtop" ||\n devic.state == "x" || client.nothing')
    assert [place[:2] for place in found] == [(1, 16), (2, 2), (2, 24)]


def test_what_it_reads_and_names() -> None:
    condition = compile_condition('client.handheld && !(device.state in ["clean", "listed"])', CLOSED)
    assert condition.reads == {"client.handheld", "device.state"}
    assert condition.names["device.state"] == {"clean", "listed"}


def test_a_missing_value_is_told_from_a_failure() -> None:
    nothing = ENVIRONMENT.Activation({"client.handheld": False})
    assert compile_condition("client.handheld && device.known", {}).holds(nothing) is False
    with pytest.raises(UnknownValueError):
        compile_condition("!client.handheld && device.known", {}).holds(nothing)
    with pytest.raises(EvaluationError, match="divide by zero"):
        compile_condition("1 / 0 == 1", {}).holds(nothing)


def test_a_text_without_a_utf_8_form_is_a_failure_not_a_crash() -> None:
    condition = compile_condition('request.path.startsWith("/a")', {})
    with pytest.raises(EvaluationError):
        condition.holds(ENVIRONMENT.Activation({"request.path": "/a\udcff"}))


def test_time_and_duration() -> None:
    condition = compile_condition('now < timestamp("2026-12-01T00:00:00Z")', {})
    moments = (datetime(2026, 11, 30, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert [condition.holds(ENVIRONMENT.Activation({"now": now})) for now in moments] == [True, False]


@given(st.text(alphabet="client.kdev state\"'()=&|!<>[]{}1,?:\\\n\té", max_size=60))
def test_any_text_compiles_or_is_refused_with_a_place_inside_it(text: str) -> None:
    try:
        compile_condition(text, CLOSED)
    except ConditionError as error:
        lines = text.split("\n")
        for fault in error.faults:
            assert 1 <= fault.line <= len(lines)
            assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
