"""The languages of the pages, each loaded once from its ``.po`` file, so that nothing has to be compiled after a clone. Texts
are marked in English where they are used, and a browser says which language it asks for."""

import datetime as calendar
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any, NamedTuple

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from markupsafe import Markup, escape

from mailgate.model.languages import SOURCE, TAGS, primary


class Message(NamedTuple):
    """A translatable text, with a ``plural`` if its wording depends on a number."""

    singular: str
    plural: str = ""


class Wording(NamedTuple):
    """The texts of one reason. ``detail`` may contain ``%(apps)s`` or ``%(rule)s``; ``bare`` is used if there is
    none."""

    title: Message
    detail: Message
    bare: Message | None = None


def mark(text: str) -> Message:
    """Mark a text for the catalogs: the extractor looks for calls of this name."""
    return Message(text)


def mark_plural(singular: str, plural: str) -> Message:
    """Mark a text that depends on a number."""
    return Message(singular, plural)


_MAX_APPS = 8
_MORE_APPS = mark_plural("%(count)d more app", "%(count)d more apps")


@dataclass(frozen=True, slots=True)
class Language:
    """One language: its texts and its form of dates and lists. The results are safe to put into HTML."""

    locale: Locale
    texts: NullTranslations

    @property
    def tag(self) -> str:
        """The language tag for ``lang`` and ``Content-Language`` (BCP 47)."""
        return str(self.locale).replace("_", "-")

    @property
    def name(self) -> str:
        """The language's own name."""
        name = str(self.locale.language_name)
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return self.locale.text_direction

    def say(self, message: Message, number: int = 1, /, **values: Any) -> Markup:
        """A message in this language. The catalogs are our own and trusted. Every value is escaped."""
        if message.plural:
            return Markup(self.texts.ngettext(message.singular, message.plural, number)) % values  # noqa: S704
        return Markup(self.texts.gettext(message.singular)) % values  # noqa: S704

    def names(self, apps: tuple[str, ...]) -> Markup:
        """Names of apps as a list in words, each isolated from the direction of the text around it."""
        shown = [Markup("<bdi>{}</bdi>").format(name) for name in apps[:_MAX_APPS]]
        if more := len(apps) - len(shown):
            shown.append(self.say(_MORE_APPS, more, count=more))
        return self._listed(shown)

    def all_names(self, apps: tuple[str, ...]) -> Markup:
        """Every name in a list, without an upper limit."""
        return self._listed([Markup("<bdi>{}</bdi>").format(name) for name in apps])

    def _listed(self, shown: list[Markup]) -> Markup:
        return Markup(format_list([str(name) for name in shown], locale=self.locale))  # noqa: S704

    def date(self, when: datetime) -> Markup:
        """Day, time and zone, in full."""
        return self._instant(when, "full")

    def moment(self, when: datetime) -> Markup:
        """Day, time and zone in a short form, for tables."""
        return self._instant(when, "medium")

    def _instant(self, when: datetime, form: str) -> Markup:
        zone = "ZZZZ" if when.utcoffset() else "z"
        pattern = str(self.locale.datetime_formats[form])
        pattern = pattern.replace("{0}", f"{self.locale.time_formats['short'].pattern} {zone}")
        pattern = pattern.replace("{1}", self.locale.date_formats[form].pattern)
        return escape(format_datetime(when, pattern, tzinfo=when.tzinfo, locale=self.locale))

    def day(self, when: calendar.date) -> Markup:
        """A day of the calendar."""
        return escape(format_date(when, "medium", locale=self.locale))

    def ago(self, since: timedelta) -> Markup:
        """How long ago, in words: "3 minutes ago". It is at least a second."""
        past = -max(since, timedelta(seconds=1))
        return escape(format_timedelta(past, threshold=2, add_direction=True, locale=self.locale))

    def span(self, length: timedelta) -> Markup:
        """A length of time in words, without its sign: "10 minutes"."""
        return escape(format_timedelta(abs(length), threshold=2, locale=self.locale))

    def countdown(self, remaining: timedelta) -> Markup:
        """The time that is left, in words: "in 6 days". A unit is used if there are at least two of it."""
        return escape(format_timedelta(remaining, threshold=2, add_direction=True, locale=self.locale))


@cache
def load_languages() -> Mapping[str, Language]:
    """Every language by its tag."""
    return {tag: Language(Locale.parse(tag, sep="-"), _texts(tag)) for tag in TAGS}


def languages_by_tag(languages: Iterable[str]) -> dict[str, str]:
    """The lower-case tags that browsers send, each with the language that answers: ``zh`` is ``zh-Hans``."""
    return {primary(tag): tag for tag in languages} | {tag.lower(): tag for tag in languages}


def _texts(tag: str) -> NullTranslations:
    return NullTranslations() if tag == SOURCE else read_catalog(__package__, tag)


def catalog_of(package: str, tag: str) -> Traversable:
    """The file with a package's texts in a language."""
    return files(package).joinpath("locale", tag.replace("-", "_"), "LC_MESSAGES", "messages.po")


def read_catalog(package: str, tag: str) -> GNUTranslations:
    """The texts of a package in a language."""
    source, name = catalog_of(package, tag), tag.replace("-", "_")
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)


MAX_HEADER = 1000
"""How many characters of the header are read."""
_MAX_RANGES = 32
_RANGE = re.compile(
    r"\s*(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?",
    re.ASCII | re.IGNORECASE,
)


def choose_language(accept_language: str, available: Mapping[str, str], default: str) -> str:
    """The best available language, or ``default``.

    ``available`` maps lower-case tags to what is returned for them. Ranges that are not well-formed are ignored.
    """
    ranges = list(_ranges(accept_language))
    unwanted = {tag for tag, q in ranges if q == 0}
    for tag, q in sorted(ranges, key=lambda item: -item[1]):
        found = next((t for t in _shortened(tag) if t in available and t not in unwanted), None)
        if q > 0 and found is not None:
            return available[found]
    return default


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header[:MAX_HEADER].split(",", _MAX_RANGES)[:_MAX_RANGES]:
        if match := _RANGE.fullmatch(part):
            yield match["tag"].lower(), float(match["q"] or 1)


def _shortened(tag: str) -> Iterator[str]:
    """The tag, then the tag without its last subtag, and so on. A single-character subtag is removed with the one after it."""
    while tag:
        yield tag
        tag = tag.rpartition("-")[0]
        if tag[-2:-1] == "-":
            tag = tag[:-2]
