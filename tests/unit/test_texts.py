import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from gettext import NullTranslations
from importlib.resources import as_file, files
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from mailgate import texts
from mailgate.model.phrase import SOURCE, TAGS, phrase, plural, translate
from mailgate.texts import (
    IN_ENGLISH,
    Language,
    choose_language,
    console_languages,
    language_for,
    languages_by_tag,
    load_languages,
)

LANGUAGES = load_languages()
NOON = datetime(2026, 12, 15, 12, tzinfo=UTC)


def test_a_language_has_the_tag_of_the_list_and_its_direction() -> None:
    assert [language.tag for language in LANGUAGES.values()] == list(TAGS)
    assert [tag for tag, language in LANGUAGES.items() if language.direction == "rtl"] == ["ar"]


def test_a_language_may_be_asked_for_without_its_script() -> None:
    assert languages_by_tag(LANGUAGES) | {
        "zh": "zh-Hans",
        "zh-hans": "zh-Hans",
        "de": "de",
    } == languages_by_tag(LANGUAGES)


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        ("en", "<bdi>A</bdi>, <bdi>B</bdi>, and <bdi>&lt;C&gt;</bdi>"),
        ("de", "<bdi>A</bdi>, <bdi>B</bdi> und <bdi>&lt;C&gt;</bdi>"),
        ("ja", "<bdi>A</bdi>、<bdi>B</bdi>、<bdi>&lt;C&gt;</bdi>"),
    ],
)
def test_names_are_listed_as_the_language_does(tag: str, names: str) -> None:
    assert LANGUAGES[tag].names(("A", "B", "<C>")) == names


@pytest.mark.parametrize(
    ("tag", "end"), [("en", "and 92 more apps"), ("ar", "و92 تطبيقًا آخر"), ("zh-Hans", "和另外 92 个应用")]
)
def test_a_long_list_of_names_is_cut_short(tag: str, end: str) -> None:
    assert LANGUAGES[tag].names(tuple(f"app {n}" for n in range(100))).endswith(end)


def test_a_catalog_is_read_when_one_of_its_texts_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(texts, "read_catalog", lambda *named: read.append(named) or NullTranslations())
    languages = texts.load_languages.__wrapped__()
    assert read == []
    assert [languages["de"].text(each) for each in ("one", "another")] == ["one", "another"]
    assert read == [(texts.PAGES, "de")]


def test_one_name_too_many_is_counted_in_the_singular() -> None:
    assert LANGUAGES["en"].names(tuple("abcdefghi")).endswith("and 1 more app")


MIDNIGHT = datetime(2026, 11, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 12, 8, 9, tzinfo=UTC)
NIGHT = datetime(2026, 11, 29, 23, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("en-GB", "Tue 8 Dec, 09:00"),
        ("en-US", "Tue, Dec 8, 9:00 AM"),
        ("de", "Di., 8. Dez., 09:00 Uhr"),
        ("ja", "12月8日(火) 9:00"),
        ("fr", "mar. 8 déc., 09:00"),
        ("es", "mar, 8 dic, 9:00"),
        ("pt-BR", "ter., 8 de dez., 09:00"),
        ("ar", "الثلاثاء، 8 ديسمبر، 9:00 ص"),
        ("zh-Hans", "12月8日周二 09:00"),
    ],
)
def test_a_time_is_written_as_its_reader_does(asked: str, written: str) -> None:
    tag = choose_language(asked, languages_by_tag(LANGUAGES), "en")
    assert LANGUAGES[tag].as_written_in(asked).at(NIGHT).when(TUESDAY) == written


@pytest.mark.parametrize(
    ("at", "now", "alone", "within"),
    [
        (NIGHT, NIGHT, "Today, 23:45", "today, 23:45"),
        (NIGHT + timedelta(minutes=15), NIGHT, "Mon 30 Nov, 00:00", "Mon 30 Nov, 00:00"),
        (NIGHT, NIGHT + timedelta(minutes=15), "Yesterday, 23:45", "yesterday, 23:45"),
        (NIGHT, NIGHT + timedelta(days=2), "2 days ago", "Sun 29 Nov, 23:45"),
        (MIDNIGHT, MIDNIGHT + timedelta(days=7, hours=23), "7 days ago", "Mon 30 Nov, 00:00"),
        (MIDNIGHT, MIDNIGHT + timedelta(days=8), "Mon 30 Nov, 00:00", "Mon 30 Nov, 00:00"),
        (MIDNIGHT + timedelta(days=14), MIDNIGHT, "Mon 14 Dec, 00:00", "Mon 14 Dec, 00:00"),
        (MIDNIGHT + timedelta(days=15), MIDNIGHT, "15 Dec, 00:00", "15 Dec, 00:00"),
        (MIDNIGHT + timedelta(days=32), MIDNIGHT, "1 Jan 2027, 00:00", "1 Jan 2027, 00:00"),
        (datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC), "Fri, 1 Jan 2027, 00:00", "Fri, 1 Jan 2027, 00:00"),
        (datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), "Yesterday, 23:00", "yesterday, 23:00"),
        (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), datetime(2026, 10, 26, 2, tzinfo=BERLIN), "Yesterday, 02:30", "yesterday, 02:30"),
        (datetime(2026, 3, 28, 23, 30, tzinfo=BERLIN), datetime(2026, 3, 29, 22, 30, tzinfo=UTC), "2 days ago", "Sat 28 Mar, 23:30"),
    ],
)  # fmt: skip
def test_a_time_is_near_by_the_days_of_its_reader(
    at: datetime, now: datetime, alone: str, within: str
) -> None:
    english = LANGUAGES["en"].as_written_in("en-GB").at(now)
    assert (english.when(at, "alone"), english.when(at), english.when(at, "at")) == (
        alone,
        within,
        english._on(english.when(at, "day"), at),
    )


def test_a_number_of_days_has_no_zone_and_begins_a_line() -> None:
    german = LANGUAGES["de"].at(NIGHT + timedelta(days=2))
    assert (german.zoned(NIGHT, "alone"), german.zoned(NIGHT, "at")[-3:]) == ("Vor 2 Tagen", "UTC")
    assert german.zoned(NIGHT + timedelta(days=2), "alone").startswith("Heute, ")


def test_a_kept_text_says_weekday_year_and_zone() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-8)))
    assert LANGUAGES["de"].zoned(NOON) == "Di., 15. Dez. 2026, 12:00 Uhr UTC"
    assert LANGUAGES["de"].zoned(there) == "Di., 15. Dez. 2026, 04:00 Uhr GMT-08:00"
    assert replace(LANGUAGES["en"].at(NOON), dated=True).when(NOON, "day") == "Tue, Dec 15, 2026"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=6, hours=5), "in 6 days"),
        (timedelta(hours=40), "in 40 hours"),
        (timedelta(days=13), "in 13 days"),
        (timedelta(days=15), "in 2 weeks"),
        (timedelta(minutes=90), "in 90 minutes"),
    ],
)
def test_the_time_left_is_said_in_words(left: timedelta, words: str) -> None:
    assert LANGUAGES["en"].countdown(left) == words


def test_values_are_escaped_and_texts_are_not() -> None:
    english: Language = LANGUAGES["en"]
    assert english.say(phrase("“%(rule)s”"), rule="<b>&") == "“&lt;b&gt;&amp;”"


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (timedelta(minutes=3), "3 minutes ago"),
        (timedelta(hours=7), "7 hours ago"),
        (timedelta(seconds=-30), "1 second ago"),
    ],
)
def test_an_age_is_said_in_words(since: timedelta, words: str) -> None:
    assert LANGUAGES["en"].ago(since) == words


TRANSLATED = [tag.replace("-", "_") for tag in TAGS if tag != SOURCE]
PACKAGE = files("mailgate.gateway.pages")
METHODS = [
    ("gateway/pages/**.py", "python"),
    ("gateway/pages/templates/**.html", "jinja2"),
    ("gateway/pages/reasons.toml", "tests.unit.test_texts:texts_of_reasons"),
    ("mail/words.py", "python"),
    ("texts.py", "python"),
]
KEYWORDS = {"_": None, "phrase": None, "plural": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def texts_of_reasons(file: BinaryIO, *_: object, **__: object) -> Iterator[tuple[object, ...]]:
    reasons = (each for part in tomllib.load(file).values() for each in part.values())
    every = (each[name] for each in reasons for name in ("title", "detail", "bare") if name in each)
    return ((0, "phrase" if isinstance(text, str) else "plural", text, []) for text in every)


@pytest.fixture(scope="module")
def marked() -> set[str | tuple[str, ...]]:
    with as_file(files("mailgate")) as package:
        return {found[2] for found in extract_from_dir(package, METHODS, keywords=KEYWORDS)}


def catalog(name: str) -> Catalog:
    with PACKAGE.joinpath("locale", name, "LC_MESSAGES", "messages.po").open("rb") as file:
        return read_po(file, locale=name, abort_invalid=True)


def forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def placeholders(texts: tuple[str, ...]) -> Iterator[list[str]]:
    return (sorted(PLACEHOLDER.findall(text)) for text in texts)


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_catalog_has_exactly_the_marked_texts(name: str, marked: set[str | tuple[str, ...]]) -> None:
    have = {m.id if isinstance(m.id, str) else tuple(m.id) for m in catalog(name) if m.id}
    assert have == marked
    assert len(marked) > 100


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_text_is_translated_with_the_same_placeholders(name: str) -> None:
    translated = catalog(name)
    for message in translated:
        if not message.id:
            continue
        texts = forms(message.string)
        assert not message.fuzzy, message.id
        assert all(texts), message.id
        assert len(texts) == (translated.num_plurals if message.pluralizable else 1), message.id
        wanted = sorted(PLACEHOLDER.findall(forms(message.id)[-1]))
        assert all(found == wanted for found in placeholders(texts)), message.id


AVAILABLE = {"en": "en", "de": "de", "fr": "fr", "ar": "ar", "zh": "zh-Hans", "zh-hans": "zh-Hans"}


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("de-CH-1996", "de"),
        ("fr;q=0.5, de;q=0.9", "de"),
        ("fr, de", "fr"),
        ("sv, de;q=0.1", "de"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("zh-Hant-TW", "zh-Hans"),
        ("de-x-private", "de"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("de-DE, de;q=0", "en"),
        ("de ; q = 0.7 , fr;q=0.6", "de"),
        ("*", "en"),
        ("*, fr;q=0.2", "fr"),
        ("", "en"),
        ("sv", "en"),
        ("de;q=0", "en"),
        # not well-formed: passed over, never guessed at
        ("de;q=2", "en"),
        ("de;q=nan, fr", "fr"),
        ("de_DE, fr", "fr"),
        (";;;,,,q=1, ar", "ar"),
        ("toolonglanguage, fr", "fr"),
        ("dé, fr", "fr"),
        # only so much is read
        ("xx," * 32 + "de", "en"),
        ("x" * 5000 + ",de", "en"),
    ],
)
def test_the_best_available_language_is_chosen(header: str, chosen: str) -> None:
    assert choose_language(header, AVAILABLE, "en") == chosen


@given(st.text(max_size=200))
def test_any_header_gets_an_available_language(header: str) -> None:
    assert choose_language(header, AVAILABLE, "en") in AVAILABLE.values()


@pytest.mark.parametrize(
    ("header", "tag", "form", "written"),
    [
        ("en-GB,en;q=0.9", "en", "en-GB", "Sun, 29 Nov 2026, 22:44 UTC"),
        ("en-US,en;q=0.9", "en", "en-US", "Sun, Nov 29, 2026, 10:44 PM UTC"),
        ("en", "en", "en", "Sun, Nov 29, 2026, 10:44 PM UTC"),
        ("de,en-GB;q=0.5", "en", "en-GB", "Sun, 29 Nov 2026, 22:44 UTC"),
        ("en-US;q=0.1,en-gb", "en", "en-GB", "Sun, 29 Nov 2026, 22:44 UTC"),
        ("en-GB;q=0,en", "en", "en", "Sun, Nov 29, 2026, 10:44 PM UTC"),
        ("en-XX,en-x-private,fr-CA", "en", "en", "Sun, Nov 29, 2026, 10:44 PM UTC"),
        ("fr-CA", "fr", "fr-CA", "dim. 29 nov. 2026, 22 h 44 UTC"),
        ("zh-CN", "zh-Hans", "zh-Hans-CN", "2026年11月29日周日 22:44 UTC"),
        ("zh-TW", "zh-Hans", "zh-Hans", "2026年11月29日周日 22:44 UTC"),
        ("pt-PT", "pt-BR", "pt-BR", "dom., 29 de nov. de 2026, 22:44 UTC"),
    ],
)
def test_dates_are_in_the_form_of_the_region_that_the_browser_asks_for(
    header: str, tag: str, form: str, written: str
) -> None:
    spoken = LANGUAGES[tag].as_written_in(header)
    assert (spoken.tag, spoken.form) == (tag, form)
    assert spoken.zoned(datetime(2026, 11, 29, 22, 44, tzinfo=UTC)).replace("\xa0", " ") == written


@pytest.mark.parametrize("ending", ["html", "js", "txt"])
def test_pages_and_scripts_write_no_time_by_themselves(ending: str) -> None:
    """A page writes a time by ``Language``, a script by ``when.js``; the marks of pictures have hours and days alone."""
    with as_file(files("mailgate")) as package:
        found = {
            f"{each.relative_to(package)}: {line}"
            for each in package.rglob(f"*.{ending}")
            if each.name != "when.js" and "demo" not in each.parts
            for line in re.findall(
                r"strftime|toLocale(?:Date)?String|DateTimeFormat\(locale, \{ (?!hour: |day: )(?!dateStyle: 'full')|<time(?![^>]*data-form)",
                each.read_text("utf-8"),
            )
        }
    assert found == set()


GERMAN = console_languages()["de"]
AT = datetime(2026, 12, 1, 9, 5, 7, tzinfo=UTC)


def test_english_comes_first_and_each_has_its_own_name() -> None:
    assert [(tag, each.name) for tag, each in console_languages().items()] == [
        ("en", "English"),
        ("de", "Deutsch"),
    ]


@pytest.mark.parametrize(
    ("chosen", "asked", "default", "tag"),
    [
        ("", "", "en", "en"),
        ("", "de-AT,de;q=0.9,en;q=0.8", "en", "de"),
        ("", "en,de;q=0.9", "de", "en"),
        ("de", "en", "en", "de"),
        ("xx", "de", "en", "de"),
        ("", "fr", "de", "de"),
        ("", "fr", "ja", "en"),
        ("", "", "zh", "en"),
    ],
)
def test_a_chosen_language_goes_before_the_browsers(chosen: str, asked: str, default: str, tag: str) -> None:
    assert language_for(chosen, asked, default).tag == tag


def test_sentences_and_numbers_are_said_in_it() -> None:
    assert translate(plural("%(count)s device", "%(count)s devices", 1200), GERMAN) == "1.200 Geräte"
    assert translate(phrase("under 0.1%"), GERMAN) == "unter 0,1 %"
    assert (GERMAN.number(12.5), IN_ENGLISH.number(12.5), IN_ENGLISH.number(1200)) == (
        "12,5",
        "12.5",
        "1,200",
    )


def test_a_language_names_the_others() -> None:
    assert GERMAN.name_of(Locale("fr")) == "Französisch"


def test_a_whole_span_is_never_rounded() -> None:
    spans = (timedelta(hours=24), timedelta(hours=25), timedelta(days=30))
    told = {tag: [str(LANGUAGES[tag].whole_span(each)) for each in spans] for tag in ("en", "de")}
    assert told == {"en": ["24 hours", "25 hours", "30 days"], "de": ["24 Stunden", "25 Stunden", "30 Tage"]}
