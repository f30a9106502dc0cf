"""What every page shows."""

import re

import pytest
from tests.unit.console.browsing import Browser

from mailgate.console.nouns import NOUNS

MENU = [noun for noun in NOUNS if noun.menu]


@pytest.mark.parametrize(
    ("path", "words"),
    [("/console/", "Now"), ("/console/devices", "Devices"), ("/console/policy/versions/1", "Policy"),
     ("/console/audit/verify", "Audit")],
)  # fmt: skip
async def test_the_menu_says_where_one_is(ada: Browser, path: str, words: str) -> None:
    page = await ada.get(path)
    assert re.findall(r'aria-current="page">([^<]+)<', page.text) == [words]
    assert all(f">{noun.menu}</a>" in page.text for noun in MENU)


async def test_every_page_of_the_menu_has_one_heading_and_its_own_title(vic: Browser) -> None:
    titles = set()
    for noun in MENU:
        page = await vic.get("/console/" + {"now": "", "help_requests": "help"}.get(noun.entry, noun.entry))
        assert page.status == 200
        assert page.text.count("<h1") == 1
        titles |= set(re.findall(r"<title>(.*)</title>", page.text))
    assert len(titles) == len(MENU)


async def test_every_page_shows_the_admin_and_their_roles(vic: Browser) -> None:
    assert re.search(r"vic\s+viewer", (await vic.get("/console/")).words)
