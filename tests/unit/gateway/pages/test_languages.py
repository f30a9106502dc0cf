from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailgate.gateway.pages.languages import Language, languages_by_tag, load_languages
from mailgate.gateway.pages.message import mark
from mailgate.model.languages import TAGS

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


def test_one_name_too_many_is_counted_in_the_singular() -> None:
    assert LANGUAGES["en"].names(tuple("abcdefghi")).endswith("and 1 more app")


@pytest.mark.parametrize(
    ("tag", "when", "written"),
    [
        ("en", NOON, "Tuesday, December 15, 2026, 12:00 PM UTC"),
        ("de", NOON, "Dienstag, 15. Dezember 2026, 12:00 UTC"),
        (
            "de",
            NOON.astimezone(timezone(timedelta(hours=-8))),
            "Dienstag, 15. Dezember 2026, 04:00 GMT-08:00",
        ),
        ("ja", NOON, "2026年12月15日火曜日 12:00 UTC"),
    ],
)
def test_a_date_says_its_zone(tag: str, when: datetime, written: str) -> None:
    # CLDR writes some spaces as no-break spaces.
    assert " ".join(LANGUAGES[tag].date(when).split()) == written


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
    assert english.say(mark("“%(rule)s”"), rule="<b>&") == "“&lt;b&gt;&amp;”"


@pytest.mark.parametrize(
    ("tag", "written"),
    [("en", "Dec 15, 2026, 12:00 PM UTC"), ("de", "15.12.2026, 12:00 UTC"), ("ja", "2026/12/15 12:00 UTC")],
)
def test_a_moment_is_short_and_says_its_zone(tag: str, written: str) -> None:
    assert " ".join(LANGUAGES[tag].moment(NOON).split()) == written


def test_a_day_is_one_of_the_calendar() -> None:
    assert LANGUAGES["fr"].day(NOON.date()) == "15 déc. 2026"


@pytest.mark.parametrize(
    ("since", "words"),
    [
        (timedelta(minutes=3), "3 minutes ago"),
        (timedelta(hours=7), "7 hours ago"),
        (timedelta(seconds=-30), "1 second ago"),
    ],
)
def test_how_long_ago_is_said_in_words(since: timedelta, words: str) -> None:
    assert LANGUAGES["en"].ago(since) == words
