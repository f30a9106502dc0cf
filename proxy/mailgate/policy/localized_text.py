"""Texts of rules that people read, in one or more languages."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)

from mailgate.model.phrase import LANGUAGES, SOURCE, phrase, unknown_word, wrong_value
from mailgate.policy.apps import Text


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
        raise wrong_value(
            "words", phrase("the text is missing; expected one, or one for each of some languages")
        )
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
