"""Listed apps by the API: the same facts as on the page."""

from tests.unit.console.api.calling import Caller
from tests.unit.console.apps.test_page import counted
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.callers import vic as vic


async def test_an_app_has_its_counts_its_lists_and_its_trend(firm: Company, vic: Caller) -> None:
    await counted(firm)
    first = (await vic.get("/apps")).body["items"][0]
    assert (first["key"], first["people"], first["devices"], first["week"]) == ("tiktok", 1, 2, 1)
    assert [(each["day"], each["devices"]) for each in first["trend"]] == [
        ("2026-11-23", 1),
        ("2026-12-01", 2),
    ]
    assert [each["rule"] for each in first["kept_out_by"]] == ["prohibited-app", "unproven-handheld"]
    assert first["counted_at"] == NOW.isoformat()
