"""One person, and what can be done for them."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW, Browser, Company, Page
from tests.unit.console.phones import asks, has, record
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, access

from mailgate.console.people import page as people_page
from mailgate.devices.device import Device
from mailgate.gateway.pages.steps import off_page, steps_of
from mailgate.gateway.pages.view import View
from mailgate.model import CheckResult, Decision, Reason
from mailgate.store import HelpRequest, MailKind
from mailgate.store.help_requests import NOT_THEIRS
from mailgate.texts import load_languages

ALICE = "/console/people?login=alice"


@pytest.fixture
async def phone(firm: Company) -> Device:
    (found,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, found, "alice")
    await firm.store.help_requests.note(
        HelpRequest(
            "prohibited-app", "alice", "alice", found.id, "prohibited-app", "REF2345", "p", True, 1, NOW, NOW
        )
    )
    return found


async def test_each_device_has_a_sentence_and_the_history_stands_once(vic: Browser, phone: Device) -> None:
    page = await vic.get(ALICE)
    for words in (
        "No mail since today, 11:55 AM UTC · last tried today, 11:55 AM UTC",
        "The iPhone gets no mail because TikTok is on it.",
        "Read this out Find TikTok on the Home Screen",
        "jamf-file looked today, 11:00 AM UTC . That report counts until Wed, Dec 2, 11:00 AM UTC .",
        "help number REF2345",
        "1 Tue, Dec 1, 11:55 AM UTC : The iPhone gets no mail from here on: TikTok on it",
        "3 Tue, Dec 1, 12:00 PM UTC : Asked for help (help number REF2345)",
    ):
        assert words in page.words, words
    assert page.text.count("refused 1 time that day") == 1


async def test_a_source_that_does_not_answer_stands_beside_the_steps_that_need_it(
    vic: Browser, firm: Company, phone: Device
) -> None:
    assert "A step that needs a new report" not in (await vic.get(ALICE)).words
    known = firm.ready["connectors"]["jamf-file"]
    since = (NOW - timedelta(minutes=84)).isoformat()
    failing = known | {
        "state": "failing",
        "trouble": "timeout",
        "trouble_since": since,
        "failing_since": since,
    }
    firm.ready["connectors"] = {"jamf-file": failing, "other": failing}
    page = await vic.get(ALICE)
    words = (
        "jamf-file does not answer in time, since today, 10:36 AM UTC . Its report counts until Wed, Dec 2, 11:00 AM UTC ."
        " A step that needs a new report helps once it answers."
    )
    assert words in page.words
    assert "other does not answer" not in page.words


async def test_the_steps_are_those_of_the_page_that_refuses_them_and_in_their_language_too(
    vic: Browser, firm: Company, phone: Device
) -> None:
    firm.store.languages.listening = True
    firm.store.languages.note("alice", "de", NOW)
    await firm.store.languages.flush()
    page = await vic.get(ALICE)
    steps = off_page(steps_of(View(Reason.PROHIBITED_APP, "", NOW, apps=("TikTok",), os="ios")))
    assert len(steps) == 4
    for tag in ("en", "de"):
        language = load_languages()[tag]
        for step in steps:
            assert language.say(step, 1, apps=language.names(("TikTok",))) in page.text, (tag, step)
    assert "In German, as the device shows it" in page.words


async def test_the_steps_for_a_device_that_has_never_asked_are_read_out_too(
    vic: Browser, firm: Company
) -> None:
    await has(firm, record("z1", "zoe", "tiktok"), record("c1", "carol"))
    page = await vic.get("/console/people?login=zoe")
    assert "Read this out Find TikTok on the Home Screen" in page.words
    assert "Read this out" not in (await vic.get("/console/people?login=carol")).words


async def test_a_refusal_that_no_step_ends_is_left_to_the_help_desk(
    vic: Browser, firm: Company, phone: Device
) -> None:
    await firm.store.devices.mark_lost(phone.id, NOW - timedelta(hours=1))
    page = await vic.get(ALICE)
    assert "The iPhone is marked as lost and gets no mail." in page.words
    assert "Once the device is back, mark it as found." in page.words
    assert "Read this out" not in page.words


@pytest.mark.parametrize(("decision", "badge"), [(ALLOW, "Got mail"), (BLOCK, "Got no mail")])
async def test_a_client_that_shows_no_device_is_told_by_its_last_try(
    vic: Browser, firm: Company, decision: Decision, badge: str
) -> None:
    """Whoever an admin lets in is another thing."""
    firm.store.ledger.record(access(client=BROWSER, user="zoe", device="", now=NOW), decision)
    await firm.store.ledger.flush()
    page = await vic.get("/console/people?login=zoe")
    assert f"matches no reported device {badge}" in page.words


async def test_a_viewer_is_shown_nothing_to_do(vic: Browser, phone: Device) -> None:
    page = await vic.get(ALICE)
    for words in ("Let in for a while", "Your answer", "Lost …", "Close without an answer", "Ask the source"):
        assert words not in page.words


async def test_a_person_is_let_in_for_a_day_and_that_can_be_undone(
    ada: Browser, firm: Company, phone: Device
) -> None:
    page = await ada.get(ALICE)
    assert 'From which rule <select name="rule"><option value="all">' in page.text, (
        "one rule alone would not let the phone in"
    )
    refused = await ada.post("/console/people/exempt", login="alice", rule="all", why=" ", days="1")
    assert (refused.status, "Say why" in refused.words) == (409, True)
    page = await ada.post("/console/people/exempt", login="alice", rule="all", why="on a journey", days="1")
    (given,) = (await firm.store.reliefs.current(NOW)).every
    assert (given.person, given.rule, given.until) == ("alice", "", NOW + timedelta(days=1))
    assert "alice is let in until Wed, Dec 2, 12:00 PM UTC . Undo" in page.words
    page = await ada.get(ALICE)
    assert (
        "The iPhone is let in until Wed, Dec 2, 12:00 PM UTC . After that, no mail: TikTok on it."
        in page.words
    )
    await ada.post("/console/exemptions/end", number=str(given.number), why="undone at once")
    assert not (await firm.store.reliefs.current(NOW)).every
    assert [what for what, _, _ in (await firm.acts())[-2:]] == ["exemption-given", "exemption-ended"]


async def test_an_answer_goes_in_the_language_of_the_person_and_ends_the_request(
    ada: Browser, firm: Company, phone: Device
) -> None:
    firm.store.languages.listening = True
    firm.store.languages.note("alice", "de", NOW)
    await firm.store.languages.flush()
    assert "reads German" in (await ada.get(ALICE)).words
    page = await ada.post("/console/people/reply", login="alice", answer="Please remove it.", done="yes")
    assert "Your answer goes to alice@example.com. The request is closed. Undo" in page.words
    (mail,) = await firm.store.mails.page()
    assert mail.notice
    assert (mail.kind, mail.address, mail.notice.language) == (MailKind.REPLY, "alice@example.com", "de")
    assert mail.notice.answer == "Please remove it."
    assert mail.notice.devices[0].apps == ("TikTok",)
    (asked,) = await firm.store.help_requests.page()
    assert (asked.replied_at, asked.done_at, asked.done_by) == (NOW, NOW, "ada")
    assert asked.answer == "Please remove it."
    assert (await firm.acts())[-2:] == [
        ("help-answered", "ada", "rule prohibited-app"), ("help-done", "ada", "rule prohibited-app"),
    ]  # fmt: skip


async def test_without_mails_the_page_says_so(ada: Browser, firm: Company, phone: Device) -> None:
    firm.no_notices()
    assert "No mail can be written." in (await ada.get(ALICE)).words
    assert (await ada.post("/console/people/reply", login="alice", answer=" ")).status == 409
    page = await ada.post("/console/people/reply", login="alice", answer="Remove it.", done="yes")
    assert "Your answer is on the page of alice. The request is closed." in page.words
    (asked,) = await firm.store.help_requests.page()
    assert (asked.answer, asked.done_by) == ("Remove it.", "ada")
    assert "No mail can be written to this person." in (await ada.get(ALICE)).words
    assert (await ada.post("/console/people/reply", login="alice", answer="x")).status == 409


async def test_one_form_answers_lets_in_and_closes_and_that_can_be_undone(
    ada: Browser, firm: Company, phone: Device
) -> None:
    sent = {"login": "alice", "answer": "Delete it by tomorrow.", "let_in": "yes", "done": "yes"}
    page = await ada.post("/console/people/reply", **sent)
    assert page.path == ALICE
    assert "The request is closed. alice is let in until Wed, Dec 2, 12:00 PM UTC . Undo" in page.words
    (given,) = (await firm.store.reliefs.current(NOW)).every
    assert (given.person, given.why, given.until) == ("alice", sent["answer"], NOW + timedelta(days=1))
    (mail,) = await firm.store.mails.page()
    assert mail.notice
    assert (mail.notice.let_in_until, mail.notice.devices) == (given.until, ())
    page = await ada.post(
        "/console/exemptions/end", number=str(given.number), why="undone at once", undoes=ALICE
    )
    assert page.path == ALICE


async def test_an_answer_that_is_not_sent_lets_nobody_in(ada: Browser, firm: Company, phone: Device) -> None:
    stale = {"answered": "2020-01-01T00:00:00+00:00", "form": "x"}
    page = await ada.post("/console/people/reply", login="alice", answer="x", let_in="yes", **stale)
    assert page.status == 409
    assert not (await firm.store.reliefs.current(NOW)).every
    assert await firm.store.mails.page() == []


async def test_a_device_is_lost_with_a_reason_and_found_without_leaving_the_person(
    ada: Browser, firm: Company, phone: Device
) -> None:
    lost = {"lost": "yes", "undoes": ALICE}
    assert (await ada.post(f"/console/devices/{phone.id}/lost", why=" ", **lost)).status == 409
    page = await ada.post(f"/console/devices/{phone.id}/lost", why="left in a taxi", **lost)
    assert page.path == ALICE
    assert "is marked as lost. No mail. Undo" in page.words
    (*_, act) = await firm.store.audit.page()
    assert (act.what, act.why) == ("device-lost", "left in a taxi")
    assert hidden(page, "undoes") == ALICE
    page = await ada.post(f"/console/devices/{phone.id}/lost", lost="no", undoes=ALICE)
    assert page.path == ALICE
    assert "is marked as found" in page.words


async def test_one_device_of_several_is_let_in_without_leaving_the_person(
    ada: Browser, firm: Company, phone: Device
) -> None:
    await has(firm, record("a2", "alice", "tiktok"))
    given = {"device": phone.id, "rule": "all", "why": "x", "days": "7", "login": "alice", "undoes": ALICE}
    page = await ada.post("/console/people/exempt", **given)
    assert page.path == ALICE
    (relief,) = (await firm.store.reliefs.current(NOW)).every
    assert (relief.person, relief.device) == ("", phone.id)


async def test_somebody_unknown_is_answered_on_their_page_and_their_words_are_text(
    ada: Browser, firm: Company
) -> None:
    await firm.store.help_requests.note(
        HelpRequest(
            "prohibited-app", "client:1", "", "", "prohibited-app", "REF7", "p", False, 1, NOW, NOW,
            words="It is <b>gone</b>.",
        )
    )  # fmt: skip
    page = await ada.get("/console/help")
    assert "It is &lt;b&gt;gone&lt;/b&gt;." in page.text
    which = {"rule": "prohibited-app", "subject": "client:1"}
    page = await ada.post("/console/help/answer", answer="Open the app once.", **which)
    assert "Your answer is on the page of help number REF7." in page.words
    assert "Open the app once." in (await ada.get("/console/help")).words
    assert (await ada.post("/console/help/answer", answer=" ", **which)).status == 409
    assert (await ada.post("/console/help/answer", answer="x", rule="no", subject="no")).status == 404
    await ada.post("/console/help/done", **which)
    page = await ada.post("/console/help/answer", answer="Too late.", **which)
    assert "is already closed" in page.words


def hidden(page: Page, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found
    return found[1]


async def test_a_form_that_is_pressed_twice_sends_one_mail(
    ada: Browser, firm: Company, phone: Device
) -> None:
    page = await ada.get(ALICE)
    sent = {name: hidden(page, name) for name in ("form", "answered")}
    for _ in range(2):
        page = await ada.post("/console/people/reply", login="alice", answer="Please remove it.", **sent)
        assert "Your answer goes to alice@example.com." in page.words
    assert len(await firm.store.mails.page()) == 1


async def test_a_second_answer_is_warned_about_and_may_be_sent(
    ada: Browser, lin: Browser, firm: Company, phone: Device
) -> None:
    first, second = [
        {name: hidden(await each.get(ALICE), name) for name in ("form", "answered")} for each in (ada, lin)
    ]
    await ada.post("/console/people/reply", login="alice", answer="Please remove it.", done="yes", **first)
    page = await lin.post("/console/people/reply", login="alice", answer="Call us, please.", **second)
    assert (page.status, "Somebody else has answered alice" in page.words) == (409, True)
    assert "Call us, please." in page.text
    again = {"form": hidden(page, "form"), "answered": hidden(page, "answered")}
    page = await lin.post("/console/people/reply", login="alice", answer="Call us, please.", **again)
    assert "Your answer goes to" in page.words
    assert len(await firm.store.mails.page()) == 2


async def test_the_sources_of_a_device_are_asked_and_their_answers_told(
    ada: Browser, firm: Company, phone: Device
) -> None:
    asked = list[tuple[str, str]]()

    async def answer(source: str, name: str) -> CheckResult:
        asked.append((source, name))
        await firm.store.devices.ingest([record("a1", "alice", age=0)], NOW)
        return CheckResult.TAKEN

    firm.context.recheck.source = answer
    page = await ada.post(f"/console/devices/{phone.id}/ask", undoes=ALICE)
    assert asked == [("jamf-file", "a1")]
    assert page.path == ALICE
    assert ": jamf-file answered: no listed app on it." in page.words
    assert (await firm.acts())[-1] == ("device-asked", "ada", f"device {phone.id}")


@pytest.mark.parametrize("login", ["", "nobody", "al", "alice'--"])
async def test_an_unknown_person_has_no_page(vic: Browser, phone: Device, login: str) -> None:
    assert (await vic.get(f"/console/people?login={login}")).status == 404


async def test_undo_leads_back_says_whose_exemption_ended_and_is_harmless_twice(
    ada: Browser, firm: Company, phone: Device
) -> None:
    await ada.post("/console/people/exempt", login="alice", rule="all", why="on a journey", days="1")
    (given,) = (await firm.store.reliefs.current(NOW)).every
    undo = {"number": str(given.number), "why": "undone at once", "undoes": ALICE}
    for said in ("The exemption of alice has ended.", "The exemption of alice has already ended."):
        page = await ada.post("/console/exemptions/end", **undo)
        assert (page.status, page.path, said in page.words) == (200, ALICE, True)
        assert "Undo" not in page.words
    away = await ada.post("/console/exemptions/end", **undo | {"undoes": "//evil.example/console/"})
    assert away.path == "/console/exemptions"
    assert (await ada.post("/console/exemptions/end", **undo | {"number": "999"})).status == 404


async def test_an_undo_is_shown_for_its_person_only_and_once(
    ada: Browser, firm: Company, phone: Device
) -> None:
    await has(firm, record("b1", "bob", "tiktok"))
    given = {"rule": "all", "why": "on a journey", "days": "1"}
    await ada.post("/console/people/exempt", login="alice", **given)
    again = await ada.post("/console/people/exempt", login="bob", **given | {"why": " "})
    assert (again.status, "Undo" in again.words) == (409, False)
    assert "Undo" not in (await ada.get(ALICE)).words, "said once"


async def test_nobody_is_exempt_twice_from_the_same_rule(ada: Browser, firm: Company, phone: Device) -> None:
    given = {"login": "alice", "rule": "all", "days": "1"}
    await ada.post("/console/people/exempt", why="on a journey", **given)
    again = await ada.post("/console/people/exempt", why="a new phone", **given)
    assert again.status == 409
    assert (
        "alice is already let in from every rule until Wed, Dec 2, 12:00 PM UTC , by ada (on a journey)"
        in again.words
    )
    assert len((await firm.store.reliefs.current(NOW)).every) == 1


async def test_a_form_that_is_refused_comes_back_with_what_was_typed(
    ada: Browser, firm: Company, phone: Device
) -> None:
    long = "<b>" + "x" * 998
    page = await ada.post("/console/people/exempt", login="alice", rule="all", why=long, days="7")
    assert (page.status, "The text has 1,001 characters; use at most 1,000" in page.words) == (409, True)
    assert f">&lt;b&gt;{'x' * 998}</textarea>" in page.text
    assert 'name="days" value="7"' in page.text
    assert 'action="/console/people/exempt"' in page.text
    page = await ada.post("/console/people/reply", login="alice", answer="y" * 2001)
    assert (page.status, f">{'y' * 2001}</textarea>" in page.text) == (409, True)
    assert not (await firm.store.reliefs.current(NOW)).every
    assert await firm.store.mails.page() == []


@pytest.fixture
async def find_page_phone(firm: Company) -> Device:
    found, *_ = await has(firm, record("a1", "amber.anchor", "tiktok"), record("b1", "bob.boat"))
    await asks(firm, found, "amber.anchor")
    return found


@pytest.mark.parametrize(
    "typed", ["amber.anchor", "Amber", "anchor", "nch", " amber.anchor@example.com ", "AMBER.ANCHOR"]
)
async def test_a_person_is_found_by_a_part_of_the_name_or_the_address(
    vic: Browser, find_page_phone: Device, typed: str
) -> None:
    assert (await vic.get("/console/find", params={"q": typed})).path == "/console/people?login=amber.anchor"


async def test_a_device_is_found_by_its_id_its_serial_number_and_their_beginnings(
    vic: Browser, find_page_phone: Device
) -> None:
    for typed in (
        find_page_phone.id,
        find_page_phone.id[:6],
        find_page_phone.id.replace("-", "").upper(),
        "serial-a1",
        "SERIAL-A",
        "a1",
    ):
        found = await vic.get("/console/find", params={"q": typed})
        assert found.path == f"/console/people?login=amber.anchor&device={find_page_phone.id}", typed


@pytest.mark.parametrize("typed", ["REF2345", "ref2345"])
async def test_a_decision_is_found_by_its_reference_in_any_case(
    vic: Browser, find_page_phone: Device, typed: str
) -> None:
    page = await vic.get("/console/find", params={"q": typed})
    assert page.path == "/console/people?login=amber.anchor&refusal=REF2345"
    assert 'href="/console/explain?reference=REF2345">Help number REF2345' in page.text


async def test_a_help_request_is_found_by_its_first_help_number(
    vic: Browser, firm: Company, find_page_phone: Device
) -> None:
    await firm.store.help_requests.note(
        HelpRequest("r", "bob.boat", "bob.boat", "", "posture-stale", "OLDREF", "p", True, 1, NOW, NOW)
    )
    assert (await vic.get("/console/find?q=oldref")).path == "/console/people?login=bob.boat"


async def test_a_search_with_several_matches_lists_them(vic: Browser, find_page_phone: Device) -> None:
    page = await vic.get("/console/find?q=b")
    assert page.status == 200
    assert "bob.boat" in page.words
    assert "amber.anchor" in page.words


@pytest.mark.parametrize("typed", ["nobody", "%", "_", "\\", "'--", "<script>", "a" * 256])
async def test_a_search_without_a_match_says_so(vic: Browser, find_page_phone: Device, typed: str) -> None:
    page = await vic.get("/console/find", params={"q": typed})
    assert (page.status, "Check the spelling." in page.words) == (200, True)


@pytest.mark.parametrize("path", ["", "devices", "audit", "nothing"])
async def test_the_box_stands_on_every_page(vic: Browser, path: str) -> None:
    assert 'action="/console/find"' in (await vic.get(f"/console/{path}")).text


ALICE_ASKS = HelpRequest(
    "prohibited-app", "alice", "alice", "d1", "prohibited-app", "REF1", "p", True, 2, NOW, NOW
)
BOB = replace(
    ALICE_ASKS,
    rule="unproven-handheld",
    subject="bob",
    person="bob",
    reference="REF2",
    reason="posture-stale",
)


@pytest.fixture
async def asked(firm: Company) -> None:
    for each in (
        ALICE_ASKS,
        BOB,
        replace(BOB, subject="REF3", person="", device="", reference="REF3", known=False),
    ):
        await firm.store.help_requests.note(each)


@pytest.mark.usefixtures("asked")
async def test_waiting_requests_are_counted_by_rule_and_listed_by_cause(vic: Browser) -> None:
    page = await vic.get("/console/help")
    assert "2 requests: unproven-handheld" in page.words
    assert "alice An app keeps company mail off this device" in page.words
    assert "not known We have not heard from this device for too long" in page.words
    assert "alice" not in (await vic.get("/console/help?rule=unproven-handheld")).words


@pytest.mark.usefixtures("asked")
async def test_now_says_to_whoever_may_answer_that_somebody_waits(ada: Browser, vic: Browser) -> None:
    page = await ada.get("/console/")
    assert (
        "2 people are waiting for help. 1 client that we cannot match to a person is waiting for help."
        in page.words
    )
    assert "waiting for help" not in (await vic.get("/console/")).words


@pytest.mark.usefixtures("asked")
async def test_a_closed_request_returns_if_reopened_or_asked_again(ada: Browser, firm: Company) -> None:
    page = await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    assert "alice's request is closed. Undo" in page.words
    assert "REF1" not in page.words
    assert "Closed" in (await ada.get("/console/help?which=all")).words
    again = await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    assert (again.status, "alice's request is already closed." in again.words) == (200, True)
    assert (await ada.post("/console/help/done", rule="prohibited-app", subject="nobody")).status == 404
    assert (
        "REF1"
        in (await ada.post("/console/help/done", rule="prohibited-app", subject="alice", done="no")).words
    )
    await ada.post("/console/help/done", rule="prohibited-app", subject="alice")
    await firm.store.help_requests.note(
        replace(ALICE_ASKS, last_at=NOW + timedelta(hours=1), reference="REF9")
    )
    assert "REF9" in (await ada.get("/console/help")).words
    assert [what for what, _, _ in (await firm.acts())[-3:]] == ["help-done", "help-reopened", "help-done"]


@pytest.mark.usefixtures("asked")
async def test_the_queue_goes_on_page_by_page(
    vic: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_page, "SIZE", 2)
    for number in range(5):
        at = NOW - timedelta(hours=number)
        await firm.store.help_requests.note(
            replace(ALICE_ASKS, subject=f"p{number}", person=f"p{number}", reference=f"R{number}", last_at=at)
        )
    seen, path = "", "/console/help"
    while path:
        page = await vic.get(path)
        seen += page.words
        path = page.text.partition('<p><a class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert all(f" R{number} " in seen for number in range(5))


@pytest.mark.usefixtures("asked")
async def test_the_reference_of_a_request_leads_to_its_explanation_whatever_came_after(
    vic: Browser, firm: Company
) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))
    await asks(firm, phone, "alice")
    (seen,) = await firm.store.sightings.latest(size=1)
    await firm.store.help_requests.note(replace(ALICE_ASKS, reference="SHOWNTHEN"), seen.id)
    await asks(firm, phone, "alice")
    page = await vic.get("/console/help")
    assert 'href="/console/explain?reference=SHOWNTHEN"' in page.text
    explained = await vic.get("/console/explain?reference=SHOWNTHEN")
    assert (explained.status, "Recorded" in explained.words) == (200, True)


@pytest.mark.usefixtures("asked")
async def test_reports_of_devices_that_are_not_theirs_are_told_apart(vic: Browser, firm: Company) -> None:
    said = replace(
        ALICE_ASKS, rule=NOT_THEIRS, reason=NOT_THEIRS, subject="carol d7", person="carol", device="d7"
    )
    await firm.store.help_requests.note(said)
    page = await vic.get("/console/help")
    assert "1 request: Devices that are not theirs" in page.words
    assert "carol Says that this device is not theirs ( d7 )" in page.words
