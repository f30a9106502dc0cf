"""Facts: typed data about what is known or was decided. A fact is made once; the command line, the API and the pages render it."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

DESCRIBED = ConfigDict(use_attribute_docstrings=True, json_schema_serialization_defaults_required=True)
"""The configuration of a dataclass that the API answers as it is. Docstrings describe its fields, and every field is sent."""


class Fact(BaseModel):
    """The base of all facts. A fact is read-only, and the docstrings of its fields become the description of the API."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
    )


Instant = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time with its zone, in JSON as ISO 8601."""
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date"})]
"""A day in UTC."""
