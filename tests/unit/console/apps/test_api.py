"""Listed apps: who has which, and where to see them, by the API and on the page of its answer."""

from collections.abc import Callable
from datetime import timedelta

from tests.admins import token
from tests.unit.console.api.calling import Caller
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.callers import calling as calling
from tests.unit.console.phones import has, record

from mailgate.console.apps.facts import count_apps
from mailgate.console.devices.rows import catch_up
from mailgate.store.counts import AppDay


async def counted(firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "alice", "tiktok"), record("c1", "cy"))
    await catch_up(firm.store, firm.bundle, NOW)
    before = NOW - timedelta(days=8)
    await firm.store.app_counts.keep([AppDay(before.date(), "tiktok", 1, 1, 0, 0, before)])
    await count_apps(firm.store, ["tiktok"], NOW)


async def test_an_app_shows_its_people_its_list_and_its_trend(firm: Company, vic: Browser) -> None:
    await counted(firm)
    page = await vic.get("/console/apps")
    assert "TikTok" in page.words
    assert "Prohibited 1 people have TikTok 2 devices have TikTok +1" in page.words
    assert 'aria-label="1 to 2 devices since 2026-11-23"' in page.text
    assert 'href="/console/devices?app=tiktok"' in page.text


async def test_before_the_first_count_no_number_is_made_up(vic: Browser) -> None:
    page = await vic.get("/console/apps")
    assert "We are counting them for the first time" in page.words
    assert "not yet not yet" in page.words


async def test_an_app_has_its_counts_its_lists_and_its_trend(
    firm: Company, calling: Callable[[str], Caller]
) -> None:
    await counted(firm)
    first = (await calling(token("vic")).get("/apps")).body["items"][0]
    assert (first["key"], first["people"], first["devices"], first["week"]) == ("tiktok", 1, 2, 1)
    assert [(each["day"], each["devices"]) for each in first["trend"]] == [
        ("2026-11-23", 1),
        ("2026-12-01", 2),
    ]
    assert [each["rule"] for each in first["kept_out_by"]] == ["prohibited-app", "unproven-handheld"]
    assert first["counted_at"] == NOW.isoformat()
