"""*Now*."""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from tests.servers import PATIENCE
from tests.unit.console.browsing import NOW, ORIGIN, Browser, Company
from tests.unit.console.names import called
from tests.unit.console.now.test_traffic import text
from tests.unit.console.phones import has, record
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, access
from tests.unit.store.test_gates import BEAT

from mailgate.console.devices.rows import catch_up
from mailgate.console.login.sessions import MAX_IDLE
from mailgate.console.now import page as now
from mailgate.console.now.gates import UPDATE_TIME
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, StoreUnavailableError
from mailgate.store.counts import RefusedDay, VerdictKey
from mailgate.store.device_rows import DeviceFilter


async def test_verdicts_and_rules_of_all_gates_are_shown_with_the_requests_behind_them(
    ada: Browser, firm: Company
) -> None:
    rates = firm.context.verdict_rates
    for counted in (text(), text(1200, 30)):
        rates.note({0: counted}, NOW)
    await rates.flush(firm.store.verdicts.add)
    await firm.store.verdicts.add(
        {NOW.replace(second=0): {VerdictKey("block", kind="phone"): 5}}
    )  # another gate
    page = await ada.get("/console/")
    assert "The last 60 minutes: 1,205 refused, 30 got mail." in page.text
    assert "The last 60 minutes: 30 laptop, 1,205 phone." in page.text
    assert 'href="/console/sightings?effect=block"><strong>1,205</strong>' in page.text
    assert "/console/sightings?rule=the+%22rule%22&amp;reason=prohibited-app" in page.text
    for asked, words in (("24h", "24 hours"), ("14d", "14 days"), ("60d", "60 days")):
        assert f"The last {words}: 1,205 refused" in (await ada.get(f"/console/?range={asked}")).text


async def test_devices_are_counted_by_state_and_each_number_leads_to_its_list(ada: Browser) -> None:
    page = await ada.get("/console/")
    for state in ("clean", "listed", "partial", "stale", "asleep", "missing", "lost"):
        assert f'href="/console/devices?state={state}"' in page.text
    assert "3 devices" in page.words


async def test_things_that_need_a_person_are_shown_on_top(ada: Browser, firm: Company) -> None:
    assert "Nothing waits for you." in (await ada.get("/console/")).words
    firm.ready["rules"] = firm.ready["rules"] | {"held": "too many people <b>"}
    page = await ada.get("/console/")
    assert "are held: too many people <b>" in page.words + page.text.replace("&lt;", "<")
    assert "people <b>" not in page.text


async def test_people_without_mail_come_first_each_cause_with_its_list(ada: Browser, firm: Company) -> None:
    assert "Being counted for the first time" in (await ada.get("/console/")).words
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob", age=100), record("c1", "carol"))
    await catch_up(firm.store, firm.bundle, NOW)
    await firm.context.counting.count_if_due()
    page = await ada.get("/console/")
    assert page.words.index("Without mail now") < page.words.index("Waiting for you")
    assert "2 of 3 people with a device have one without mail" in page.words
    assert "We do not know a laptop of any of them." in page.words
    lists = [unescape(each) for each in re.findall(r'href="([^"]+)">(?:TikTok 1|1 person)<', page.text)]
    assert len(lists) == 2
    lost = (
        await firm.store.rows.search(DeviceFilter(name="alice"), 0, 9),
        await firm.store.rows.search(DeviceFilter(name="bob"), 0, 9),
    )
    for path, found in zip(lists, lost, strict=True):
        assert called(await ada.get(path)) == {each.id for each in found.rows}


async def test_people_whose_device_no_source_reports_are_a_cause_of_their_own(
    ada: Browser, firm: Company
) -> None:
    await has(firm, record("a1", "alice", "tiktok"))
    await catch_up(firm.store, firm.bundle, NOW)
    tries = {"alice": BLOCK, "bob": BLOCK, "Bob": BLOCK, "carol": BLOCK, "dan": ALLOW}
    for minute, (user, outcome) in enumerate(tries.items()):
        at = NOW + timedelta(minutes=minute)
        firm.store.ledger.record(replace(access(client=BROWSER, device="", user=user), now=at), outcome)
    for who, at in (("carol", timedelta(minutes=9)), ("eve", -timedelta(days=8))):
        outcome = ALLOW if who == "carol" else BLOCK
        firm.store.ledger.record(replace(access(client=BROWSER, device="", user=who), now=NOW + at), outcome)
    await firm.store.ledger.flush()
    await firm.context.counting.count_if_due()
    page = await ada.get("/console/")
    assert "No source reports the device The last try this week got no mail. 1 person" in page.words
    assert "Nobody, as far as we know." not in page.words


async def test_the_trend_of_refused_people_marks_what_changed_the_rules(ada: Browser, firm: Company) -> None:
    page = await ada.get("/console/")
    assert page.text.count('<svg class="pic ') == 2
    assert 'aria-label="People refused each day from Nov 18 to Dec 1: not counted, ' in page.text
    assert "1 The files started version 1" in page.words
    await firm.store.refused_days._keep(RefusedDay(NOW.date(), 1200, 3, NOW))
    page = await ada.get("/console/")
    assert "1,200 today" in page.words
    assert "Today we also refused 3 clients that we cannot match to a person." in page.words


async def test_past_and_coming_changes_lead_to_pages(ada: Browser, firm: Company) -> None:
    relief = Relief(0, Cause.EXEMPTION, "", "back again", "ada", NOW, NOW + timedelta(days=2), person="ada")
    await firm.store.reliefs.grant(relief, Act(NOW, "ada", "exemption-given", why="back again"))
    page = await ada.get("/console/")
    assert "ada gave an exemption from every rule back again" in page.words
    assert "The exemption of ada ends back again" in page.words
    assert 'href="/console/policy/versions/1">The files started version 1' in page.text


async def test_a_source_that_fails_stands_first_with_what_that_costs(ada: Browser, firm: Company) -> None:
    known = firm.ready["connectors"]["jamf-file"]
    failing = known | {"state": "failing", "trouble": "timeout", "failing_since": NOW.isoformat()}
    firm.ready["connectors"] = {"jamf-file": failing}
    await has(firm, record("a1", "ada", age=20))
    await catch_up(firm.store, firm.bundle, NOW)
    page = await ada.get("/console/")
    assert "If it stays away, 1 device may lose mail within 24 hours" in page.words
    assert 'aria-label="Devices that may lose mail within 24 hours: 1 by ' in page.text


async def test_the_page_is_shown_without_the_store(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise StoreUnavailableError

    monkeypatch.setattr(firm.store.plans, "latest", away)
    monkeypatch.setattr(firm.store.verdicts, "by", away)
    monkeypatch.setattr(firm.store.refused_days, "since", away)
    firm.ready["store"] = "unavailable"
    page = await ada.get("/console/?range=60d")
    assert (page.status, "The database does not answer" in page.words) == (200, True)
    assert "This gate only: the database does not answer" in page.words
    assert "Not available while the database does not answer." in page.words


async def test_every_gate_is_shown_and_a_late_one_needs_a_person(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "No gate has reported yet." in (await ada.get("/console/")).words
    beat = replace(BEAT, number=1, serial=1)
    await firm.store.gates.note(beat)
    await firm.store.gates.note(replace(beat, host="gate-2", serial=0, version="0.0.9"))
    page = await ada.get("/console/")
    assert "gate-1 https://mail.example.com OK version 1" in page.words
    assert "They run different versions of Mailgate" in page.words
    assert "Nothing waits for you." in page.words
    firm.clock.now += UPDATE_TIME
    page = await ada.get("/console/")
    assert "The gate https://mail.example.com on gate-2: it still decides by version 1" in page.words

    async def away(*_: object) -> None:
        raise StoreUnavailableError

    monkeypatch.setattr(firm.store.gates, "last_heartbeats", away)
    assert "Not available while the database does not answer." in (await ada.get("/console/")).words


async def events(browser: Browser, count: int, then: Callable[[], None]) -> list[dict[str, str]]:
    """What a page that stays open is told, as long as there is something; shorter where it ends before.

    ``then``: what happens once it was told something.
    """
    found: list[dict[str, str]] = []
    async with asyncio.timeout(PATIENCE), browser.session.get(f"{ORIGIN}/console/now/stream") as answer:
        assert answer.content_type == "text/event-stream"
        async for line in answer.content:
            if line.startswith(b"data: "):
                found.append(json.loads(line[6:]))
                if len(found) == 1:
                    then()
            if len(found) == count:
                break
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(now, "REFRESH_SECONDS", 0.01)


async def test_a_page_that_stays_open_is_told_what_changed_and_only_that(
    ada: Browser, firm: Company, quick: None
) -> None:
    told = await events(ada, 2, lambda: firm.ready.update(store="unavailable"))
    assert set(told[0]) == set(now.PARTS)
    assert set(told[1]) == {"needs", "devices"}
    assert "The database does not answer" in told[1]["needs"]


async def test_an_open_page_is_told_nothing_more_once_its_session_has_ended(
    ada: Browser, firm: Company, quick: None
) -> None:
    told = await events(ada, 99, lambda: firm.roles(lin="operator"))
    assert len(told) == 1


async def test_an_open_page_does_not_keep_its_session_alive(ada: Browser, firm: Company, quick: None) -> None:
    def wait() -> None:
        firm.clock.now += MAX_IDLE

    await events(ada, 99, wait)
    assert (await ada.get("/console/")).path.startswith("/console/login")


async def test_only_so_many_pages_are_kept_up_to_date(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(now, "STREAMS", asyncio.Semaphore(0))
    assert (await ada.get("/console/now/stream")).status == 503
