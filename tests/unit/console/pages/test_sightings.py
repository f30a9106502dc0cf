"""The requests behind a number."""

from datetime import timedelta

import pytest
from tests.unit.console.browsing import Browser, Company
from tests.unit.console.phones import asks, has, record


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
