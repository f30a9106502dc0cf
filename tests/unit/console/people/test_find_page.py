"""The search of every page."""

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import asks, has, record

from mailgate.devices.device import Device
from mailgate.store import HelpRequest


@pytest.fixture
async def phone(firm: Company) -> Device:
    found, *_ = await has(firm, record("a1", "amber.anchor", "tiktok"), record("b1", "bob.boat"))
    await asks(firm, found, "amber.anchor")
    return found


@pytest.mark.parametrize(
    "typed",
    ["amber.anchor", "Amber", "anchor", "nch", " amber.anchor@example.com ", "AMBER.ANCHOR"],
)
async def test_a_person_is_found_by_a_part_of_the_name_or_the_address(
    vic: Browser, phone: Device, typed: str
) -> None:
    assert (await vic.get("/console/find", params={"q": typed})).path == "/console/people?login=amber.anchor"


async def test_a_device_is_found_by_its_id_its_serial_number_and_their_beginnings(
    vic: Browser, phone: Device
) -> None:
    for typed in (phone.id, phone.id[:6], phone.id.replace("-", "").upper(), "serial-a1", "SERIAL-A", "a1"):
        assert (await vic.get("/console/find", params={"q": typed})).path == f"/console/devices/{phone.id}", (
            typed
        )


@pytest.mark.parametrize("typed", ["REF2345", "ref2345"])
async def test_a_decision_is_found_by_its_reference_in_any_case(
    vic: Browser, phone: Device, typed: str
) -> None:
    assert (await vic.get("/console/find", params={"q": typed})).path == "/console/explain?reference=REF2345"


async def test_a_help_request_is_found_by_its_first_help_number(
    vic: Browser, firm: Company, phone: Device
) -> None:
    await firm.store.help_requests.note(
        HelpRequest("r", "bob.boat", "bob.boat", "", "posture-stale", "OLDREF", "p", True, 1, NOW, NOW)
    )
    assert (await vic.get("/console/find?q=oldref")).path == "/console/people?login=bob.boat"


async def test_a_search_with_several_matches_lists_them(vic: Browser, phone: Device) -> None:
    page = await vic.get("/console/find?q=b")
    assert page.status == 200
    assert "bob.boat" in page.words
    assert "amber.anchor" in page.words


@pytest.mark.parametrize("typed", ["nobody", "%", "_", "\\", "'--", "<script>", "\0", "a" * 256])
async def test_a_search_without_a_match_says_so(vic: Browser, phone: Device, typed: str) -> None:
    page = await vic.get("/console/find", params={"q": typed})
    assert (page.status, "No person, device or reference matches this." in page.words) == (200, True)


@pytest.mark.parametrize("path", ["", "devices", "audit", "nothing"])
async def test_the_box_stands_on_every_page(vic: Browser, path: str) -> None:
    assert 'action="/console/find"' in (await vic.get(f"/console/{path}")).text
