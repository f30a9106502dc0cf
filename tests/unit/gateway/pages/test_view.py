from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.pages.own import OWN

from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.view import Appearance, View, contact_link, own_path
from mailgate.model import Reason


@pytest.mark.parametrize(
    "path", ["/", "/?_task=mail", "/SOGo/so/a@b/Mail#!/INBOX", "/a//b", "/a%5Cb", "/%2F%2Fx", "/ä"]
)
def test_a_path_of_this_host_stays_as_it_is(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        " /x",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        "https://evil.example/",
        "data:text/html,x",
        "mail",
        "?x",
        "/a b",
        "/a\\b",
        "/\x00",
        "/" + "a" * 9000,
    ],
)
def test_anything_else_leads_to_the_root(url: str) -> None:
    assert own_path(url) == "/"


@given(st.text(alphabet="/\\:.?#@ \t\nax", max_size=12))
def test_no_text_leads_to_another_origin(url: str) -> None:
    # A browser drops tabs and newlines and reads a backslash as a slash before it resolves (WHATWG URL).
    seen = own_path(url).replace("\t", "").replace("\n", "").replace("\\", "/")
    assert urlsplit(urljoin("https://mail.example.com/", seen)).netloc == "mail.example.com"


@pytest.mark.parametrize(("ahead", "left"), [(1, timedelta(hours=1)), (0, None), (-1, None)])
def test_a_deadline_runs_until_it_is_reached(blocked: View, ahead: int, left: timedelta | None) -> None:
    assert replace(blocked, deadline=blocked.now + timedelta(hours=ahead)).remaining == left


def test_without_a_deadline_none_runs(blocked: View) -> None:
    assert blocked.remaining is None


VIEW = View(Reason.POSTURE_MISSING, "REF", datetime(2026, 12, 9, 9, tzinfo=UTC), host="mail.example.com")
LOOK = Appearance("Example & Sons", "data:image/png;base64,AAAA", "#7a1f5c", "#f0a5d8")
PAGES = Pages(LOOK)


@pytest.mark.parametrize("shown", ["refusal", "warning", "error", "help", "probe", "me"])
def test_every_page_has_name_logo_and_colours(shown: str) -> None:
    pages = {
        "refusal": PAGES.page("refusal", VIEW),
        "warning": PAGES.page("warning", VIEW),
        "error": PAGES.page("error", VIEW),
        "help": PAGES.page("help", VIEW),
        "probe": PAGES.page("probe", VIEW, may_skip=False),
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
    page = Pages().page("refusal", VIEW).html
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
