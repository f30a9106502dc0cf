"""Writing to people, and deciding about mails: each is asked first, in numbers, and written down."""

import asyncio

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.phones import has, record
from tests.unit.console.written_mails import ENFORCED, gone, state_of, written

from mailgate.console.notices.recipient_lists import LIST_LASTS
from mailgate.model.notice import Notice
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, MailKind, MailState

COUNT = "/console/notices/1/enforced/count?rule=prohibited-app"
SEND = "/console/notices/1/enforced/send?rule=prohibited-app"
PHONES = [record(name, name, "tiktok") for name in ("alice", "bob", "cy@elsewhere.example", "")]


async def counted(firm: Company, browser: Browser, path: str = COUNT) -> None:
    await browser.post(path)
    assert firm.context.recipient_lists._task
    await firm.context.recipient_lists._task


async def test_exactly_the_counted_people_are_written_to_after_the_confirmation(
    ada: Browser, firm: Company
) -> None:
    await has(firm, *PHONES)
    await counted(firm, ada)
    page = await ada.get(ENFORCED)
    assert "2 newly affected by this version" in page.words
    assert "1 without an address in example.com" in page.words
    assert "1 devices whose owner nobody knows" in page.words
    listed = await ada.get(f"{ENFORCED}&state=new")
    assert "alice@example.com" in listed.words
    assert "cy@elsewhere.example" in (await ada.get(f"{ENFORCED}&state=unaddressed")).words
    await has(firm, record("late", "late", "tiktok"))
    asked = await ada.post(SEND)
    assert "Write to 2 people?" in asked.words
    assert (
        "1 person has no address in the company's domain and is not written to. 1 device has no known owner"
        in asked.words
    )
    assert await firm.store.mails.page() == []
    done = await ada.post(SEND, confirmed="yes")
    assert done.path.endswith("&state=queued")
    assert {each.login for each in await firm.store.mails.page()} == {"alice", "bob"}
    assert (await firm.acts())[-1] == ("notices-queued", "ada", "rule prohibited-app")
    assert (await ada.post(SEND, confirmed="yes")).status == 409  # said twice, it is done once


async def test_newly_affected_people_are_written_to_first(ada: Browser, firm: Company) -> None:
    """By the version before, alice has this mail, and bob has none."""
    await has(firm, *PHONES[:2])
    mails = await written(firm, "alice")
    await gone(firm, mails["alice"], MailState.SENT)
    other = firm.candidate((firm.folder / "policy.yaml").read_text() + "# another version\n")
    await firm.store.policies.activate(rule_texts_of(other), Act(NOW, "ada", "policy-activated"))
    page, count, send = (path.replace("notices/1/", "notices/2/") for path in (ENFORCED, COUNT, SEND))
    await counted(firm, ada, count)
    told = await ada.get(page)
    assert "0 newly affected by this version" in told.words
    assert "1 others, who had no such mail before" in told.words
    assert "1 others, who had such a mail by an earlier version" in told.words
    assert "bob@example.com" in (await ada.get(f"{page}&state=untold")).words
    assert "alice@example.com" in (await ada.get(f"{page}&state=all")).words
    asked = await ada.post(send, to="untold")
    assert "Write to 1 person?" in asked.words
    assert "1 other person had such a mail by an earlier version and is not written to" in asked.words
    await ada.post(send, to="untold", confirmed="yes")
    assert [each.login for each in await firm.store.mails.page() if each.version == 2] == ["bob"]


async def test_the_lists_of_a_count_are_paged(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailgate.console.notices.page.SIZE", 1)
    await has(firm, *PHONES)
    await counted(firm, ada)
    first = await ada.get(f"{ENFORCED}&state=new")
    assert ("alice@" in first.words, "bob@" in first.words) == (True, False)
    second = await ada.get(f"{ENFORCED}&state=new&after=alice@example.com")
    assert ("alice<wbr>@" in second.text.partition("<table")[2], "bob@" in second.words) == (False, True)
    assert "None." in (await ada.get(f"{ENFORCED}&state=undecided")).words


async def test_a_count_that_is_old_or_was_never_made_is_not_sent(ada: Browser, firm: Company) -> None:
    assert (await ada.post(SEND, confirmed="yes")).status == 409
    await has(firm, *PHONES)
    await counted(firm, ada)
    firm.clock.now += LIST_LASTS
    ada.csrf = (await ada.log_in("ada")).csrf
    assert "Count the recipients first" in (await ada.post(SEND, confirmed="yes")).words
    assert await firm.store.mails.page() == []


async def test_nobody_is_written_to_of_a_rule_that_is_not_in_force(ada: Browser, firm: Company) -> None:
    await has(firm, *PHONES)
    await counted(firm, ada)
    other = firm.candidate("rules: [{id: open, when: 'true', effect: allow}]")
    await firm.store.policies.activate(rule_texts_of(other), Act(NOW, "ada", "policy-activated"))
    for path in (SEND, COUNT):
        page = await ada.post(path, confirmed="yes")
        assert (page.status, "we write only about rules that run" in page.words) == (409, True)
    assert await firm.store.mails.page() == []


async def test_without_the_setting_nobody_is_counted(ada: Browser, firm: Company) -> None:
    firm.no_notices()
    assert (await ada.post(COUNT)).status == 409


async def test_one_count_at_a_time_and_how_far_it_is(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, held = asyncio.Event(), asyncio.Event()

    async def slow(*arguments: object) -> None:
        arguments[-1](300, 1000)  # type: ignore[operator]
        going.set()
        await held.wait()

    monkeypatch.setattr("mailgate.console.notices.mails_page.list_recipients", slow)
    await ada.post(COUNT)
    await going.wait()
    page = await ada.get(ENFORCED)
    assert "We are counting for ada: 300 of 1,000 devices." in page.words
    assert (await ada.post(COUNT)).status == 409
    held.set()


@pytest.mark.parametrize(
    ("state", "what", "becomes", "act"),
    [
        (MailState.UNSURE, "sent", "sent", "notices-settled"),
        (MailState.UNSURE, "again", "queued", "notices-settled"),
        (MailState.FAILED, "retry", "queued", "notices-retried"),
    ],
)
async def test_somebody_decides_about_one_mail_or_all_of_them(
    ada: Browser, firm: Company, state: MailState, what: str, becomes: str, act: str
) -> None:
    mails = await written(firm, "ann", "bea", "cay")
    for name in ("ann", "bea"):
        await gone(firm, mails[name], state, "550")
    asked = await ada.post("/console/notices/decide", id=mails["ann"].id, what=what)
    assert ("1 mail " in asked.words, f"<{mails['ann'].id}@example.com>" in asked.words) == (True, True)
    assert await state_of(firm, mails["ann"]) == state
    await ada.post("/console/notices/decide", id=mails["ann"].id, what=what, confirmed="yes")
    assert [await state_of(firm, mails[name]) for name in ("ann", "bea")] == [becomes, state]
    assert (await firm.acts())[-1][:2] == (act, "ada")
    again = await ada.post("/console/notices/decide", id=mails["ann"].id, what=what, confirmed="yes")
    assert (again.status, "Somebody else has already handled these mails" in again.words) == (409, True)
    group = {"version": "1", "kind": "enforced", "rule": "prohibited-app", "what": what}
    assert "1 mail " in (await ada.post("/console/notices/decide", **group)).words
    await ada.post("/console/notices/decide", **group, confirmed="yes")
    assert [await state_of(firm, mails[name]) for name in ("bea", "cay")] == [becomes, "queued"]


@pytest.mark.parametrize(
    "sent", [{"what": "eat"}, {"what": "sent", "kind": "x"}, {"what": "sent", "id": "none"}]
)
async def test_half_a_decision_is_none(ada: Browser, sent: dict[str, str]) -> None:
    assert (await ada.post("/console/notices/decide", **sent)).status == 404


async def test_a_correction_is_counted_by_nobody(ada: Browser, firm: Company) -> None:
    await written(
        firm, "ann", kind=MailKind.CORRECTION, rule="", notice=Notice(MailKind.CORRECTION, versions=(9,))
    )
    page = await ada.post("/console/notices/1/correction/count")
    assert (page.status, "The gate writes corrections by itself" in page.words) == (409, True)
