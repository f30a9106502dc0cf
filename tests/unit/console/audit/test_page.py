"""*Audit*."""

import csv
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import text
from tests.unit.console.browsing import NOW, Browser, Company

from mailgate.console.audit import page as audit
from mailgate.store import Act
from mailgate.store.looks import DataLook

LOOKS = (
    DataLook(NOW, "lin", "operator", "console at gate-1", "people", "bo"),
    DataLook(
        NOW - timedelta(days=1), "vic", "", "api at desk", "devices list", sought="app=tiktok", number=1713
    ),
)


async def some(firm: Company) -> None:
    for number in range(3):
        act = Act(NOW, "lin", "policy-approved", f"plan {number}", '=HYPERLINK("x")', details={"n": number})
        await firm.store.audit.append(act)


@pytest.mark.parametrize(
    ("asked", "shown", "hidden"),
    [
        ("", ["plan 0", "first start", "console-login"], []),
        ("?who=lin", ["plan 0", "plan 2"], ["first start"]),
        ("?sought=policy-app", ["plan 1"], ["first start"]),
        ("?sought=PLAN+2", ["plan 2"], ["plan 1"]),
        ("?sought=first", ["first start"], ["plan 1"]),
        ("?sought=%25", ["No entry matches"], ["plan 1"]),
    ],
)
async def test_entries_are_found_by_who_and_what(
    vic: Browser, firm: Company, asked: str, shown: list[str], hidden: list[str]
) -> None:
    await some(firm)
    page = await vic.get(f"/console/audit{asked}")
    assert [each for each in shown if each not in page.words] == []
    assert [each for each in hidden if each in page.words] == []


@pytest.fixture
async def january(firm: Company, opened: Callable[[], Awaitable[Browser]]) -> Browser:
    """A browser in January, after ``some`` in December and one act on New Year's Day."""
    await some(firm)
    firm.clock.now = datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC)
    await firm.store.audit.append(Act(firm.clock.now, "lin", "policy-planned", "plan 9"))
    browser = await opened()
    await browser.log_in("vic")
    return browser


async def test_last_month_is_one_click_with_its_count_and_its_export(january: Browser, firm: Company) -> None:
    page = await january.get("/console/audit")
    links = dict(re.findall(r'<a href="([^"]+)">([^<]+ month: [^<]+)</a>', page.text))
    last, this = map(unescape, links)
    assert list(links.values()) == ["Last month: 4 entries", "This month: 2 entries"]
    assert last == "/console/audit?since=2026-12-01&until=2026-12-31"
    page = await january.get(last)
    assert ("plan 2" in page.words, "plan 9" in page.words, page.text.count("<tr><td ")) == (True, False, 4)
    (lines,) = re.findall(r'href="([^"]+jsonl[^"]*)"', page.text)
    exported = (await january.get(unescape(lines))).text.splitlines()
    assert [json.loads(each)["number"] for each in exported] == [1, 2, 3, 4]
    assert "plan 9" in (await january.get(this)).words
    firm.clock.now += timedelta(days=90)
    again = await january.log_in("vic", next="/console/audit")
    assert "Last month: no entry" in again.words


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("since=2027-01-01", [5, 6]),
        ("until=2026-12-01", [1, 2, 3, 4]),
        ("who=lin&since=2026-12-01", [2, 3, 4, 5]),
        ("who=lin&since=2026-12-02", [5]),
        ("sought=plan+2&until=2026-12-31", [4]),
        ("since=2026-12-02&until=2026-12-31", []),
        ("since=2027-01-01&until=2026-12-01", []),
        ("since=0001-01-01&until=9999-12-31", [1, 2, 3, 4, 5, 6]),
    ],
)
async def test_page_and_export_agree_on_a_time_and_a_person(
    january: Browser, asked: str, numbers: list[int]
) -> None:
    shown = re.findall(
        r'<tr><td class="num" data-th="No."><div>(\d+)<', (await january.get(f"/console/audit?{asked}")).text
    )
    exported = (await january.get(f"/console/audit/export.jsonl?{asked}")).text.splitlines()
    assert [*map(int, shown)][::-1] == [json.loads(each)["number"] for each in exported] == numbers


async def test_whoever_could_have_acted_is_offered_by_name(vic: Browser) -> None:
    offered = re.findall(r'<option value="(\w+)">', (await vic.get("/console/audit")).text)
    assert offered == ["ada", "ann", "file", "gate", "lin", "vic"]


@pytest.mark.parametrize(
    "asked", ["since=yesterday", "until=2026-13-01", "since=2026-W01-1", "since=20261201"]
)
async def test_a_text_that_is_no_day_is_refused_and_not_passed_over(vic: Browser, asked: str) -> None:
    for page in ("audit", "audit/export.csv"):
        told = await vic.get(f"/console/{page}?{asked}")
        assert (told.status, "use one like 2026-11-30" in told.words) == (422, True)


async def test_older_entries_are_one_page_further(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SIZE", 2)
    await some(firm)
    assert "before=4" in (await ada.get("/console/audit")).text
    page = await ada.get("/console/audit?before=4")
    assert "plan 0" in page.words
    assert "plan 1" not in page.words


async def test_a_log_that_is_whole_is_said_to_be_with_its_head(ada: Browser, firm: Company) -> None:
    page = await ada.get("/console/audit/verify")
    assert "It is intact: 2 entries" in page.words
    assert str(await firm.store.audit.head()) in page.words


async def test_an_entry_that_was_edited_is_named(ada: Browser, firm: Company) -> None:
    async with firm.store._database.writing() as connection:
        for (name,) in (
            await connection.execute(text("SELECT name FROM sqlite_master WHERE type='trigger'"))
        ).all():
            await connection.execute(text(f"DROP TRIGGER {name}"))
        await connection.execute(text("UPDATE audit SET who = 'eve' WHERE number = 1"))
    page = await ada.get("/console/audit/verify")
    assert "Entry 1 " in page.words
    assert "It is whole" not in page.words


async def test_the_log_can_be_taken_away_for_spreadsheets_and_for_programs(
    ada: Browser, firm: Company
) -> None:
    await some(firm)
    page = await ada.get("/console/audit/export.csv")
    assert page.headers["Content-Disposition"] == 'attachment; filename="mailgate-audit.csv"'
    assert page.text.startswith("\ufeff"), "by this a spreadsheet knows that it is UTF-8"
    rows = list(csv.reader(page.text.lstrip("\ufeff").splitlines()))
    assert (len(rows), rows[0][:3], rows[-1][2]) == (6, ["number", "at", "who"], "lin")
    assert rows[-1][5].startswith("'=")
    lines = [json.loads(each) for each in (await ada.get("/console/audit/export.jsonl")).text.splitlines()]
    assert [each["number"] for each in lines] == [1, 2, 3, 4, 5]
    assert (await ada.get("/console/audit/export.exe")).status == 404


async def test_a_look_for_words_that_found_none_offers_to_look_on(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.store.audit.WINDOW", 2)
    await some(firm)
    page = await ada.get("/console/audit?sought=first+start")
    assert "No match among the entries that were searched so far, back to number 4" in page.words
    assert "Search further" in page.words
    assert "first start" in (await ada.get("/console/audit?sought=first+start&before=2")).words


@pytest.mark.parametrize(
    ("asked", "shown", "hidden"),
    [
        ("", ["bo", "app=tiktok", "a list of 1,713", " Person ", " Devices "], ["Earlier looks"]),
        ("?who=lin", ["operator", "bo"], ["app=tiktok"]),
        ("?whom=BO", ["lin"], ["app=tiktok"]),
        ("?since=2026-12-02", ["No look matches."], ["app=tiktok"]),
        ("?until=2026-12-01", ["app=tiktok", "bo"], []),
    ],
)
async def test_looks_are_found_by_reader_whom_and_day(
    vic: Browser, firm: Company, asked: str, shown: list[str], hidden: list[str]
) -> None:
    for look in LOOKS:
        firm.store.look_queue.note(look)
    await firm.store.look_queue.flush()
    page = (await vic.get(f"/console/audit/looks{asked}")).text.partition("<tbody>")
    words = re.sub("<[^>]+>", " ", page[2] or page[0])
    assert [each for each in shown if each not in words] == []
    assert [each for each in hidden if each in words] == []


async def test_more_looks_than_a_page_has_follow_on_the_next(
    vic: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SIZE", 1)
    for look in LOOKS:
        firm.store.look_queue.note(look)
    await firm.store.look_queue.flush()
    page = await vic.get("/console/audit/looks?until=2026-11-30")
    further = re.search(r'href="([^"]+)">Earlier looks', page.text)
    assert further
    assert "No look matches." in (await vic.get(unescape(further[1]))).words
