"""What every page shows."""

import inspect
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from tests.integration.gate import PHONE_RULES
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import asks, has, record

from mailgate.console.nouns import menu
from mailgate.console.site import ROUTES
from mailgate.rollout.person import Person
from mailgate.rollout.reliefs import break_glass, exempt
from mailgate.store import HelpRequest

ENTRIES = [entry for _, entries in menu() for entry in entries]


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


TITLED = {"rules": [rule | {"title": "No prohibited app"} for rule in PHONE_RULES["rules"]]}
ON_PAGES = [
    "/console/",
    "/console/policy",
    "/console/policy/rules/prohibited-app",
    "/console/notices",
    "/console/notices/1/enforced?rule=prohibited-app",
    "/console/help",
    "/console/exemptions",
    "/console/sightings",
    "/console/explain?reference=REF2345",
    "/console/people?login=alice",
]
IN_CODE = re.compile(
    r'<(head|code|option|script)\b.*?</\1>|<span class="hidden">.*?</span>|<[^>]*>', re.DOTALL
)


async def test_a_rule_with_a_title_is_called_by_its_id_in_code_alone(firm: Company, ada: Browser) -> None:
    firm.bundle = replace(firm.bundle, rules=firm.candidate(json.dumps(TITLED)))
    phones = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phones[0], "alice")
    why = HelpRequest(
        "prohibited-app", "alice", "alice", "", "prohibited-app", "REF2", "p", True, 1, NOW, NOW
    )
    await firm.store.help_requests.note(why)
    lin, until = Person("lin", "here"), NOW + timedelta(days=1)
    policy = firm.bundle.policy
    await exempt(
        firm.store, policy, lin, "a new phone", NOW, rule="prohibited-app", until=until, person="bob"
    )
    await break_glass(firm.store, policy, lin, "too many", NOW, rule="unproven-handheld", until=until)
    ids = [rule["id"] for rule in PHONE_RULES["rules"]]
    found = {}
    for path in [*ON_PAGES, f"/console/devices/{phones[0].id}"]:
        said = IN_CODE.sub(" ", (await ada.get(path)).text)
        found[path] = [each for each in ids if each in said]
    assert {path: each for path, each in found.items() if each} == {}
