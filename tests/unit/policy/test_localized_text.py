"""Texts of rules with a wording for each language."""

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.unit.policy.examples import refusal

from mailgate.model.phrase import LANGUAGES
from mailgate.policy import Policy
from mailgate.policy.localized_text import Language, LocalizedField, LocalizedText, text_in
from mailgate.policy.rules import Rule, RuleNotice

TITLE = {
    "de": "Smartphones mit TikTok erhalten keine Firmen-E-Mail",
    "en": "Phones with TikTok get no company mail",
}


def rule(**more: object) -> Rule:
    return Rule.model_validate({"id": "apps", "when": "client.handheld", "effect": "block", **more})


def test_a_text_that_names_no_language_is_in_the_default_one() -> None:
    assert [text_in("Ask", language, "en") for language in ("en", "de")] == ["Ask", ""]


def test_a_text_in_several_is_said_in_each_and_in_no_other() -> None:
    title = rule(title=TITLE).title
    assert title is not None
    assert [text_in(title, language, "en") for language in ("de", "en", "fr")] == [*TITLE.values(), ""]


def test_logs_and_admins_read_english_or_the_first_language() -> None:
    assert str(LocalizedText.of(TITLE)) == TITLE["en"]
    assert str(LocalizedText.of({"fr": "Bonjour", "de": "Hallo"})) == "Bonjour"


def test_a_fix_of_ones_own_and_a_contact_take_languages_too() -> None:
    notice = RuleNotice.model_validate(
        {"fix": {"de": "Bringen Sie es vorbei."}, "contact": {"de": "Hilfe, Raum 3"}}
    )
    assert text_in(notice.fix or "", "de", "en") == "Bringen Sie es vorbei."
    assert text_in(notice.contact or "", "de", "en") == "Hilfe, Raum 3"


@pytest.mark.parametrize(
    "title", [{}, {"xx": "?"}, {"de": ""}, {"de": "x" * 201}, {"de": 7}, ["de"], {"de": {"en": "x"}}, 7, ""]
)
def test_a_malformed_title_is_refused(title: object) -> None:
    with pytest.raises(ValidationError):
        rule(title=title)


def test_a_wording_in_no_language_or_in_none_is_told() -> None:
    assert refusal(LocalizedField, {"xx": "?"}) == ("word", {"word": "xx", "known": list(LANGUAGES)})
    assert refusal(Language, "xx") == ("word", {"word": "xx", "known": list(LANGUAGES)})
    words = "the text is missing; expected one, or one for each of some languages"
    assert refusal(LocalizedField, {}) == ("words", {"words": words})


def test_a_text_is_written_as_it_was_read() -> None:
    field: TypeAdapter[str] = TypeAdapter(LocalizedField)
    for written in ("x" * 200, TITLE, {"de": "x" * 200}):
        assert field.dump_python(field.validate_python(written)) == written
    assert TypeAdapter(Language).validate_python("de") == "de"


def test_editors_know_a_text_and_the_languages() -> None:
    text = {"type": "string", "minLength": 1, "maxLength": 200}
    in_languages = {
        "type": "object",
        "properties": dict.fromkeys(LANGUAGES, text),
        "additionalProperties": False,
        "minProperties": 1,
    }
    assert TypeAdapter(LocalizedField).json_schema() == {"anyOf": [text, in_languages]}
    assert TypeAdapter(Language).json_schema() == {"type": "string", "enum": list(LANGUAGES)}


@pytest.mark.parametrize("fix", [{"de": "gehen"}, {"en": "Bring it to us", "de": "remove-app"}])
def test_a_single_word_is_no_sentence_in_any_language(fix: object) -> None:
    with pytest.raises(ValidationError):
        RuleNotice.model_validate({"fix": fix})


def test_another_wording_is_another_version_and_a_plain_text_keeps_its_own() -> None:
    plain, english = rule(title=TITLE["en"]), rule(title={"en": TITLE["en"]})
    versions = {Policy((each,)).version for each in (plain, english, rule(title=TITLE))}
    assert len(versions) == 3
    assert Policy((rule(title=TITLE["en"]),)).version == Policy((plain,)).version
