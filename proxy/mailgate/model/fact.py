"""What is known or was decided, as typed data that is made once and that the command line, the API and the pages render."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

DESCRIBED = ConfigDict(use_attribute_docstrings=True, json_schema_serialization_defaults_required=True)
"""Of a dataclass that is answered as it is: docstrings describe its fields, and none of them is left out."""


class Fact(BaseModel):
    """Read-only, and described field by field: the description of the API says what stands here."""

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
