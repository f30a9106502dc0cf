"""What plain data is typed by."""

import pytest
from pydantic import TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from mailgate.telling.plain import TOLD, Day, Instant


@with_config(TOLD)
class Thing(TypedDict):
    """A thing."""

    at: Instant
    """When it was."""
    day: Day
    """On which day."""


def test_fields_are_described_by_what_stands_below_them() -> None:
    told = TypeAdapter(Thing).json_schema()["properties"]
    assert (told["at"]["format"], told["at"]["description"]) == ("date-time", "When it was.")
    assert told["day"]["format"] == "date"


def test_nothing_is_told_that_is_not_described() -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Thing).validate_python({"at": "", "day": "", "more": 1})
