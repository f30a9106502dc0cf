from datetime import timedelta

import pytest
from tests.unit.gateway.pages.own import NOW

from mailgate.gateway.pages.employee import AskedSource, SourceResult
from mailgate.gateway.pages.languages import load_languages
from mailgate.gateway.pages.source_answers import answer_words

LANGUAGES = load_languages()


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("came", SourceResult)
def test_every_answer_has_words_in_every_language(came: SourceResult, tag: str) -> None:
    said = answer_words(AskedSource(came, "intune", ("TikTok",), NOW), LANGUAGES[tag], NOW)
    assert said
    assert "%(" not in said


def test_the_answer_names_the_source_the_apps_and_the_time() -> None:
    asked = AskedSource(SourceResult.FOUND, "intune", ("TikTok",), NOW - timedelta(minutes=3))
    said = answer_words(asked, LANGUAGES["en"], NOW).striptags()
    assert said == "Asked intune: it still sees TikTok, looked at 3 minutes ago."


def test_a_source_that_is_named_oddly_stays_text() -> None:
    assert "&lt;b&gt;" in answer_words(AskedSource(SourceResult.SILENT, "<b>"), LANGUAGES["en"], NOW)


def test_the_answer_says_how_much_older_the_list_may_be() -> None:
    asked = AskedSource(SourceResult.CLEAR, "intune", (), NOW, timedelta(days=7))
    said = answer_words(asked, LANGUAGES["en"], NOW).striptags()
    assert said.endswith(" The list of apps may be up to 7 days older than that.")
