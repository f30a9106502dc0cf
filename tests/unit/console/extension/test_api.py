"""The browsers of a company by the API."""

from datetime import timedelta

import pytest
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic
from tests.unit.store.people import read_mail
from tests.unit.store.test_fleet import a_browser


@pytest.fixture
async def some(firm: Company) -> Company:
    await firm.store.enrolments.take(
        [a_browser("ada", NOW), a_browser("bob"), a_browser("cy", NOW - timedelta(days=9), machine="LT-9")]
    )
    await read_mail(firm.store, "bob@example.com", NOW)
    return firm


async def test_the_fleet_is_counted(vic: Caller, some: Company) -> None:
    told = (await vic.get("/extension")).body
    assert (told["browsers"], told["day"], told["silent_since"]) == (3, 2, "2026-11-28T12:00:30+00:00")
    assert {each["name"] for each in told["states"] if each["browsers"]} == {"reporting", "missing", "silent"}


@pytest.mark.parametrize(
    ("query", "people"),
    [("", "ABC"), ("?state=missing", "B"), ("?name=lt-9&heard=before", "C"), ("?installed=normal", "")],
)
async def test_browsers_are_listed_and_exported_alike(
    vic: Caller, some: Company, query: str, people: str
) -> None:
    items = (await vic.get(f"/extension/browsers{query}")).body["items"]
    assert "".join(each["person"][0] for each in items) == people
    told = await vic.get(f"/extension/browsers.csv{query}")
    assert told.headers["Content-Disposition"] == 'attachment; filename="mailgate-browsers.csv"'
    head, *rows = str(told.body).removeprefix("\ufeff").splitlines()
    assert head.startswith("person,computer,computer_proven,state,reported_at,")
    assert "".join(row[0] for row in rows) == people


async def test_browsers_come_a_page_at_a_time(vic: Caller, some: Company) -> None:
    first = (await vic.get("/extension/browsers?limit=2")).body
    assert first["next"] == "key-bob bob@example.com"
    rest = (await vic.get("/extension/browsers?limit=2&after=key-bob%20bob@example.com")).body
    assert ([each["key"] for each in rest["items"]], rest["next"]) == (["key-cy"], None)


@pytest.mark.parametrize("query", ["state=clean", "heard=ever", "installed=yes", "limit=0", "sort=person"])
async def test_a_word_that_is_not_understood_lists_nothing(vic: Caller, query: str) -> None:
    assert (await vic.get(f"/extension/browsers?{query}")).status == 422


async def test_people_without_the_extension_are_listed(vic: Caller, some: Company) -> None:
    await read_mail(some.store, "dan", NOW, browser="Safari", os="macos")
    told = (await vic.get("/extension/people")).body
    assert told["items"] == [
        {"person": "dan", "os": "macos", "browser": "Safari", "asked_at": NOW.isoformat()}
    ]
