from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.unit.policy.examples import refusal

from mailgate.policy.durations import Duration, in_words

READ = TypeAdapter(Duration)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("30d", timedelta(days=30)),
        ("36500d", timedelta(days=36500)),
        ("999999999ms", timedelta(milliseconds=999_999_999)),
    ],
)
def test_durations_are_read(text: str, span: timedelta) -> None:
    assert READ.validate_python(text) == span


@pytest.mark.parametrize(
    "text",
    ["30", 30, "0s", "-5s", "1.5h", "5 m", "5M", "1h30m", "", True, "5m\n", "1000000000ms", timedelta(1)],
)
def test_a_malformed_duration_is_refused(text: object) -> None:
    words = "not a duration; expected one like 500ms, 30s, 5m, 24h or 30d"
    assert refusal(Duration, text) == ("duration", {"words": words})


@pytest.mark.parametrize("text", ["36501d", "876001h", "999999999d"])
def test_a_duration_over_a_hundred_years_is_refused(text: str) -> None:
    words = "the duration is too long; expected at most 36500d"
    assert refusal(Duration, text) == ("duration", {"words": words})


def test_editors_know_what_a_duration_looks_like() -> None:
    assert READ.json_schema() == {"type": "string", "pattern": "^[1-9][0-9]{0,8}(ms|s|m|h|d)$"}


@given(st.integers(1, 36_500), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_a_written_duration_is_read_back_as_the_same(count: int, unit: str) -> None:
    span = READ.validate_python(f"{count}{unit}")
    assert READ.validate_python(in_words(span)) == span
    assert READ.dump_python(span, mode="json") == in_words(span)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=48), "48d"),
        (timedelta(hours=48), "2d"),
        (timedelta(hours=47), "47h"),
        (timedelta(minutes=60), "1h"),
        (timedelta(minutes=61), "61m"),
        (timedelta(seconds=60), "1m"),
        (timedelta(seconds=61), "61s"),
        (timedelta(milliseconds=1000), "1s"),
        (timedelta(milliseconds=1001), "1001ms"),
        (timedelta(milliseconds=1), "1ms"),
        (timedelta(milliseconds=1, microseconds=999), "1ms"),
    ],
)
def test_the_largest_unit_is_written(span: timedelta, words: str) -> None:
    assert in_words(span) == words
