"""Sentences that were kept in English are recognised by the catalog's own texts."""

import pytest

from mailgate.console.stored_sentences import NOTES, SHARED, stored_phrase, translated
from mailgate.model.phrase import phrase
from mailgate.texts import IN_ENGLISH, console_languages

GERMAN = console_languages()["de"]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("WeChat joins the prohibited list", "WeChat kommt auf die Liste prohibited"),
        ("WeChat and TikTok join the prohibited list", "WeChat und TikTok kommen auf die Liste prohibited"),
        ("New rule 'nobody' keeps people out", "Neue Regel „nobody“ sperrt Personen"),
        ("Rule 'r' applies to 50 % of people", "Regel „r“ gilt für 50 % der Personen"),
        (
            "keeps out everybody who meets `true`; read last",
            "sperrt: alle, die `true` erfüllen; zuletzt gelesen",
        ),
        ("the share of people is `50%` now, was `25%`", "der Anteil der Personen: jetzt `50%`, bisher `25%`"),
        (
            "reads mail: enforcement starts 1 December 2026",
            "reads mail: Durchsetzung beginnt 1 December 2026",
        ),
        ("keeps out now, lets in before", "jetzt: sperrt, bisher: lässt zu"),
        ("Rule 'r' keeps out now", "Regel „r“ sperrt jetzt"),
        (
            "CapCut and 3 others join the prohibited list",
            "CapCut und 3 weitere kommen auf die Liste prohibited",
        ),
        ("No rule that anybody has heard of", "No rule that anybody has heard of"),
    ],
)
def test_a_kept_sentence_is_said_in_the_language_of_the_page(kept: str, said: str) -> None:
    assert translated(kept, GERMAN) == said
    assert translated(kept, IN_ENGLISH) == kept


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("Phones and tablets: applies to 5% of people", "Phones and tablets: gilt für 5% der Personen"),
        ("Black and White joins the watched list", "Black and White kommt auf die Liste watched"),
        ("New rule 'a or b' keeps people out", "Neue Regel „a or b“ sperrt Personen"),
        (
            "the title is `keeps out` now, was `Ada and Bob`",
            "der Titel: jetzt `keeps out`, bisher `Ada and Bob`",
        ),
        (
            'keeps out everybody who meets `client.kind == "a" and b`; read last',
            'sperrt: alle, die `client.kind == "a" and b` erfüllen; zuletzt gelesen',
        ),
        (
            "turned off since 2026-11-28 06:18 UTC: asked its maker and waited, or never starts",
            "abgeschaltet seit 2026-11-28 06:18 UTC: asked its maker and waited, or never starts",
        ),
    ],
)
def test_the_words_of_admins_stay_as_they_are(kept: str, said: str) -> None:
    assert translated(kept, GERMAN) == said


def test_notes_of_the_engine_are_translated() -> None:
    assert translated("outside the share of 25%", GERMAN) == "außerhalb des Anteils von 25%"
    assert len(NOTES) == 10


def test_a_shared_name_is_recognised_too() -> None:
    stored_phrase = "the serial name S1 is reported for abcd too, which is another device"
    assert (
        translated(stored_phrase, GERMAN)
        == "der Name S1 (serial) ist auch für abcd gemeldet, und das ist ein anderes Gerät"
    )
    assert SHARED.endswith("which is another device")


def test_a_kept_sentence_may_be_a_part_of_another() -> None:
    assert stored_phrase("never starts").render(GERMAN) == "beginnt nie"


def test_a_phrase_needs_no_recognising() -> None:
    assert translated(phrase("Not in force"), GERMAN) == "Nicht in Kraft"
