"""The models and types of bodies, queries and answers. Input is checked strictly, and every field is described."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Generic, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from mailgate.console.address_values import EFFECTS, REASONS, MisreadError, Reader, one_of
from mailgate.console.devices.filter import KINDS
from mailgate.model.times import LONG_AGO
from mailgate.store import RowPosition

MAX_NUMBER = 2**31 - 1
"""The highest number of an entry, an exemption or a version."""


class InputModel(BaseModel):
    """The base of input models. Unknown fields are refused, and values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OutputModel(BaseModel):
    """The base of answers, which are read from objects of the gate."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


Row = TypeVar("Row")


class ListOf(OutputModel, Generic[Row]):
    """A list."""

    items: list[Row]
    """What there is, in the order that the operation names."""


class PageOf(ListOf[Row]):
    """A part of a list."""

    next: str | None
    """The value of `after` for the next page; null at the end. A page may have fewer rows than were asked for, or none, without being the
    last."""


def _digits(value: object) -> object:
    """Convert the text of an address to a number. Only digits are accepted, without sign, space or underscore."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,10}", value):
        raise PydanticCustomError("number", "not a number; use digits")
    return int(value)


def _whole(value: object) -> object:
    """Convert 1.0 to 1, since in JSON it is a whole number (JSON Schema, section 4.2.3)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moment(value: object) -> datetime:
    try:
        if not isinstance(value, str) or not re.fullmatch(_MOMENT, value):
            raise ValueError
        return datetime.fromisoformat(value.upper())
    except ValueError:
        words = "not a time with its zone; use one like 2026-12-08T09:00:00-08:00"
        raise PydanticCustomError("moment", words) from None


_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_LINE = r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
"""One line that does not begin with a space."""

Line = Annotated[str, StringConstraints(pattern=_LINE, max_length=255)]
"""A name or some words."""
Note = Annotated[str, StringConstraints(pattern=_LINE, max_length=1000)]
"""The reason for an action."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{6,64}$", description="Its digest, or the beginning of it.")]
"""What a plan or a draft is called in an address."""
Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""A time in RFC 3339, with its zone."""
WHOLE = BeforeValidator(_whole)
"""For a whole number in a body. It comes last, so that the limits before it become part of the schema."""
DIGITS = BeforeValidator(_digits)
"""For a whole number in an address."""
SmallPage = Annotated[int, Field(ge=1, le=100), DIGITS]
"""The most items to return, for items that need much work."""
LargePage = Annotated[int, Field(ge=1, le=1000), DIGITS]
"""The most items to return."""


class RowsQuery(InputModel):
    limit: LargePage = 100
    """The most rows to return."""


class NewestQuery(InputModel):
    limit: SmallPage = 50
    """The most rows to return."""


Cursor = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
"""The beginning of a page. Clients only send it back as it came."""


PlaceCursor = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{13}-[0-9a-f]{32}$")]
"""The beginning of a page: microseconds and an id. Clients only send it back as it came."""


def place_cursor(place: RowPosition | None) -> str | None:
    """The cursor for the page after a row; None at the end."""
    return f"{(place.at - LONG_AGO) // timedelta(microseconds=1):013x}-{place.name}" if place else None


def place_of(cursor: str | None) -> RowPosition | None:
    """The row that a cursor stands for; None without a cursor."""
    moment, _, name = (cursor or "").partition("-")
    return RowPosition(LONG_AGO + timedelta(microseconds=int(moment, 16)), name) if cursor else None


def read_by(reader: Reader) -> PlainValidator:
    """Validate a value of an address like the pages of the console."""

    def checked(value: object) -> str:
        try:
            return reader(str(value))
        except MisreadError as error:
            raise PydanticCustomError("value", "{words}", {"words": str(error)}) from None

    return PlainValidator(checked)


def words_of(*words: str) -> WithJsonSchema:
    """The schema of such a value if it is one of these words."""
    return WithJsonSchema({"type": "string", "enum": list(words)})


EffectName = Annotated[str, read_by(one_of(EFFECTS)), words_of(*EFFECTS)]
"""An effect."""
ReasonName = Annotated[str, read_by(one_of(REASONS)), words_of(*REASONS)]
"""A reason code."""
KindName = Annotated[str, read_by(one_of(KINDS)), words_of(*KINDS)]
"""A kind of client."""


def cursor_of(number: int | None) -> str | None:
    """The cursor for the page after the row with this number; None at the end."""
    return None if number is None else f"{number:012x}"


def number_of(cursor: str | None, first: int) -> int:
    """The number that a cursor stands for; ``first`` without a cursor."""
    return first if cursor is None else int(cursor, 16)
