"""Sentences that are written in English and can be translated, and the languages that there are.

A ``Phrase`` is its English text: logs, the API and the command line use it like any ``str``. To show it to a person it
is translated by a translator. Anything else, such as a name or a stored text, is the same in every language.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import reduce
from typing import Any, Literal, get_args

from pydantic_core import ErrorDetails, PydanticCustomError


class Translator:
    """How words are said: in English, as logs, the API and the command line have them. Other languages are ``texts.py``."""

    __slots__ = ()

    def text(self, message: str, /) -> str:
        """A text of the catalog."""
        return message

    def plural(self, one: str, more: str, number: int, /) -> str:
        """The form of a text for a number."""
        return one if number == 1 else more

    def number(self, number: float, /) -> str:
        """A number as people write it."""
        return f"{number:,}" if isinstance(number, int) else f"{number:g}"

    def day(self, at: datetime, /) -> str:
        """A day, in the time zone of ``at``."""
        return f"{at.day} {at:%B %Y}"

    def short_day(self, at: datetime, /) -> str:
        """A day without its year."""
        return f"{at.day} {at:%b}"

    def time(self, at: datetime, /, *, exact: bool = False) -> str:
        """A time in UTC, with its zone; in English in a form that sorts."""
        return f"{at:%Y-%m-%d %H:%M:%S} UTC" if exact else f"{at:%Y-%m-%d %H:%M} UTC"

    def code(self, name: str, /) -> str:
        """A name as it is written in a file."""
        return f"`{name}`"

    def command(self, text: str, /) -> str:
        """A text that names a command; empty if the reader is not at a command line."""
        return text


ENGLISH = Translator()
Render = Callable[[Translator], str]


class Phrase(str):
    """An English text that can be translated."""

    __slots__ = ("form", "render")
    render: Render
    form: Mapping[str, object]
    """What it is made of, as it is stored (``stored``). Empty if only its English text can be."""

    def __new__(cls, render: Render, form: Mapping[str, object] | None = None) -> "Phrase":
        made = super().__new__(cls, render(ENGLISH))
        made.render, made.form = render, form or {}
        return made

    @property
    def one(self) -> str:
        """The text of the catalogs; empty if it is made of several."""
        return str(self.form.get("text", ""))

    @property
    def more(self) -> str:
        """Its plural form; empty if it does not depend on a number."""
        return str(self.form.get("more", ""))

    def __reduce__(self) -> tuple[Callable[[object], str], tuple[Any]]:
        return read_words, (stored(self),)


def phrase(message: str, /, **values: object) -> Phrase:
    """A text of the catalogs. Its values are written as ``%(name)s``; numbers and phrases among them are translated
    too. Without values it is a text whose values ``Language.say`` fills in."""
    told = {"text": message, "values": values}
    return Phrase(lambda translator: fill(translator.text(message), values, translator), told)


def plural(one: str, more: str, number: int | None = None, /, **values: object) -> Phrase:
    """A text that depends on a number (``%(count)s``). ``Language.say`` is given what is not given here."""
    told = values if number is None else {"count": number, **values}
    chosen = 1 if number is None else number
    return Phrase(
        lambda translator: fill(translator.plural(one, more, chosen), told, translator),
        {"text": one, "more": more, "number": number, "values": values},
    )


def day(at: datetime) -> Phrase:
    """A day in words."""
    return Phrase(lambda translator: translator.day(at), {"day": at.isoformat()})


def time_of(at: datetime, *, exact: bool = False) -> Phrase:
    """A time in UTC, to the minute or the second."""
    at = at.astimezone(UTC)
    return Phrase(lambda translator: translator.time(at, exact=exact), {"at": at.isoformat(), "exact": exact})


def code(name: str) -> Phrase:
    """A name as it is written in a file, in backticks."""
    return Phrase(lambda translator: translator.code(name), {"code": name})


def with_command(words: str, command: str) -> Phrase:
    """Words with more that only logs and the command line say: the command that helps, in English."""
    return Phrase(lambda translator: translate(words, translator) + translator.command(command))


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
    """Words with a capital at the beginning, unless that is a name, which stays as it is written."""
    return _begun(words, lambda text: text)


def sentence(words: str) -> str:
    """Words as one or more whole sentences."""
    return _begun(words, lambda text: text.rstrip(".") + ".", unless=("?", "!"))


def _begun(words: str, change: Callable[[str], str], unless: tuple[str, ...] = ()) -> str:
    """Words with a change and a capital, unless they end in one of these marks."""

    def told(text: str, *, named: bool) -> str:
        return text if text.endswith(unless) else change(text if named else text[:1].upper() + text[1:])

    if isinstance(words, Phrase):
        return Phrase(lambda translator: told(words.render(translator), named=_named(words, translator)))
    return told(words, named=False)


_FIRST_VALUE = re.compile(r"%\((\w+)\)s")


def _named(words: Phrase, translator: Translator) -> bool:
    """Whether words begin with a name in this language: with a value that is no phrase."""
    number, values = words.form.get("number"), words.form.get("values", {})
    said = (
        translator.plural(words.one, words.more, number)
        if isinstance(number, int)
        else translator.text(words.one)
    )
    found = _FIRST_VALUE.match(said)
    value = values.get(found[1]) if found and isinstance(values, Mapping) else None
    return isinstance(value, str) and not isinstance(value, Phrase)


def joined(parts: Iterable[object], between: str = ", ") -> str:
    """Join parts, with ``between`` between them."""
    told = list(parts)
    if any(isinstance(each, Phrase) for each in told):
        return Phrase(
            # by addition, since a page's parts are safe HTML and others are escaped beside them
            lambda translator: reduce(
                lambda first, last: first + between + last, (translate(each, translator) for each in told)
            ),
            {"parts": told, "between": between},
        )
    return between.join(map(str, told))


def joined_names(names: Sequence[str], last: Callable[[str, str], str]) -> str:
    """Join names as a list in words. ``last`` joins the last one: ``joined_by_and`` or ``joined_by_or``."""
    *most, end = names
    return last(joined(most), end) if most else end


def joined_by_and(first: str, last: str) -> Phrase:
    return phrase("%(first)s and %(last)s", first=first, last=last)


def joined_by_or(first: str, last: str) -> Phrase:
    return phrase("%(first)s or %(last)s", first=first, last=last)


def transformed(words: str, change: Callable[[str], str]) -> str:
    """Words with a change that is made after translation."""
    if isinstance(words, Phrase):
        return Phrase(lambda translator: change(words.render(translator)))
    return change(words)


def stored(words: object) -> Any:
    """Words as JSON: a phrase by its text and its values, to be said in the reader's language; any other text as it is."""
    if isinstance(words, Phrase):
        return stored(words.form) if words.form else str(words)
    if isinstance(words, Mapping):
        return {name: stored(each) for name, each in words.items()}
    if isinstance(words, (list, tuple)):
        return [stored(each) for each in words]
    return words if words is None or isinstance(words, (int, float)) else str(words)


def read_words(told: object) -> str:
    """Words that were ``stored``. Raises ValueError if they were not."""
    try:
        return str(told) if isinstance(told, str) else _made(told)
    except (AttributeError, KeyError, OverflowError, TypeError) as error:
        raise ValueError("these are no stored words") from error


def _made(told: Any) -> str:
    match told:
        case {"text": one, "more": more, "number": number, "values": values}:
            return plural(one, more, number, **{name: _value(each) for name, each in values.items()})
        case {"text": text, "values": values}:
            return phrase(text, **{name: _value(each) for name, each in values.items()})
        case {"parts": parts, "between": between}:
            return joined(map(_value, parts), between)
        case {"code": name}:
            return code(str(name))
        case {"day": at}:
            return day(datetime.fromisoformat(at))
        case {"at": at, "exact": exact}:
            return time_of(datetime.fromisoformat(at), exact=exact)
    raise ValueError("these are no stored words")


def _value(told: object) -> object:
    return told if told is None or isinstance(told, (int, float)) else read_words(told)


def wrong_value(kind: str, words: str, **more: object) -> PydanticCustomError:
    """Make the error of a validator. ``more`` is context: ``key``, if it is about a key below the value."""
    return PydanticCustomError(kind, "{words}", {"words": words, **more})


def unknown_word(word: object, known: Iterable[str], **more: object) -> PydanticCustomError:
    """Make the error of a validator for a word that is none of the known ones."""
    return PydanticCustomError("word", "{word}", {"word": str(word), "known": list(known), **more})


def quoted(words: Iterable[str], most: int = 12) -> str:
    """The words in order, each in backquotes, at most ``most`` of them."""
    ordered = list(words)
    shown = joined(map(code, ordered[:most]))
    if len(ordered) <= most:
        return shown
    return phrase("%(shown)s, … (%(count)s in all)", shown=shown, count=len(ordered))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be."""
    by_folded = {each.casefold().replace("-", "_"): each for each in known}
    close = get_close_matches(word.casefold().replace("-", "_"), by_folded)
    return by_folded[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The list of known words, after ``did you mean `x`?`` if one of them is similar."""
    known = list(known)
    near = nearest(word, known)
    if not known:
        return phrase("nothing is defined that could be used here")
    options = phrase("use one of %(known)s", known=quoted(known))
    return phrase("did you mean `%(near)s`? %(options)s", near=near, options=options) if near else options


def words_of(error: ErrorDetails) -> str:
    """The message of an error, as a phrase if ``wrong_value`` made it from one."""
    words: str = error.get("ctx", {}).get("words", error["msg"])
    return words


Tag = Literal["en", "ar", "de", "es", "fr", "ja", "pt-BR", "zh-Hans"]
"""All languages, by tag (BCP 47). A new one needs a tag here and its catalogs; tests name those that are missing."""
TAGS: tuple[str, ...] = get_args(Tag)
SOURCE = "en"
"""The language of the texts in the code. It needs no catalog of the pages."""


def primary(tag: str) -> str:
    """The language of a tag, without its script and region."""
    return tag.lower().partition("-")[0]


LANGUAGES = tuple(primary(tag) for tag in TAGS)
"""The languages as settings and policies name them."""
