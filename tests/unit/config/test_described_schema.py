"""Fields are described by what stands below them, and no source is read before a schema is made."""

import inspect
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter, create_model

from mailgate.config.described_schema import DescribedSchema


class Thing(BaseModel):
    """A thing."""

    at: str
    """When it was."""
    day: str
    """On which day."""


class Further(Thing):
    """What takes over fields, has one anew, and one by another name."""

    day: str = ""
    origin: str = Field(validation_alias="from", serialization_alias="from")
    """Where it came from."""


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_field_that_is_taken_over_keeps_its_text_and_a_new_one_has_its_own(mode: Any) -> None:
    shown = Further.model_json_schema(mode=mode, schema_generator=DescribedSchema)["properties"]
    told = {name: each.get("description") for name, each in shown.items()}
    assert told == {"at": "When it was.", "day": None, "from": "Where it came from."}


def test_a_model_without_a_source_has_the_texts_of_its_base() -> None:
    made = create_model("Made", __base__=Thing, often=(int, 0))
    shown = made.model_json_schema(schema_generator=DescribedSchema)["properties"]
    assert [name for name, each in shown.items() if "description" in each] == ["at", "day"]


def test_sources_are_not_read_when_a_class_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading those of every model took an eighth of a start."""
    monkeypatch.setattr(inspect, "findsource", lambda _of: pytest.fail("read"))

    class Late(BaseModel):
        often: int = 0
        """How often."""

    assert Late().often == 0


@dataclass
class Counted:
    """A dataclass of the standard library."""

    often: int = 0
    """How often, in words of
    two lines."""


def test_fields_of_dataclasses_are_described_too() -> None:
    shown = TypeAdapter(list[Counted]).json_schema(schema_generator=DescribedSchema)
    assert (
        shown["$defs"]["Counted"]["properties"]["often"]["description"]
        == "How often, in words of\ntwo lines."
    )
