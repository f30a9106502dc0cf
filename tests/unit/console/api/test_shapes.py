"""What bodies, queries and answers are made of."""

from datetime import datetime
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from mailgate.console.api.shapes import DIGITS, WHOLE, Cursor, Line, Moment, SmallPage, cursor_of, number_of


def takes(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("text", ["a", "Ada B", "ü", "a\u00a0b", "x" * 255, "a "])
def test_a_line_is_some_words(text: str) -> None:
    assert takes(Line, text)


@pytest.mark.parametrize(
    "text", ["", " ", "\u00a0a", "\u2003", "a\n", "a\tb", "\0", "a\0", "\x7f", "x" * 256]
)
def test_a_line_is_one_and_begins_with_something_to_see(text: str) -> None:
    assert not takes(Line, text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("2026-12-08T09:00:00-08:00", True), ("2026-12-08T09:00:00Z", True), ("2026-12-08t09:00:00.25z", True),
        ("2026-12-08T09:00:00", False), ("2026-12-08", False), ("1765184400", False), ("2026-13-08T09:00:00Z", False),
        (1765184400, False), (None, False),
    ],
)  # fmt: skip
def test_a_moment_has_a_zone(text: object, right: bool) -> None:
    assert takes(Moment, text) == right
    if right:
        assert TypeAdapter[datetime](Moment).validate_python(text).tzinfo


def test_numbers_of_addresses_are_digits() -> None:
    assert TypeAdapter(Annotated[int, DIGITS]).validate_python("12") == 12


@pytest.mark.parametrize("wrong", ["", "-1", "+1", "1_0", " 1", "1.0", "٣", "1" * 11])
def test_a_number_in_an_address_has_only_digits(wrong: str) -> None:
    assert not takes(Annotated[int, DIGITS], wrong)


def test_numbers_of_bodies_may_be_written_with_a_point() -> None:
    assert TypeAdapter(Annotated[int, Field(strict=True), WHOLE]).validate_python(2.0) == 2
    assert not takes(Annotated[int, Field(strict=True), WHOLE], 2.5)


def test_limits_are_part_of_the_schema() -> None:
    assert TypeAdapter(SmallPage).json_schema() == {"type": "integer", "minimum": 1, "maximum": 100}


@pytest.mark.parametrize("number", [0, 1, 2**31, 2**48 - 1])
def test_a_cursor_leads_back_to_its_row(number: int) -> None:
    text = cursor_of(number)
    assert takes(Cursor, text)
    assert number_of(text, 7) == number


def test_a_missing_cursor_is_the_end_or_the_beginning() -> None:
    assert cursor_of(None) is None
    assert number_of(None, 7) == 7
