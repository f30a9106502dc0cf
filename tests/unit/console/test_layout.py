"""What every page shows."""

import inspect
import re
from typing import Any

import pytest
from aiohttp import web
from tests.unit.console.browsing import Browser

from mailgate.console.nouns import MENU
from mailgate.console.site import ROUTES

ENTRIES = [entry for _, entries in MENU for entry in entries]


@pytest.mark.parametrize(
    ("path", "words"),
    [("/console/", "Overview"), ("/console/devices", "People"), ("/console/policy/versions/1", "Rules"),
     ("/console/audit/verify", "Audit log")],
)  # fmt: skip
async def test_the_menu_says_where_one_is(ada: Browser, path: str, words: str) -> None:
    page = await ada.get(path)
    assert re.findall(r'aria-current="page">.*?<span>([^<]+)<', page.text) == [words]
    assert all(f"<span>{entry.words}</span>" in page.text for entry in ENTRIES)


async def test_every_page_of_the_menu_has_one_heading_and_its_own_title(vic: Browser) -> None:
    titles = set()
    addresses = set(
        re.findall(r'<a href="(/console/[^"#]*)"', (await vic.get("/console/")).text.partition("</nav>")[0])
    )
    assert len(addresses) == len(ENTRIES)
    for address in addresses:
        page = await vic.get(address)
        assert page.status == 200
        assert page.text.count("<h1") == 1
        titles |= set(re.findall(r"<title>(.*)</title>", page.text))
    assert len(titles) == len(addresses)


async def test_every_page_shows_the_admin_and_their_roles(vic: Browser) -> None:
    assert re.search(r"vic\s+viewer", (await vic.get("/console/")).words)


POSTS = [each for each in ROUTES if isinstance(each, web.RouteDef) and each.method == "POST" and each.path not in ("/login", "/logout")]  # fmt: skip


def written(handler: Any) -> Any:
    """The function of a page, without what checks the role before it."""
    inside = [
        each.cell_contents for each in handler.__closure__ or () if inspect.isfunction(each.cell_contents)
    ]
    return written(inside[0]) if inside else handler


def names_in(called: Any, seen: set[str]) -> set[str]:
    """The names that a function uses, and those that functions of the same module use for it."""
    function = written(called)
    for name in {*function.__code__.co_names} - seen:
        seen.add(name)
        used = function.__globals__.get(name)
        if inspect.isfunction(used) and written(used).__module__ == function.__module__:
            names_in(used, seen)
    return seen


@pytest.mark.parametrize("route", POSTS, ids=lambda each: each.path)
def test_no_act_leads_to_another_page_without_a_message(route: web.RouteDef) -> None:
    """``Browser.post`` holds each act of these tests against the same law."""
    used = names_in(route.handler, set())
    assert len(used) > 3, "what is looked at is the page itself"
    assert used & {"redirect_after", "say_on_next_page", "say_given"} or not used & {
        "redirect_to",
        "redirect_back",
    }
