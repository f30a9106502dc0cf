"""What a rule says, in the language of the page; what it does not say in it, the page says in words of its own."""

from dataclasses import replace
from datetime import UTC, datetime

from mailgate.gateway.pages import Pages, View
from mailgate.gateway.pages.in_language import in_language
from mailgate.model import Kind, Reason
from mailgate.policy.localized_text import LocalizedText

VIEW = View(
    Reason.RULE_MATCHED, "REF", datetime(2026, 12, 9, 9, tzinfo=UTC), kind=Kind.PHONE,
    rule_title="No TikTok beside mail", fix="Bring your phone to the desk.", contact="it-help@example.com",
)  # fmt: skip
WORDED = replace(
    VIEW,
    rule_title=LocalizedText.of({"de": "Kein TikTok neben der Mail", "en": "No TikTok beside mail"}),
    fix=LocalizedText.of({"de": "Bringen Sie Ihr Telefon vorbei."}),
    contact=LocalizedText.of({"de": "Hilfe in Raum 3", "en": "Help in room 3"}),
)
PAGES = Pages()


def shown(view: View, language: str) -> str:
    return PAGES.refusal(replace(view, accept_language=language)).html


def test_each_reads_their_own() -> None:
    german = shown(WORDED, "de")
    for words in ("Kein TikTok neben der Mail", "Bringen Sie Ihr Telefon vorbei.", "Hilfe in Raum 3"):
        assert words in german
    assert "beside mail" not in german


def test_a_missing_wording_leaves_the_pages_own_steps_and_contact() -> None:
    french = shown(replace(WORDED, reason=Reason.PROHIBITED_APP, apps=("TikTok",)), "fr")
    assert "TikTok beside" not in french
    assert "Kein TikTok" not in french
    assert "<ol " in french
    assert "Help in room 3" in french


def test_a_text_that_names_no_language_is_that_of_the_default() -> None:
    assert "No TikTok beside mail" in shown(VIEW, "en")
    assert "Bring your phone to the desk." in shown(VIEW, "en")
    german = shown(VIEW, "de")
    assert "No TikTok beside mail" not in german
    assert "Bring your phone" not in german
    assert "it-help@example.com" in german
    assert "No TikTok beside mail" in shown(replace(VIEW, default_language="de"), "de")


def test_one_page_in_memory_is_never_that_of_another_wording() -> None:
    other = replace(
        WORDED, rule_title=LocalizedText.of({"de": "Ein anderer Titel", "en": "No TikTok beside mail"})
    )
    assert WORDED.rule_title == other.rule_title
    assert "Kein TikTok" in shown(WORDED, "de")
    assert "Ein anderer Titel" in shown(other, "de")


def test_a_fix_that_pages_have_steps_for_stays() -> None:
    assert in_language(replace(VIEW, fix="remove-app"), "ja").fix == "remove-app"


def test_chinese_is_one_language_whatever_it_is_written_in() -> None:
    view = replace(VIEW, rule_title=LocalizedText.of({"zh": "不可使用 TikTok"}))
    assert in_language(view, "zh-Hans").rule_title == "不可使用 TikTok"
