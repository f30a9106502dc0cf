"""Choosing the language of the console."""

from collections.abc import Awaitable, Callable

import pytest
from tests.unit.console.browsing import Browser

Opened = Callable[[], Awaitable[Browser]]


async def test_a_language_is_chosen_before_the_login(opened: Opened) -> None:
    browser = await opened()
    page = await browser.send("/console/language", lang="de", to="/console/login?next=/console/apps")
    assert page.path == "/console/login?next=/console/apps"
    assert "Anmelden" in page.words
    back = await browser.send("/console/language", lang="en", to=page.path)
    assert "Log in" in back.words


@pytest.mark.parametrize("to", ["https://elsewhere.example.com/", "//elsewhere.example.com/", "/metrics", ""])
async def test_a_chosen_language_leads_to_the_console_alone(ada: Browser, to: str) -> None:
    assert (await ada.post("/console/language", lang="de", to=to)).path == "/console/"


@pytest.mark.parametrize("tag", ["", "xx", "fr", "../de"])
async def test_an_unknown_language_is_refused(ada: Browser, tag: str) -> None:
    assert (await ada.post("/console/language", lang=tag, to="/console/")).status == 404


async def test_the_others_are_offered_on_pages_that_can_be_asked_for_again(ada: Browser) -> None:
    page = await ada.get("/console/devices?kind=phone")
    assert '<input type="hidden" name="to" value="/console/devices?kind=phone">' in page.text
    assert 'value="de" lang="de">Deutsch</button>' in page.text
    answer = await ada.post("/console/enrolment", uses="0")
    assert answer.status == 422
    assert 'action="/console/language"' not in answer.text
