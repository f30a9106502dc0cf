from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from tests.unit.policy.examples import refusal

from mailgate.policy.written import (
    Duration,
    at_least,
    did_you_mean,
    in_words,
    nearest,
    order_of,
    parts_of,
    quoted,
)

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


@pytest.mark.parametrize(
    ("word", "near"), [("labtop", "laptop"), ("Report-Only", "report_only"), ("zzz", None), ("", None)]
)
def test_the_nearest_word_is_found(word: str, near: str | None) -> None:
    assert nearest(word, ["laptop", "phone", "report_only"]) == near


@pytest.mark.parametrize(
    ("words", "most", "shown"),
    [
        ("", 2, ""),
        ("a", 2, "`a`"),
        ("ba", 2, "`b`, `a`"),
        ("abc", 2, "`a`, `b`, … (3 in all)"),
    ],
)
def test_long_lists_are_cut(words: str, most: int, shown: str) -> None:
    assert quoted(words, most) == shown


def test_a_dozen_is_shown_if_nothing_else_is_asked_for() -> None:
    assert quoted("abcdefghijkl") == ", ".join(f"`{letter}`" for letter in "abcdefghijkl")
    assert quoted("abcdefghijklm").endswith("`l`, … (13 in all)")


def test_the_nearest_of_several_is_meant() -> None:
    assert nearest("laptopp", ["laptops", "laptop", "lap"]) == "laptop"


@pytest.mark.parametrize(("word", "near"), [("abcxy", "abcde"), ("abxyz", None)])
def test_a_very_different_word_is_not_near(word: str, near: str | None) -> None:
    assert nearest(word, ["abcde"]) == near


@pytest.mark.parametrize(
    ("word", "known", "words"),
    [
        ("x", [], "nothing is defined that could be used here"),
        ("x", ["laptop", "phone"], "expected one of `laptop`, `phone`"),
        ("fone", ["laptop", "phone"], "did you mean `phone`? expected one of `laptop`, `phone`"),
    ],
)
def test_known_words_are_told_after_a_guess(word: str, known: list[str], words: str) -> None:
    assert did_you_mean(word, iter(known)) == words


@pytest.mark.parametrize(
    ("version", "wanted", "is_known_to_be"),
    [
        ("142", "142", True),
        ("142.0.7444.134", "142", True),
        ("142", "142.0.0", True),
        ("9", "17", False),
        ("17", "9", True),
        ("141.9.9", "142", False),
        ("142.0.7444.59", "142.0.7444.134", False),
        ("0.1.10", "0.1.9", True),
        # what cannot be read is not known to be any version, and no version is at least what is none
        ("", "1", False),
        ("142b", "1", False),
        ("-1", "0", False),
        (" 142", "1", False),
        ("142.", "1", False),
        ("٣", "1", False),
        ("9" * 10, "1", False),
        ("1" + ".1" * 8, "1", False),
        ("142", "", False),
        ("", "", False),
    ],
)
def test_a_version_is_compared_part_by_part(version: str, wanted: str, is_known_to_be: bool) -> None:
    assert at_least(version, wanted) is is_known_to_be


def test_zeros_at_the_end_mean_nothing_and_what_is_none_comes_first() -> None:
    assert (parts_of("142.0"), parts_of("0.0"), parts_of("x")) == ((142,), (), None)
    assert sorted(["17", "9.1", "9", "x"], key=order_of) == ["x", "9", "9.1", "17"]
