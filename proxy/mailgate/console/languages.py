"""The languages of the console: English, in which its texts are in the code, and those with a catalog in
``locale/``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from gettext import NullTranslations

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_decimal

from mailgate.gateway.pages.languages import (
    catalog_of,
    choose_language,
    languages_by_tag,
    load_languages,
    read_catalog,
)
from mailgate.model.languages import SOURCE, TAGS
from mailgate.model.phrase import ENGLISH


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the console (``model/phrase.py``), with its form of numbers and times."""

    tag: str
    """Its language tag (BCP 47)."""
    locale: Locale
    texts: NullTranslations

    @property
    def name(self) -> str:
        """The language's own name."""
        name = str(self.locale.language_name)
        return name[:1].upper() + name[1:]

    def name_of(self, locale: Locale) -> str:
        """The name of another language in this one."""
        return str(locale.get_display_name(self.locale))

    def text(self, message: str, /) -> str:
        return self.texts.gettext(message)

    def plural(self, one: str, more: str, number: int, /) -> str:
        return self.texts.ngettext(one, more, number)

    def number(self, number: float, /) -> str:
        if self.tag == SOURCE:
            return ENGLISH.number(number)
        return format_decimal(number, locale=self.locale)

    def moment(self, at: datetime, *, exact: bool = False) -> str:
        """A time in UTC, without its zone. English is written as in logs, which sort."""
        if self.tag == SOURCE:
            return f"{at:%Y-%m-%d %H:%M:%S}" if exact else f"{at:%Y-%m-%d %H:%M}"
        seconds = ":ss" if exact else ""
        day = self.locale.date_formats["medium"].pattern
        return format_datetime(at, f"{day}, HH:mm{seconds}", locale=self.locale)

    def day(self, at: datetime) -> str:
        """A day, in UTC."""
        if self.tag == SOURCE:
            return ENGLISH.day(at)
        return format_date(at, "long", locale=self.locale)

    def short_day(self, at: datetime) -> str:
        """A day without its year, for the axis of a picture."""
        if self.tag == SOURCE:
            return ENGLISH.short_day(at)
        return format_skeleton("MMMd", at, locale=self.locale)


IN_ENGLISH = Language(SOURCE, Locale.parse(SOURCE), NullTranslations())


@cache
def console_languages() -> Mapping[str, Language]:
    """Every language by its tag."""
    spoken = [tag for tag in TAGS if catalog_of(__package__, tag).is_file()]
    translated = {tag: Language(tag, Locale.parse(tag, sep="-"), _texts(tag)) for tag in spoken}
    return {SOURCE: IN_ENGLISH} | translated


def _texts(tag: str) -> NullTranslations:
    """The catalog of a language. Reasons have their texts in the catalog of the gate's pages."""
    texts = read_catalog(__package__, tag)
    texts.add_fallback(load_languages()[tag].texts)
    return texts


def language_for(chosen: str, accept_language: str, default: str) -> Language:
    """The chosen language; otherwise one that the browser accepts, the company's, or English."""
    known = console_languages()
    if chosen in known:
        return known[chosen]
    asked = languages_by_tag(known)
    return known[choose_language(accept_language, asked, asked.get(default.lower(), SOURCE))]
