"""*Connectors*."""

import asyncio
import re
from datetime import timedelta
from html import unescape

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.names import called
from tests.unit.console.phones import has, record

from mailgate.console.connectors.reading import SourceReading
from mailgate.console.connectors.sources import COUNTED_AGAIN_AFTER
from mailgate.console.devices.rows import catch_up
from mailgate.store import device_rows


async def test_each_is_shown_with_how_it_fares(vic: Browser, firm: Company) -> None:
    firm.ready["connectors"]["jamf-file"] |= {"state": "failing", "trouble": "timeout"}
    page = await vic.get("/console/connectors")
    assert "Failing jamf-file file" in page.words
    assert "It does not answer in time" in page.words
    assert "Read everything now" not in page.words
    firm.ready["connectors"]["jamf-file"] |= {"state": "ok", "trouble": ""}


def shown(firm: Company, **changes: object) -> None:
    known = firm.ready["connectors"]["jamf-file"]
    firm.ready["connectors"] = {"jamf-file": known | changes}


async def test_a_trouble_is_shown_with_its_own_time_and_the_next_try(vic: Browser, firm: Company) -> None:
    shown(
        firm,
        state="failing",
        trouble="login-refused",
        status=401,
        trouble_since=(NOW - timedelta(minutes=1)).isoformat(),
        failing_since=(NOW - timedelta(hours=3)).isoformat(),
        next_attempt=(NOW + timedelta(minutes=14)).isoformat(),
    )
    page = await vic.get("/console/connectors")
    assert "It refuses our password (HTTP 401 Unauthorized), since today, 11:59 AM UTC" in page.words
    assert "Failing since Today, 9:00 AM UTC" in page.words
    assert "Next read Today, 12:14 PM UTC" in page.words


async def test_who_may_lose_mail_is_told_with_its_number_and_a_picture(
    vic: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown(firm, state="failing", trouble="timeout", failing_since=NOW.isoformat())
    words = (await vic.get("/console/connectors")).words
    assert "No report of a device that gets mail runs out within 24 hours." in words
    await has(firm, record("a1", "ada", age=20), record("b1", "bob", age=21))
    await catch_up(firm.store, firm.bundle, NOW)
    assert "No report of a device" in (await vic.get("/console/connectors")).words  # counted a moment ago
    firm.clock.now += COUNTED_AGAIN_AFTER
    page = await vic.get("/console/connectors")
    assert (
        "If it stays away, 2 devices may lose mail within 24 hours, the first today, 11:00 PM UTC"
        in page.words
    )
    assert page.text.count('<svg class="pic cap"') == 1
    assert called(await vic.get(unescape(re.findall(r'href="([^"]+source=jamf[^"]+)"', page.text)[0])))
    monkeypatch.setattr(device_rows, "COUNTED", 1)
    firm.clock.now += COUNTED_AGAIN_AFTER
    assert "at least 1 device may lose mail" in (await vic.get("/console/connectors")).words


async def test_a_source_that_lets_wait_is_shown_with_the_next_question(vic: Browser, firm: Company) -> None:
    until = (NOW + timedelta(minutes=2)).isoformat()
    shown(firm, state="reading", running_since=NOW.isoformat(), retrying="throttled", retry_at=until)
    page = await vic.get("/console/connectors")
    assert "Read for the first time jamf-file" in page.words
    assert ": it asks to wait again and again, next try: today, 12:02 PM UTC" in page.words


async def test_devices_of_which_less_is_seen_are_told_before_that_counts(vic: Browser, firm: Company) -> None:
    shown(firm, narrowed=7, narrows_at=(NOW + timedelta(hours=1)).isoformat())
    page = await vic.get("/console/connectors")
    assert "It saw every app on 7 devices. Now it sees only some" in page.words
    assert "this counts from today, 1:00 PM UTC" in page.words
    assert "mailgate connectors sync jamf-file --dry-run" in page.words


async def test_an_operator_reads_one_now_and_sees_what_came_of_it(ada: Browser, firm: Company) -> None:
    page = await ada.post("/console/connectors/jamf-file/sync", full="yes")
    assert page.path == "/console/connectors"
    await asyncio.sleep(0)
    assert firm.read == [("jamf-file", True)]
    assert "3 records" in (await ada.get("/console/connectors")).words
    assert (await firm.acts())[-1] == ("connector-read", "ada", "connector jamf-file")


async def test_a_running_sync_shows_its_progress_and_is_not_begun_again(ada: Browser, firm: Company) -> None:
    firm.context.readings.last["jamf-file"] = SourceReading("lin", NOW, 1000, 4000)
    page = await ada.post("/console/connectors/jamf-file/sync")
    assert '<progress max="4000" value="1000"' in page.text
    assert "1,000 of 4,000 records" in page.words
    assert (firm.read, (await firm.acts())[-1][0]) == ([], "console-login")


async def test_an_unknown_connector_is_not_read(ada: Browser, firm: Company) -> None:
    assert (await ada.post("/console/connectors/none/sync")).status == 404
    assert firm.read == []


async def test_without_one_it_is_said_how_to_get_one(ada: Browser, firm: Company) -> None:
    known = firm.bundle.settings.model_copy(update={"connectors": {}})
    object.__setattr__(firm.bundle, "settings", known)
    assert "docs/connectors.md" in (await ada.get("/console/connectors")).words
