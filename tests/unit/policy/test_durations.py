from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

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
    ],
)
def test_durations(text: str, span: timedelta) -> None:
    assert READ.validate_python(text) == span


@pytest.mark.parametrize(
    "text", ["30", 30, "0s", "-5s", "1.5h", "5 m", "5M", "1h30m", "", True, "999999999d", "5m\n"]
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(text)


@given(st.integers(1, 99_999), st.sampled_from(["ms", "s", "m", "h"]))
def test_what_is_written_down_is_read_again_as_the_same(count: int, unit: str) -> None:
    span = READ.validate_python(f"{count}{unit}")
    assert READ.validate_python(in_words(span)) == span
    assert READ.dump_python(span, mode="json") == in_words(span)


def test_the_largest_unit_is_written() -> None:
    assert [in_words(timedelta(**{unit: 48})) for unit in ("seconds", "minutes", "hours", "days")] == [
        "48s",
        "48m",
        "2d",
        "48d",
    ]
