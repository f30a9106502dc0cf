"""What plain data is typed by: each shape says its own fields, so that they are described where they are made."""

from typing import Annotated

from pydantic import ConfigDict, WithJsonSchema

TOLD = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""Of every shape (``pydantic.with_config``): no field but those that are described."""

Instant = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""ISO 8601 with its zone, in UTC."""
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
"""ISO 8601, in UTC."""
