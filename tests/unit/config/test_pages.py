"""The languages of pages, and what the page of a person offers."""

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from tests.unit.config.test_admins import loaded

from mailgate.config.pages import MAX_LOGO, EmployeePage, ExtensionPages, LanguageSettings, contrast
from mailgate.errors import ConfigError
from mailgate.model.phrase import LANGUAGES


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


SVG = b'<?xml version="1.0"?>\n<!-- ours -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.mark.parametrize(
    ("name", "content", "kind"), [("a.svg", SVG, "svg+xml"), ("a.png", PNG, "png")], ids=["svg", "png"]
)
def test_a_logo_is_carried_in_the_page(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    logo = loaded(tmp_path, {}, company={"logo": name}).company.logo
    assert logo is not None
    head, _, body = logo.partition(",")
    assert head == f"data:image/{kind};base64"
    assert b64decode(body) == content


@pytest.mark.parametrize(
    "content", [b"", b"<html><svg>", b"GIF89a", PNG + bytes(MAX_LOGO)], ids=["empty", "html", "gif", "large"]
)
def test_another_picture_or_a_larger_one_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.svg").write_bytes(content)
    with pytest.raises(ConfigError, match="use an SVG or PNG of at most 8 KiB"):
        loaded(tmp_path, {}, company={"logo": "a.svg"})


@pytest.mark.parametrize(
    ("company", "words"),
    [
        ({"colour": "blue"}, "not a colour"),
        ({"colour": "#fff"}, "not a colour"),
        ({"colour": "#ffcc00"}, "too little to be read"),
        ({"colour_dark": "#0b5cad"}, "too little to be read"),
        ({"colour": "red;}body{display:none"}, "not a colour"),
        ({"logo": "nowhere.svg"}, "no such file"),
    ],
)
def test_a_colour_that_cannot_be_read_is_refused(tmp_path: Path, company: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        loaded(tmp_path, {}, company=company)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == contrast("#ffffff", "#000000") == 21
    assert round(contrast("#767676", "#ffffff"), 2) == 4.54
