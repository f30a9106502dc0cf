"""Sentences that are written in English and can be translated.

A ``Phrase`` is its English text: logs, the API and the command line use it like any ``str``. To show it to a person it
is translated by a translator. Anything else, such as a name or a stored text, is the same in every language.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from pydantic_core import ErrorDetails, PydanticCustomError


class Translator(Protocol):
    """The parts of a language that phrases need."""

    def text(self, message: str, /) -> str:
        """A text of the catalog."""

    def plural(self, one: str, more: str, number: int, /) -> str:
        """The form of a text for a number."""

    def number(self, number: float, /) -> str:
        """A number as people write it."""

    def day(self, at: datetime, /) -> str:
        """A day, in the time zone of ``at``."""

    def short_day(self, at: datetime, /) -> str:
        """A day without its year."""


class _English:
    def text(self, message: str, /) -> str:
        return message

    def plural(self, one: str, more: str, number: int, /) -> str:
        return one if number == 1 else more

    def number(self, number: float, /) -> str:
        return f"{number:,}" if isinstance(number, int) else f"{number:g}"

    def day(self, at: datetime, /) -> str:
        return f"{at.day} {at:%B %Y}"

    def short_day(self, at: datetime, /) -> str:
        return f"{at.day} {at:%b}"


ENGLISH: Translator = _English()
Render = Callable[[Translator], str]


class Phrase(str):
    """An English text that can be translated."""

    __slots__ = ("render",)
    render: Render

    def __new__(cls, render: Render) -> "Phrase":
        made = super().__new__(cls, render(ENGLISH))
        made.render = render
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Copy or pickle the English text alone."""
        return str, (str(self),)


def phrase(message: str, /, **values: object) -> Phrase:
    """A text of the catalogs. Its values are written as ``%(name)s``; numbers and phrases among them are translated
    too."""
    return Phrase(lambda translator: fill(translator.text(message), values, translator))


def plural(one: str, more: str, number: int, /, **values: object) -> Phrase:
    """A text that depends on a number, which it may contain as ``%(count)s``."""
    told = {"count": number, **values}
    return Phrase(lambda translator: fill(translator.plural(one, more, number), told, translator))


def day(at: datetime) -> Phrase:
    """A day in words."""
    return Phrase(lambda translator: translator.day(at))


def fill(text: str, values: dict[str, object], translator: Translator) -> str:
    """A text with its values. A text without values is returned as it is."""
    return text % {name: translate(value, translator) for name, value in values.items()} if values else text


def translate(words: object, translator: Translator) -> str:
    """Any value as a text in the language of this translator."""
    if isinstance(words, Phrase):
        return words.render(translator)
    if isinstance(words, str):
        return words  # as it is, since a kind of text may say more than its letters: a page's, that it is safe HTML
    return translator.number(words) if isinstance(words, (int, float)) else str(words)


def capital(words: str) -> str:
    """Words with a capital at the beginning."""
    return transformed(words, lambda text: text[:1].upper() + text[1:])


def sentence(words: str) -> str:
    """Words as one or more whole sentences."""
    return transformed(
        words,
        lambda text: text if text.endswith(("?", "!")) else f"{text[:1].upper()}{text[1:].rstrip('.')}.",
    )


def joined(parts: Iterable[object], between: str = ", ") -> str:
    """Join parts, with ``between`` between them."""
    told = list(parts)
    if any(isinstance(each, Phrase) for each in told):
        return Phrase(lambda translator: between.join(translate(each, translator) for each in told))
    return between.join(map(str, told))


def joined_names(names: Sequence[str], last: Callable[[str, str], str]) -> str:
    """Join names as a list in words. ``last`` joins the last one: ``joined_by_and`` or ``joined_by_or``."""
    *most, end = names
    return last(joined(most), end) if most else end


def joined_by_and(first: str, last: str) -> Phrase:
    """Two names joined with ``and``."""
    return phrase("%(first)s and %(last)s", first=first, last=last)


def joined_by_or(first: str, last: str) -> Phrase:
    """Two names joined with ``or``."""
    return phrase("%(first)s or %(last)s", first=first, last=last)


def transformed(words: str, change: Callable[[str], str]) -> str:
    """Words with a change that is made after translation."""
    if isinstance(words, Phrase):
        return Phrase(lambda translator: change(words.render(translator)))
    return change(words)


def wrong_value(kind: str, words: str, **more: object) -> PydanticCustomError:
    """Make the error of a validator. ``more`` is further context: ``key``, if the error is about a key below the
    value."""
    return PydanticCustomError(kind, "{words}", {"words": words, **more})


def unknown_word(word: object, known: Iterable[str], **more: object) -> PydanticCustomError:
    """Make the error of a validator for a word that is none of the known ones."""
    return PydanticCustomError("word", "{word}", {"word": str(word), "known": list(known), **more})


def words_of(error: ErrorDetails) -> str:
    """The message of an error, as a phrase if ``wrong_value`` made it from one."""
    words: str = error.get("ctx", {}).get("words", error["msg"])
    return words
