"""The queue of those who asked for help."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import asks, has, record

from mailgate.console.people import help_page as help_requests
from mailgate.store import HelpRequest
from mailgate.store.help_requests import NOT_THEIRS

ALICE = HelpRequest(
    "prohibited-app", "alice", "alice", "d1", "prohibited-app", "REF1", "p", True, 2, NOW, NOW
)
BOB = replace(
    ALICE, rule="unproven-handheld", subject="bob", person="bob", reference="REF2", reason="posture-stale"
)


@pytest.fixture(autouse=True)
async def asked(firm: Company) -> None:
    for each in (
        ALICE,
        BOB,
        replace(BOB, subject="REF3", person="", device="", reference="REF3", known=False),
    ):
        await firm.store.help_requests.note(each)


async def test_waiting_requests_are_counted_by_rule_and_listed_by_cause(vic: Browser) -> None:
    page = await vic.get("/console/help")
    assert "2 requests: unproven-handheld" in page.words
    assert "alice An app on this device is not allowed with company mail (rule prohibited-app )" in page.words
    assert "not known The last report on this device is too old" in page.words
    assert "alice" not in (await vic.get("/console/help?rule=unproven-handheld")).words


async def test_now_says_that_somebody_waits(vic: Browser) -> None:
    page = await vic.get("/console/")
    assert (
        "3 requests for help wait: 2 because of unproven-handheld, 1 because of prohibited-app. Answer them"
        in page.words
    )


async def test_a_closed_request_returns_if_reopened_or_asked_again(ada: Browser, firm: Company) -> None:
    page = await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    assert "The request of alice is done. Undo" in page.words
    assert "REF1" not in page.words
    assert "done" in (await ada.get("/console/help?which=all")).words
    again = await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    assert (again.status, "The request of alice was done already." in again.words) == (200, True)
    assert (await ada.post("/console/help/done", rule="prohibited-app", subject="nobody")).status == 404
    assert (
        "REF1"
        in (await ada.post("/console/help/done", rule="prohibited-app", subject="alice", done="no")).words
    )
    await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    await firm.store.help_requests.note(replace(ALICE, last_at=NOW + timedelta(hours=1), reference="REF9"))
    assert "REF9" in (await ada.get("/console/help")).words
    assert [what for what, _, _ in (await firm.acts())[-3:]] == ["help-done", "help-reopened", "help-done"]


async def test_the_queue_goes_on_page_by_page(
    vic: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(help_requests, "SIZE", 2)
    for number in range(5):
        at = NOW - timedelta(hours=number)
        await firm.store.help_requests.note(
            replace(ALICE, subject=f"p{number}", person=f"p{number}", reference=f"R{number}", last_at=at)
        )
    seen, path = "", "/console/help"
    while path:
        page = await vic.get(path)
        seen += page.words
        path = (
            page.text.partition('<p><a class="button quiet" href="')[2]
            .partition('"')[0]
            .replace("&amp;", "&")
        )
    assert all(f" R{number} " in seen for number in range(5))


async def test_the_reference_of_a_request_leads_to_its_explanation_whatever_came_after(
    vic: Browser, firm: Company
) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    (seen,) = await firm.store.sightings.latest(size=1)
    await firm.store.help_requests.note(replace(ALICE, reference="SHOWNTHEN"), seen.id)
    await asks(firm, phone, "alice")
    page = await vic.get("/console/help")
    assert 'href="/console/explain?reference=SHOWNTHEN"' in page.text
    explained = await vic.get("/console/explain?reference=SHOWNTHEN")
    assert (explained.status, "Recorded" in explained.words) == (200, True)


async def test_reports_of_devices_that_are_not_theirs_are_told_apart(vic: Browser, firm: Company) -> None:
    said = replace(ALICE, rule=NOT_THEIRS, reason=NOT_THEIRS, subject="carol d7", person="carol", device="d7")
    await firm.store.help_requests.note(said)
    page = await vic.get("/console/help")
    assert "1 request: Devices that are not theirs" in page.words
    assert "carol Says that this device is not theirs ( d7 )" in page.words
