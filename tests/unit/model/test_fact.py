"""What facts are typed by."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from mailgate.model.fact import Day, Fact, Instant

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Thing(Fact):
    """A thing."""

    at: Instant
    """When it was."""
    day: Day
    """On which day."""


def test_fields_are_described_by_what_stands_below_them() -> None:
    told = Thing.model_json_schema()["properties"]
    assert (told["at"]["format"], told["at"]["description"]) == ("date-time", "When it was.")
    assert told["day"]["format"] == "date"


def test_times_are_written_with_their_zone_and_read_again() -> None:
    text = Thing(at=AT, day=AT.date()).model_dump_json()
    assert text == '{"at":"2026-12-01T12:00:00+00:00","day":"2026-12-01"}'
    assert Thing.model_validate_json(text) == Thing(at=AT, day=date(2026, 12, 1))


@pytest.mark.parametrize("told", [{"more": 1}, {"at": "2026-12-01"}, {"day": AT}])
def test_nothing_is_taken_that_is_not_described(told: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Thing.model_validate({"at": AT, "day": AT.date()} | told)
