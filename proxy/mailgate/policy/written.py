"""What people write in files: the base of every form, listed apps, durations (``30s``, ``24h``, ``7d``), moments, shares and versions."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from mailgate.model.phrase import LANGUAGES, SOURCE, phrase, unknown_word, wrong_value

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
"""A name in kebab-case: lower-case letters, digits and single hyphens."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""A short text for people."""

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=255)]
"""An Android package name or an iOS bundle identifier."""

ExtensionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@{}-]+$", max_length=128)]
"""The id of a browser extension in its browser: 32 letters, ``name@example.com``, ``@name`` or a number in braces."""


class Strict(BaseModel):
    """The base of every file's model: unknown keys are refused, values are not converted, and objects are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class App(Strict):
    """One listed app as it is written in ``apps.yaml``."""

    name: Text
    vendor: Text | None = None
    android: tuple[Identifier, ...] = ()
    ios: tuple[Identifier, ...] = ()
    names: tuple[Text, ...] = ()
    extensions: tuple[ExtensionId, ...] = ()
    """The ids of its browser extensions; the companion extension is asked which of them are installed."""
    publishers: tuple[Text, ...] = ()
    """Its publishers, which distinguish apps of one name in an inventory that has only names."""


class AppList(Strict):
    """A list in a file of its own, with its source."""

    title: Text
    published: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")] | None = None
    sources: tuple[Text, ...] = Field(min_length=1)
    notes: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    apps: tuple[Key, ...] = Field(min_length=1)


MAX_DURATION = timedelta(days=36500)

_DURATION = r"^[1-9][0-9]{0,8}(ms|s|m|h|d)$"
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
"""The largest first."""


def _duration(value: object) -> timedelta:
    written = re.fullmatch(_DURATION, value) if isinstance(value, str) else None
    if written is None:
        raise wrong_value("duration", phrase("not a duration; use one like 500ms, 30s, 5m, 24h or 30d"))
    span = int(written[0].removesuffix(written[1])) * _UNITS[written[1]]
    if span > MAX_DURATION:
        raise wrong_value("duration", phrase("the duration is too long; use at most 36500d"))
    return span


def in_words(span: timedelta) -> str:
    """A duration as files have it, in the largest unit that divides it, without parts of a millisecond: ``7d``, ``90m``."""
    return next(f"{span // one}{unit}" for unit, one in _UNITS.items() if span % one < _UNITS["ms"])


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(in_words, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": _DURATION}),
]
"""A whole number and a unit."""

_DAY, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
MOMENT = rf"^{_DAY}([Tt ]{_TIME}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?([Zz]|[+-]{_TIME}))?$"
SHARE = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,4})?)%$"


def read_moment(text: object) -> datetime:
    """Read a date or time of a file. Raises PydanticCustomError."""
    if not isinstance(text, str) or not re.fullmatch(MOMENT, text):
        raise wrong_value(
            "moment",
            phrase(
                "not a date, nor a time with its zone; use one like 2026-12-01 (midnight UTC) or 2026-12-08T09:00:00-08:00"
            ),
        )
    try:
        moment = datetime.fromisoformat(text.upper())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong_value("moment", phrase("no such date or time; use one that the calendar has")) from error


def share_of(text: object) -> float:
    """Read a percentage of a file as a number from 0 to 1. Raises PydanticCustomError."""
    if not isinstance(text, str) or not re.fullmatch(SHARE, text):
        raise wrong_value("share", phrase("not a percentage; use 0% to 100%, with the percent sign"))
    return float(text.removesuffix("%")) / 100


Moment = Annotated[
    datetime, BeforeValidator(read_moment), WithJsonSchema({"type": "string", "pattern": MOMENT})
]
"""A date (midnight UTC) or a time with its zone, converted to UTC."""

Share = Annotated[
    float,
    BeforeValidator(share_of),
    WithJsonSchema({"type": "string", "pattern": SHARE, "examples": ["25%"]}),
]
"""A part of all people, 0 to 1, written as a percentage."""

AT_LEAST = "at_least"
"""The name of the comparison in conditions: ``extension.browser_version.at_least("142.0.7444.134")``."""

EXAMPLE = phrase('a version like "142" or "142.0.7444.134"')

_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,7}", re.ASCII)


def parts_of(version: str) -> tuple[int, ...] | None:
    """The numbers of a version without the zeros at its end, so that 142 is 142.0; None if it is none."""
    if not _VERSION.fullmatch(version):
        return None
    parts = [int(part) for part in version.split(".")]
    while parts and not parts[-1]:
        parts.pop()
    return tuple(parts)


def order_of(version: str) -> tuple[int, ...]:
    """A key by which versions are sorted. What is none comes first."""
    return parts_of(version) or ()


def at_least(version: str, wanted: str) -> bool:
    """Whether a version is known to be this one or a later one."""
    found, least = parts_of(version), parts_of(wanted)
    return found is not None and least is not None and found >= least


class LocalizedText(str):
    """A text in several languages. As a plain text it is the English one, or the first if there is none."""

    __slots__ = ("by_language",)
    by_language: Mapping[str, str]

    @classmethod
    def of(cls, wordings: Mapping[str, str]) -> Self:
        """The text of these wordings, of which there is at least one."""
        made = cls(wordings.get(SOURCE) or next(iter(wordings.values())))
        made.by_language = dict(wordings)
        return made


def text_in(text: str, language: str, default: str) -> str:
    """A text in a language; empty if it has none in this language. A text without a language is in the ``default``."""
    if isinstance(text, LocalizedText):
        return text.by_language.get(language, "")
    return text if language == default else ""


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise unknown_word(language, LANGUAGES)
    return language


Language = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "enum": list(LANGUAGES)})]


def _worded(value: object, handler: ValidatorFunctionWrapHandler) -> str:
    if not isinstance(value, Mapping):
        plain: str = handler(value)
        return plain
    for language, text in value.items():
        _known(str(language))
        handler(text)
    if not value:
        raise wrong_value("words", phrase("the text is missing; write one, or one for each language"))
    return LocalizedText.of(value)


def _written(text: str) -> str | dict[str, str]:
    return dict(text.by_language) if isinstance(text, LocalizedText) else text


def localized_schema(text: dict[str, object]) -> dict[str, object]:
    """The JSON schema of such a text in each of some languages."""
    return {
        "type": "object",
        "properties": dict.fromkeys(LANGUAGES, text),
        "additionalProperties": False,
        "minProperties": 1,
    }


_TEXT: dict[str, object] = {"type": "string", "minLength": 1, "maxLength": 200}
LocalizedField = Annotated[
    Text,
    WrapValidator(_worded),
    PlainSerializer(_written),
    WithJsonSchema({"anyOf": [_TEXT, localized_schema(_TEXT)]}),
]
"""A text, or one for each of some languages."""
