"""Texts in the languages of people, read from ``.po`` files, so that nothing has to be compiled after a clone. They are
marked in English where they are used (``model/phrase.py``): those of ``gateway/pages`` and of mails are in every language, all
others in those of the console. A browser says which language it asks for."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, cached_property
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import Any, Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_skeleton, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from mailgate.model.phrase import ENGLISH, SOURCE, TAGS, Phrase, Translator, plural, primary

PAGES, CONSOLE = "mailgate.gateway.pages", "mailgate.console"
"""The packages that have catalogs."""
_MAX_APPS = 8
_MORE_APPS = plural("%(count)d more app", "%(count)d more apps")
TimeForm = Literal["alone", "in", "at", "day"]
"""How a time is said: alone ("Today, 10:36", "2 days ago"), in a sentence ("today, 10:36"), without words that pass away, or as a day."""
_A_WEEK = 7
_RELATIVE = {
    "en": ("today", "yesterday"),
    "ar": ("اليوم", "أمس"),
    "de": ("heute", "gestern"),
    "es": ("hoy", "ayer"),
    "fr": ("aujourd’hui", "hier"),
    "ja": ("今日", "昨日"),
    "pt": ("hoje", "ontem"),
    "zh": ("今天", "昨天"),
}
"""CLDR's words, which Babel leaves out."""
_DAY_AND_TIME = {"ar": "{0}، {1}", "de": "{0}, {1} Uhr", "ja": "{0} {1}", "zh": "{0} {1}"}


@dataclass(frozen=True, slots=True)
class Language(Translator):
    """One language: its texts and its form of dates, numbers and lists. What returns ``Markup`` is safe to put into HTML."""

    tag: str
    """The language tag for ``lang`` and ``Content-Language`` (BCP 47)."""
    locale: Locale
    texts: NullTranslations
    now: datetime | None = None
    """When its reader reads; None in what is kept, such as a mail."""
    dated: bool = False
    """Whether each day has its year, as in plans."""

    @property
    def name(self) -> str:
        """The language's own name."""
        return _begun(str(self.locale.language_name))

    def name_of(self, locale: Locale) -> str:
        """The name of another language in this one."""
        return str(locale.get_display_name(self.locale))

    @property
    def form(self) -> str:
        """The tag with the reader's region, in whose form dates are: ``en-GB``. It is for ``lang``, where scripts read it."""
        return str(self.locale).replace("_", "-") if self.locale.territory else self.tag

    def as_written_in(self, accept_language: str) -> "Language":
        """The same texts with the dates and lists of the first region of this language that a browser asks for."""
        if self.locale.territory:  # its texts are those of one region
            return self
        regions = (_region(tag) for tag in _wanted(accept_language) if primary(tag) == primary(self.tag))
        fitting = (each for each in regions if each and each.script == self.locale.script)
        return replace(self, locale=next(fitting, self.locale))

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return self.locale.text_direction

    def text(self, message: str, /) -> str:
        return self.texts.gettext(message)

    def plural(self, one: str, more: str, number: int, /) -> str:
        return self.texts.ngettext(one, more, number)

    def say(self, message: Phrase, number: int = 1, /, **values: Any) -> Markup:
        """A text that was marked without its values. The catalogs are our own and trusted. Every value is escaped."""
        text = self.plural(message.one, message.more, number) if message.more else self.text(message.one)
        return Markup(text) % values  # noqa: S704

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

    def at(self, now: datetime) -> "Language":
        """The same for somebody who reads at this time."""
        return replace(self, now=now)

    def when(self, at: datetime, form: TimeForm = "in") -> str:
        """A time as people write it, in the zone of ``at``: "Tue 8 Dec, 09:00". The weekday is said within two weeks, and the year if
        it is another one; all of it if nobody knows when it is read. Pages say it in the zone of their reader by ``when.js``, which
        does the same."""
        ago = self._days_ago(at)
        if _is_told_in_days(ago, form):
            days = timedelta(days=-(ago or 0))
            return _begun(
                format_timedelta(days, granularity="day", threshold=9, add_direction=True, locale=self.locale)
            )
        if form in ("alone", "in") and ago in (0, 1):
            word = _RELATIVE[primary(self.tag)][ago]
            return self._on(_begun(word) if form == "alone" else word, at)
        near = ago is None or abs(ago) <= 2 * _A_WEEK
        year = self.dated or self.now is None or at.year != self.now.astimezone(at.tzinfo).year
        skeleton = f"{'y' if year else ''}MMM{'E' if near else ''}d"
        day = format_skeleton(skeleton, at, locale=self.locale)
        return day if form == "day" else self._on(day, at)

    def _days_ago(self, at: datetime) -> int | None:
        return (self.now.astimezone(at.tzinfo).date() - at.date()).days if self.now else None

    def _on(self, day: str, at: datetime, form: Literal["short", "medium"] = "short") -> str:
        clock = format_time(at, form, locale=self.locale).replace("\u202f", " ")
        return _DAY_AND_TIME.get(primary(self.tag), "{0}, {1}").format(day, clock)

    def zoned(self, at: datetime, form: TimeForm = "in") -> str:
        """The same with its zone, for whoever may be in another one. "2 days ago" has none."""
        if _is_told_in_days(self._days_ago(at), form):
            return self.when(at, form)
        zone = format_datetime(at, "ZZZZ", tzinfo=at.tzinfo, locale=self.locale) if at.utcoffset() else "UTC"
        return f"{self.when(at, form)} {zone}"

    def ago(self, since: timedelta) -> Markup:
        """How long ago, in words: "3 minutes ago". It is at least a second."""
        past = -max(since, timedelta(seconds=1))
        return escape(format_timedelta(past, threshold=2, add_direction=True, locale=self.locale))

    def span(self, length: timedelta) -> Markup:
        """A length of time in words, without its sign: "10 minutes"."""
        return escape(format_timedelta(abs(length), threshold=2, locale=self.locale))

    def whole_span(self, length: timedelta) -> Markup:
        """A length of whole hours in words, not rounded: "30 days", and "24 hours" for a single day."""
        in_days = length % timedelta(days=1) == timedelta() and length > timedelta(days=1)
        unit: Literal["day", "hour"] = "day" if in_days else "hour"
        return escape(format_timedelta(length, granularity=unit, threshold=math.inf, locale=self.locale))

    def countdown(self, remaining: timedelta) -> Markup:
        """The time that is left, in words: "in 6 days". A unit is used if there are at least two of it."""
        return escape(format_timedelta(remaining, threshold=2, add_direction=True, locale=self.locale))

    def number(self, number: float, /) -> str:
        return ENGLISH.number(number) if self.tag == SOURCE else format_decimal(number, locale=self.locale)

    def time(self, at: datetime, /, *, exact: bool = False) -> str:
        return self.exact(at) if exact else self.zoned(at)

    def exact(self, at: datetime) -> str:
        """A time in UTC with its weekday, its year and its seconds."""
        day = format_skeleton("yMMMEd", at, locale=self.locale)
        return f"{self._on(day, at, 'medium')} UTC"

    def command(self, _text: str, /) -> str:
        return ""  # whoever reads a page is not at a command line

    def day(self, at: datetime, /) -> str:
        return self.when(at, "day")

    def short_day(self, at: datetime, /) -> str:
        return format_skeleton("MMMd", at, locale=self.locale)


def _is_told_in_days(ago: int | None, form: TimeForm) -> bool:
    return form == "alone" and ago is not None and 2 <= ago <= _A_WEEK


def _begun(words: str) -> str:
    """Words as they begin a line."""
    return words[:1].upper() + words[1:]


class _Texts(NullTranslations):
    """The texts of some packages in a language: the first package that has one counts. They are read when one is asked for, since to
    read all languages takes a tenth of a second."""

    def __init__(self, tag: str, packages: tuple[str, ...]) -> None:
        super().__init__()
        self._tag, self._packages = tag, packages

    @cached_property
    def _read(self) -> NullTranslations:
        first, *others = (read_catalog(each, self._tag) for each in self._packages)
        for each in others:
            first.add_fallback(each)
        return first

    def gettext(self, message: str) -> str:
        return self._read.gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._read.ngettext(msgid1, msgid2, n)


@cache
def load_languages() -> Mapping[str, Language]:
    """Every language of the pages by its tag."""
    return {tag: _language(tag, PAGES) for tag in TAGS}


@cache
def console_languages() -> Mapping[str, Language]:
    """Every language of the console by its tag. Reasons have their texts in the catalog of the gate's pages."""
    spoken = [tag for tag in TAGS if catalog_of(CONSOLE, tag).is_file()]
    return {SOURCE: IN_ENGLISH} | {tag: _language(tag, CONSOLE, PAGES) for tag in spoken}


def _language(tag: str, *packages: str) -> Language:
    texts = _Texts(tag, packages) if tag != SOURCE else NullTranslations()
    return Language(tag, Locale.parse(tag, sep="-"), texts)


IN_ENGLISH = _language(SOURCE)


def languages_by_tag(languages: Iterable[str]) -> dict[str, str]:
    """The lower-case tags that browsers send, each with the language that answers: ``zh`` is ``zh-Hans``."""
    return {primary(tag): tag for tag in languages} | {tag.lower(): tag for tag in languages}


def in_form(form: str, spoken: Mapping[str, Language], default: Language) -> Language:
    """The language of a form that was kept, with the dates of its region: ``en-GB``; ``default`` if it is none of those ``spoken``."""
    tag = choose_language(form, languages_by_tag(spoken), "")
    return spoken[tag].as_written_in(form) if tag else default


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
    unwanted = {tag for tag, q in _ranges(accept_language) if q == 0}
    for tag in _wanted(accept_language):
        found = next((t for t in _shortened(tag) if t in available and t not in unwanted), None)
        if found is not None:
            return available[found]
    return default


def _wanted(header: str) -> list[str]:
    """The tags that a browser accepts, the most wanted first."""
    return [tag for tag, q in sorted(_ranges(header), key=lambda each: -each[1]) if q > 0]


def _region(tag: str) -> Locale | None:
    """The form of a language in a region; None if none is named or it is not known."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    return locale if locale.territory else None


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


def language_for(chosen: str, accept_language: str, default: str) -> Language:
    """The language of the console: the chosen one; otherwise one that the browser accepts, the company's, or English. Its dates are
    as in the reader's region."""
    known = console_languages()
    asked = languages_by_tag(known)
    fitting = choose_language(accept_language, asked, asked.get(default.lower(), SOURCE))
    return known[chosen if chosen in known else fitting].as_written_in(accept_language)
