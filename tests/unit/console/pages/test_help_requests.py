"""The queue of those who asked for help."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW, Browser, Company

from mailgate.console.pages import help_requests
from mailgate.store import HelpRequest

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


async def test_who_waits_is_counted_by_rule_and_listed_once_for_each_cause(vic: Browser) -> None:
    page = await vic.get("/console/help")
    assert "2 wait: unproven-handheld" in page.words
    assert "alice An app on this device is not allowed with company mail (rule prohibited-app )" in page.words
    assert "not known The last report from this device is too old" in page.words
    assert "alice" not in (await vic.get("/console/help?rule=unproven-handheld")).words


async def test_now_says_that_somebody_waits(vic: Browser) -> None:
    page = await vic.get("/console/")
    assert (
        "3 people wait for help: 2 because of unproven-handheld, 1 because of prohibited-app. Answer them"
        in page.words
    )


async def test_what_is_done_leaves_the_queue_and_comes_back_when_it_is_undone_or_asked_again(
    ada: Browser, firm: Company
) -> None:
    page = await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    assert "The request is done. Undo" in page.words
    assert "REF1" not in page.words
    assert "done" in (await ada.get("/console/help?which=all")).words
    again = await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    assert (again.status, "somebody else may have closed it" in again.words) == (409, True)
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
