"""The languages of the console: which there are, which one somebody reads, and how it writes numbers and times."""

from datetime import UTC, datetime

import pytest
from babel import Locale
from tests.unit.console.browsing import Browser

from mailgate.console.languages import IN_ENGLISH, console_languages, language_for
from mailgate.console.words import reason_in_words
from mailgate.http.cookies import CONSOLE_LANGUAGE_COOKIE as COOKIE
from mailgate.model.phrase import phrase, plural, translate

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
    assert translate(phrase("under 0.1 %"), GERMAN) == "unter 0,1 %"
    assert (GERMAN.number(12.5), IN_ENGLISH.number(12.5), IN_ENGLISH.number(1200)) == (
        "12,5",
        "12.5",
        "1,200",
    )


def test_reasons_have_the_words_of_the_gates_own_pages() -> None:
    assert translate(reason_in_words("prohibited-app"), GERMAN).startswith("Eine App auf diesem Gerät")


def test_times_and_days_are_written_as_people_there_do() -> None:
    assert (GERMAN.moment(AT), GERMAN.moment(AT, exact=True)) == ("01.12.2026, 09:05", "01.12.2026, 09:05:07")
    assert (GERMAN.day(AT), GERMAN.short_day(AT)) == ("1. Dezember 2026", "1. Dez.")
    assert (IN_ENGLISH.moment(AT), IN_ENGLISH.day(AT)) == ("2026-12-01 09:05", "1 December 2026")
    assert IN_ENGLISH.short_day(AT) == "1 Dec"


def test_a_language_names_the_others() -> None:
    assert GERMAN.name_of(Locale("fr")) == "Französisch"


async def test_a_page_is_in_the_language_that_the_browser_asks_for(ada: Browser) -> None:
    page = await ada.get("/console/devices", headers={"Accept-Language": "de"})
    assert '<html lang="de">' in page.text
    assert "<h1>Geräte</h1>" in page.text
    assert '<html lang="en">' in (await ada.get("/console/devices")).text


async def test_a_person_reads_on_in_the_language_that_they_choose(ada: Browser) -> None:
    page = await ada.post("/console/language", lang="de", to="/console/devices?kind=phone")
    assert page.path == "/console/devices?kind=phone"
    assert "<h1>Geräte</h1>" in page.text
    assert "Regeln in Kraft" in (await ada.get("/console/policy")).text
    cookies = {each.key: each for each in ada.session.cookie_jar}
    assert (cookies[COOKIE]["httponly"], cookies[COOKIE]["samesite"]) == (True, "Lax")
