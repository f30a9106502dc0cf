"""What facts are typed by."""

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from mailgate.model.fact import Day, Fact, Instant, Words
from mailgate.model.phrase import Phrase, phrase

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


class Sentence(Fact):
    """Something in words."""

    words: Words
    """The words."""


def test_words_keep_what_they_are_in_other_languages_and_are_english_in_json() -> None:
    made = Sentence(words=phrase("%(count)s devices", count=2))
    assert isinstance(made.words, Phrase)
    assert made.model_dump_json() == '{"words":"2 devices"}'
    assert Sentence.model_json_schema()["properties"]["words"]["type"] == "string"
