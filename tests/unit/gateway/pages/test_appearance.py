"""Pages show whose they are."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.unit.gateway.pages.own import OWN

from mailgate.gateway.pages import Appearance, Pages, View
from mailgate.gateway.pages.appearance import contact_link
from mailgate.model import Reason

VIEW = View(Reason.POSTURE_MISSING, "REF", datetime(2026, 12, 9, 9, tzinfo=UTC), host="mail.example.com")
LOOK = Appearance("Example & Sons", "data:image/png;base64,AAAA", "#7a1f5c", "#f0a5d8")
PAGES = Pages(LOOK)


@pytest.mark.parametrize("shown", ["refusal", "warning", "error", "help", "probe", "me"])
def test_every_page_has_name_logo_and_colours(shown: str) -> None:
    pages = {
        "refusal": PAGES.refusal(VIEW),
        "warning": PAGES.warning(VIEW),
        "error": PAGES.error(VIEW),
        "help": PAGES.help(VIEW),
        "probe": PAGES.probe(VIEW, may_skip=False),
        "me": PAGES.me(OWN),
    }
    page = pages[shown]
    assert "<bdi>Example &amp; Sons</bdi>" in page.html
    assert '<img src="data:image/png;base64,AAAA" alt="" height="28">' in page.html
    assert "}:root{--accent:#7a1f5c;--accent-strong:#7a1f5c;" in page.html.replace("\n", "")
    assert "@media(prefers-color-scheme:dark){:root{--accent:#f0a5d8" in page.html
    assert "img-src data:" in page.content_security_policy


def test_one_colour_alone_is_for_light_pages() -> None:
    assert (
        replace(LOOK, colour_dark="")
        .style()
        .startswith("@media(prefers-color-scheme:light){:root{--accent:#7a1f5c")
    )
    assert Appearance().style() == ""


def test_without_any_of_it_pages_are_as_they_were() -> None:
    page = Pages().refusal(VIEW).html
    assert "<img" not in page
    assert "<bdi>mail.example.com</bdi>" in page


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("it-help@example.com", "mailto:it-help@example.com?subject=ref%201"),
        (" it@mail.example.com ", "mailto:it@mail.example.com?subject=ref%201"),
        ("https://help.example.com/mail?a=b", "https://help.example.com/mail?a=b"),
        ("+49 (30) 1234-56", "tel:+4930123456"),
        ("Help desk, room 12", ""),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("JAVASCRIPT:alert(1)//@example.com", ""),
        ("data:text/html,x", ""),
        ("it@example.com?bcc=evil@example.com", ""),
        ("https://help.example.com/\njavascript:x", ""),
    ],
)
def test_only_an_address_becomes_a_link(text: str, href: str) -> None:
    assert contact_link(text, "ref 1") == (text.strip(), href)
