"""A login leads on to places of the console alone."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from mailgate.console.inside import own, too_many


@pytest.mark.parametrize("path", ["/console/", "/console/audit?who=ada", "/console/policy#x"])
def test_a_place_of_the_console_is_kept(path: str) -> None:
    assert own(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://elsewhere.example.com/console/",
        "//elsewhere.example.com",
        "/console//elsewhere.example.com",
        "/readyz",
        "/console",
        "/consoles/",
        "/console/\\x",
        "/console/\r\nSet-Cookie: x=y",
        "/console/\t",
        "\\/console/",
        " /console/",
        "javascript:alert(1)//console/",
    ],
)
def test_every_other_is_not(path: str) -> None:
    assert own(path) == ""


@given(st.text(max_size=60))
def test_nothing_leads_elsewhere(text: str) -> None:
    for path in (own(text), own(f"/console/{text}")):
        if path:
            joined = URL("https://console.example.com/console/login").join(URL(path))
            assert joined.host == "console.example.com"


def test_a_wait_is_said_in_whole_minutes() -> None:
    assert too_many(timedelta(seconds=1)).endswith("in 1 minute.")
    assert too_many(timedelta(seconds=61)).endswith("in 2 minutes.")
