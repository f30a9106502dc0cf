"""The requests behind a number."""

import re
from datetime import timedelta
from html import unescape

import pytest
from tests.unit.console.browsing import Browser, Company
from tests.unit.console.phones import asks, has, record

from mailgate.console.explain import sightings_page as sightings


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", True),
        ("rule=prohibited-app&reason=prohibited-app", True),
        ("effect=block&user=alice", True),
        ("rule=another", False),
        ("kind=phone", True),
        ("kind=laptop", False),
        ("effect=allow", False),
        ("user=bob", False),
    ],
)
async def test_requests_are_found_by_what_was_decided(
    ada: Browser, firm: Company, asked: str, shown: bool
) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    page = await ada.get(f"/console/sightings?{asked}")
    assert ("REF2345" in page.words) is shown
    firm.clock.now += timedelta(hours=3)
    await ada.log_in("ada")
    assert "REF2345" not in (await ada.get(f"/console/sightings?{asked}")).words


async def test_earlier_requests_are_one_page_further(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "SIZE", 2)
    phones = await has(firm, *(record(f"a{n}", "alice", "tiktok") for n in range(3)))
    for number, phone in enumerate(phones):
        await asks(firm, phone, "alice", f"REF{number}")
    page, shown = await ada.get("/console/sightings?rule=prohibited-app"), []
    while further := re.search(r'href="([^"]+)">Earlier requests', page.text):
        shown += re.findall(r"REF\d", page.words)
        page = await ada.get(unescape(further[1]))
    assert sorted([*shown, *re.findall(r"REF\d", page.words)]) == ["REF0", "REF1", "REF2"]


async def test_a_look_that_found_none_offers_to_look_on(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.store.sightings.WINDOW", 1)
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    page = await ada.get("/console/sightings?effect=allow")
    assert "No match among those searched so far." in page.words
    assert "Search further" in page.words
