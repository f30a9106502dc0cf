from dataclasses import replace
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailgate.gateway.pages import View
from mailgate.gateway.pages.view import own_path


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
