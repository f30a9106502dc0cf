"""What facts are typed by."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from mailgate.model.fact import DESCRIBED, Day, Fact, Instant, Words
from mailgate.model.phrase import Phrase, phrase

AT = datetime(2026, 12, 1, 12, tzinfo=UTC)


class Thing(Fact):
    """A thing."""

    at: Instant
    """When it was."""
    day: Day
    """On which day."""


def test_times_and_days_have_their_own_form() -> None:
    shown = Thing.model_json_schema()["properties"]
    assert {name: each["format"] for name, each in shown.items()} == {"at": "date-time", "day": "date"}


@dataclass
class Told:
    """What the API answers as it is."""

    __pydantic_config__ = DESCRIBED
    often: int = 0
    """How often."""


def test_every_answered_field_is_sent() -> None:
    assert TypeAdapter(Told).json_schema(mode="serialization")["required"] == ["often"]


class Other(Fact):
    """What has another name outside."""

    inside: int = Field(alias="outside")


def test_a_fact_is_made_by_either_name_and_never_changed() -> None:
    one, other = Other.model_validate({"inside": 1}), Other.model_validate({"outside": 1})
    assert one == other
    with pytest.raises(ValidationError):
        one.inside = 2


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Row:
    """A row of a store."""

    kind: Colour = Colour.RED
    apps: frozenset[str] = frozenset({"b", "a"})
    tags: tuple[str, ...] = ("y", "x")
    secret: str = "s"


class Shown(Fact):
    """What of a row may leave."""

    kind: str
    apps: list[str]
    tags: list[str]
    words: str


def test_a_fact_takes_its_own_fields_alone_from_the_first_noun_that_has_each() -> None:
    other = Told()
    shown = Shown.taken_from(other, Row(), Row(kind=Colour.BLUE), words="w")
    assert shown == Shown(kind="red", apps=["a", "b"], tags=["y", "x"], words="w")
    assert type(shown.kind) is str
    with pytest.raises(AttributeError, match="words"):
        Shown.taken_from(Row())
    with pytest.raises(ValidationError, match="secret"):
        Shown.taken_from(Row(), words="w", secret="s")


def test_times_are_written_with_their_zone_and_read_again() -> None:
    text = Thing(at=AT, day=AT.date()).model_dump_json()
    assert text == '{"at":"2026-12-01T12:00:00+00:00","day":"2026-12-01"}'
    assert Thing.model_validate_json(text) == Thing(at=AT, day=date(2026, 12, 1))


@pytest.mark.parametrize(
    "told", [{"more": 1}, {"at": "2026-12-01T12:00:00Z"}, {"day": datetime(2026, 12, 1, tzinfo=UTC)}]
)
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
