"""Sentences that were kept in English are recognised by the catalog's own texts."""

import pytest

from mailgate.console.languages import IN_ENGLISH, console_languages
from mailgate.console.stored_texts import again
from mailgate.model.phrase import phrase

GERMAN = console_languages()["de"]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("WeChat joins the prohibited list", "WeChat kommt auf die Liste prohibited"),
        ("WeChat and TikTok join the prohibited list", "WeChat und TikTok kommen auf die Liste prohibited"),
        ("New rule 'nobody' keeps people out", "Neue Regel „nobody“ sperrt Personen"),
        ("Rule 'r' applies to 50 % of people", "Regel „r“ gilt für 50 % der Personen"),
        ("keeps out who meets `true`; read last", "sperrt: alle, die `true` erfüllen; zuletzt gelesen"),
        ("the share of people is `50%` now, was `25%`", "der Anteil der Personen: jetzt `50%`, bisher `25%`"),
        ("No rule that anybody has heard of", "No rule that anybody has heard of"),
    ],
)
def test_a_kept_sentence_is_said_in_the_language_of_the_page(kept: str, said: str) -> None:
    assert again(kept, GERMAN) == said
    assert again(kept, IN_ENGLISH) == kept


def test_a_phrase_needs_no_recognising() -> None:
    assert again(phrase("Not in force"), GERMAN) == "Nicht in Kraft"
