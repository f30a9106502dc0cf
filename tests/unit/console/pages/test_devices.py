"""Looking for devices."""

import re

import pytest
from tests.unit.console.browsing import Browser, Company
from tests.unit.console.pages.names import called
from tests.unit.console.phones import has, record

from mailgate.console.pages import devices
from mailgate.console.pages.devices import number
from mailgate.model import Kind


@pytest.fixture
async def some(firm: Company) -> dict[str, str]:
    """Devices by their owners."""
    found = await has(
        firm,
        record("a1", "ada", "tiktok"),
        record("b1", "bob"),
        record("b2", "bob-the-second", kind=Kind.LAPTOP),
        record("c1", "cy", age=100),
    )
    await firm.store.devices.lose(found[3].id, firm.clock())
    return dict(zip(("ada", "bob", "second", "cy"), (each.id for each in found), strict=True))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["ada", "bob", "cy", "second"]),
        ("name=bob", ["bob", "second"]),
        ("name=BOB-the", ["second"]),
        ("name=serial-a1", ["ada"]),
        ("state=listed", ["ada"]),
        ("state=clean", ["bob", "second"]),
        ("state=clean&kind=laptop", ["second"]),
        ("state=stale", ["cy"]),
        ("state=lost", ["cy"]),
        ("state=missing", []),
        ("kind=phone", ["ada", "bob", "cy"]),
        ("app=tiktok", ["ada"]),
        ("app=tiktok&name=bob", []),
        ("state=of+mind&kind=kind&app=none", ["ada", "bob", "cy", "second"]),
    ],
)
async def test_devices_are_found_by_all_that_is_asked(
    ada: Browser, some: dict[str, str], asked: str, found: list[str]
) -> None:
    page = await ada.get(f"/console/devices?{asked}")
    assert sorted(who for who, name in some.items() if name in page.text) == found
    assert ("No device is like this" in page.words) is not bool(found)


async def test_a_device_is_found_by_its_id_as_people_type_it(ada: Browser, some: dict[str, str]) -> None:
    typed = some["ada"].replace("-", "").upper()
    assert called(await ada.get(f"/console/devices?name={typed}")) == {some["ada"]}


async def test_pages_lead_through_all_of_them_once(
    ada: Browser, some: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "SIZE", 2)
    path, seen = "/console/devices", list[str]()
    while path:
        page = await ada.get(path)
        seen += called(page)
        more = re.search(r'href="([^"]*after=[^"]*)"', page.text)
        path = more[1].replace("&amp;", "&") if more else ""
    assert sorted(seen) == sorted(some.values())


async def test_where_there_are_none_it_is_said_what_to_do_first(ada: Browser) -> None:
    assert "Set up a connector" in (await ada.get("/console/devices")).words


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "٣", "9" * 30])
def test_what_is_no_number_in_an_address_is_nothing(text: str) -> None:
    assert number(text) == 0
