"""Facts: typed data about what is known or was decided. A fact is made once; the command line, the API and the pages render it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainSerializer,
    SerializationInfo,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from mailgate.model.phrase import Phrase, read_words, stored

DESCRIBED = ConfigDict(json_schema_serialization_defaults_required=True)
"""The configuration of a dataclass that the API answers directly: every field is sent."""


class Fact(BaseModel):
    """The base of all facts. A fact is read-only, and the docstrings of its fields become the description of the API."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, validate_by_name=True, validate_by_alias=True
    )

    @classmethod
    def taken_from(cls, *nouns: object, **told: Any) -> Self:
        """The fact about these nouns. A field that is not ``told`` is that of the first noun that has one of its name; sets are sorted."""
        for name in cls.model_fields.keys() - told.keys():
            noun = next((each for each in nouns if hasattr(each, name)), nouns[-1])
            said = getattr(noun, name)
            told[name] = sorted(said) if isinstance(said, frozenset) else said
        return cls.model_validate(told, strict=False)


Kind = TypeVar("Kind", bound=Fact)


def read_fact(kind: type[Kind], text: str) -> Kind:
    """A fact that was stored, maybe by a newer Mailgate: fields that it added are left out. Whoever acts by it asks ``is_whole_fact``
    first, since such a field may change what the others mean. Raises ValueError for all else."""
    return kind.model_validate_json(text, extra="ignore")


def is_whole_fact(kind: type[Kind], text: str) -> bool:
    """Whether a stored fact can be read and has no field but those of this Mailgate."""
    try:
        kind.model_validate_json(text)
    except ValidationError:
        return False
    return True


Closed = TypeVar("Closed", bound=StrEnum)


def read_word(kind: type[Closed], word: str, unknown: Closed | None = None) -> Closed:
    """A word of a closed set that was stored, maybe by a newer Mailgate. One that this Mailgate does not know is read as ``unknown``, which
    says less. Without that it stays as it is: it is shown, and is none of the words by which anybody acts."""
    try:
        return kind(word)
    except ValueError:
        return cast(Closed, word) if unknown is None else unknown


def _kept(words: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Keep a ``Phrase``, since pydantic makes a bare ``str`` of every text, and read one that was stored."""
    if isinstance(words, dict):
        return read_words(words)
    return words if isinstance(words, Phrase) else handler(words)


STORED = "stored"
"""The context in which facts are written to be stored."""


def _told(words: str, info: SerializationInfo) -> Any:
    return stored(words) if info.context == STORED else str(words)


Words = Annotated[
    str, WrapValidator(_kept), PlainSerializer(_told, when_used="json"), WithJsonSchema({"type": "string"})
]
"""Words that a page may translate. In JSON they are English, but stored as a text of the catalogs with its values."""
Instant = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time with its zone, in JSON as ISO 8601."""
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date"})]
"""A day in UTC."""
