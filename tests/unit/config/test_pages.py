"""The languages of pages, and what the page of a person offers."""

import pytest

from mailgate.config.pages import EmployeePage, ExtensionPages, LanguageSettings
from mailgate.model.languages import LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_may_be_the_usual_one(language: str) -> None:
    assert LanguageSettings(default=language).default == language


@pytest.mark.parametrize("wrong", ["pt-BR", "xx", "EN", ""])
def test_an_unknown_language_is_a_mistake(wrong: str) -> None:
    with pytest.raises(ValueError, match="word"):
        LanguageSettings(default=wrong)


def test_the_extension_comes_from_a_page_on_https() -> None:
    with pytest.raises(ValueError, match="not the https URL of a page"):
        ExtensionPages(firefox="http://store.example.com/")


@pytest.mark.parametrize("wrong", ["POST /login", "OPTIONS login", "OPTIONS /a b"])
def test_a_login_is_checked_by_a_request_that_changes_nothing(wrong: str) -> None:
    with pytest.raises(ValueError, match="login_check"):
        EmployeePage(login_check=wrong)
