"""One list of languages, from which the catalogs of pages and of the extension are checked."""

from importlib.resources import files
from pathlib import Path

from mailgate.model.languages import LANGUAGES, SOURCE, TAGS, primary

PAGES = files("mailgate.gateway.pages").joinpath("locale")
EXTENSION = Path(__file__).parents[3] / "extension" / "_locales"


def test_each_language_but_the_source_has_a_catalog() -> None:
    assert {each.name.replace("_", "-") for each in PAGES.iterdir()} == set(TAGS) - {SOURCE}


def test_the_extension_speaks_the_same_languages() -> None:
    assert {primary(each.name.replace("_", "-")) for each in EXTENSION.iterdir()} == set(LANGUAGES)


def test_settings_and_policies_name_each_language_in_one_word() -> None:
    assert [primary(tag) for tag in ("zh-Hans", "PT-br", "de")] == ["zh", "pt", "de"]
    assert len(set(LANGUAGES)) == len(TAGS)
