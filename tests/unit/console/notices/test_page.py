"""*Notices*: what may be said, what was said to whom, and what a mail looks like in every language."""

import re
from datetime import timedelta

import pytest
from tests.unit.console.browsing import NOW, Browser, Company
from tests.unit.console.drafted import APPS, POLICY
from tests.unit.console.phones import has, record
from tests.unit.console.written_mails import ENFORCED, gone, written
from tests.unit.store.examples import access

from mailgate.config import load_bundle
from mailgate.console.notices import page as notices
from mailgate.console.notices.facts import notices_on_dates
from mailgate.console.now.attention import _held
from mailgate.mail.on_dates import dated_notices
from mailgate.model import Decision, Effect, Reason, RequestFacts
from mailgate.model.notice import Notice
from mailgate.model.phrase import TAGS
from mailgate.policy.reliefs import Cause, Relief, Reliefs
from mailgate.rollout.activation import retract
from mailgate.rollout.person import Person
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, MailKind, MailState
from mailgate.store.help_requests import HelpRequest
from mailgate.store.mail import StartedNotice


async def test_every_rule_says_what_people_may_be_told_now_or_why_nothing(
    ada: Browser, firm: Company
) -> None:
    page = await ada.get("/console/notices")
    assert "/console/notices/1/enforced?rule=prohibited-app" in page.text
    assert "/console/notices/1/upcoming?rule=prohibited-app" not in page.text
    assert "No mail about a rule was written yet." in page.words
    assert "Nothing was rolled back." in page.words
    assert "laptop-browser" not in page.text


async def test_without_the_setting_it_says_what_to_add(ada: Browser, firm: Company) -> None:
    firm.no_notices()
    assert "Nobody is written to: the settings have no notices" in (await ada.get("/console/notices")).words
    page = await ada.get(ENFORCED)
    assert "Nobody: the settings have no notices" in page.words
    assert "Count them" not in page.words
    assert "Company mail: a rule that affects a device of yours has started" in page.words


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/console/notices/1/upcoming?rule=prohibited-app", "rule `prohibited-app` has no later stage that people notice"),
        ("/console/notices/1/warned?rule=prohibited-app", "runs as enforce now, not as warn"),
    ],
)  # fmt: skip
async def test_a_notice_that_is_not_true_is_not_offered(ada: Browser, path: str, why: str) -> None:
    page = await ada.get(path)
    assert (page.status, "Nobody: rule" in page.words) == (200, True)
    assert why in page.words
    assert "Count them" not in page.words


@pytest.mark.parametrize(
    "path",
    [
        "/console/notices/9/enforced?rule=prohibited-app",
        "/console/notices/1/shouted?rule=prohibited-app",
        "/console/notices/1/enforced?rule=nope",
        "/console/notices/1/enforced",
        "/console/notices/1/correction?rule=prohibited-app",
    ],
)
async def test_an_unknown_notice_is_not_found(ada: Browser, path: str) -> None:
    assert (await ada.get(path)).status == 404


async def test_a_mail_is_shown_in_every_language_and_from_right_to_left(ada: Browser) -> None:
    page = await ada.get(ENFORCED)
    for tag in TAGS:
        assert f"language={tag}#preview" in page.text
    arabic = await ada.get(f"{ENFORCED}&language=ar")
    assert '<pre tabindex="0" lang="ar" dir="rtl">' in arabic.text
    assert "frame-src 'self'" in arabic.headers["Content-Security-Policy"]
    html = await ada.get("/console/notices/1/enforced/html?rule=prohibited-app&language=ar")
    assert '<html lang="ar" dir="rtl">' in html.text
    assert html.headers["Content-Security-Policy"].endswith("frame-ancestors 'self'; sandbox")


async def test_a_notice_is_shown_as_one_person_would_get_it(ada: Browser, firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"), record("b1", "bob"))
    assert "TikTok" in (await ada.get(f"{ENFORCED}&person=Alice")).words
    page = await ada.get(f"{ENFORCED}&person=bob<i>")
    assert "There is none: rule `prohibited-app` is not about bob<i>" in page.words
    assert "<i>" not in page.text
    assert (await ada.get("/console/notices/1/enforced/html?rule=prohibited-app&person=bob")).status == 404


async def test_the_state_of_each_mail_is_listed_page_by_page(
    ada: Browser, firm: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "SIZE", 2)
    mails = await written(firm, "ann", "bea", "cay", "dee")
    await gone(firm, mails["bea"], MailState.FAILED, "550")
    listed = await ada.get("/console/notices")
    assert re.search(r'state=queued">3<', listed.text)
    assert re.search(r'state=failed">1<', listed.text)
    page = await ada.get(ENFORCED)  # what needs somebody comes first
    assert ("550" in page.words, "bea@example.com" in page.words) == (True, True)
    first = await ada.get(f"{ENFORCED}&state=queued")
    assert ("ann@example.com" in first.words, "dee@example.com" in first.words) == (True, False)
    more = re.search(r'href="([^"]+after=[^"]+)#list"', first.text)
    assert more
    second = await ada.get(more[1].replace("&amp;", "&"))
    assert ("ann@example.com" in second.words, "dee@example.com" in second.words) == (False, True)
    assert f"<code>&lt;{mails['dee'].id}<wbr>@example.com&gt;</code>" in second.text


async def test_a_viewer_looks_and_is_shown_no_button(vic: Browser, firm: Company) -> None:
    mails = await written(firm, "ann")
    await gone(firm, mails["ann"], MailState.FAILED, "550")
    page = await vic.get(ENFORCED)
    assert "ann@example.com" in page.words
    assert "<button" not in page.text.partition("<main")[2].partition("</main>")[0].replace(
        "<button>Show", ""
    )


async def test_after_a_roll_back_its_page_says_who_got_a_correction_and_what_is_left(
    ada: Browser, firm: Company
) -> None:
    rules = firm.candidate("rules: [{id: shut, title: Nobody 2, when: 'true', effect: block}]")
    await firm.store.policies.activate(rule_texts_of(rules), Act(NOW, "ada", "policy-activated"))
    decision = Decision(Effect.BLOCK, Reason.RULE_MATCHED, "shut", rules.policy.version)
    for name in ("ann", "bob"):
        firm.store.ledger.record(access(RequestFacts(), device="", user=name, now=NOW), decision, "REF")
    await firm.store.ledger.flush()
    asked = HelpRequest(
        "shut", "ann", "ann", "", "rule-matched", "REF", rules.policy.version, True, 1, NOW, NOW
    )
    await firm.store.help_requests.note(asked)
    await written(firm, "cy", version=2, rule="shut")
    done = await retract(firm.store, Person("ada", "here"), "sent in error", NOW + timedelta(minutes=5))
    mail = Notice(MailKind.CORRECTION, versions=(2,))
    told = {"kind": MailKind.CORRECTION, "version": 2, "rule": "", "round": done.serial, "notice": mail}
    await written(firm, "ann", "cy", **told)
    await firm.store.retractions.note_search(done.serial, NOW, done=True)
    page = await ada.get(f"/console/policy/rollbacks/{done.serial}")
    assert "Rolled back to version 1" in page.words
    assert "2 people were refused 1 correction None for 1 person: nothing is different" in page.words
    assert "1 person was only told by mail 1 correction" in page.words
    assert "ann asked for help before this." in page.words
    assert "2 queued" in page.words
    assert (await ada.get("/console/policy/rollbacks/1")).status == 404


async def test_the_page_lists_corrections_of_a_roll_back(ada: Browser, firm: Company) -> None:
    rules = firm.candidate("rules: [{id: shut, title: Nobody 2, when: 'true', effect: block}]")
    await firm.store.policies.activate(rule_texts_of(rules), Act(NOW, "ada", "policy-activated"))
    await retract(firm.store, Person("ada", "here"), "sent in error", NOW + timedelta(minutes=5))
    page = await ada.get("/console/notices")
    assert "we are checking" in page.words
    await written(
        firm,
        "ann",
        kind=MailKind.CORRECTION,
        version=2,
        rule="",
        notice=Notice(MailKind.CORRECTION, versions=(2,)),
    )
    page = await ada.get("/console/notices")
    assert re.search(r'href="/console/notices/2/correction">1 mail<', page.text)
    assert 'href="/console/policy/rollbacks/3"' in page.text
    shown = await ada.get("/console/notices/2/correction?language=fr")
    assert "ann@example.com" in shown.words
    assert "Nobody" in shown.words.partition("What it says")[2]
    old = await ada.get("/console/notices/2/enforced?rule=shut")
    assert "Nobody: version 2 is not running" in old.words


async def dated(firm: Company) -> None:
    """A rule in force whose notices start by themselves: it warns, and will block on 24 December."""
    (firm.folder / "apps.yaml").write_text(APPS)
    (firm.folder / "policy.yaml").write_text(POLICY.replace("share: 25%", "notice: {send: on_dates}"))
    firm.bundle = load_bundle(firm.folder / "mailgate.yaml", {})
    await firm.store.policies.activate(rule_texts_of(firm.bundle.rules), Act(NOW, "file", "policy-activated"))


async def begun(firm: Company, why: str = "") -> None:
    """The gate has started its first notice, or has held it back."""
    active = await firm.store.policies.active()
    assert active
    first = next(dated_notices(firm.bundle.policy, active.at))
    told = StartedNotice(active.serial, first.rule.id, first.kind, active.number, NOW, why)
    act = Act(NOW, "gate", "notices-held" if why else "notices-queued")
    assert await firm.store.mails.start(told, [], lambda _count: act)


async def test_notices_that_start_by_themselves_say_when_and_what_came_of_it(
    ada: Browser, firm: Company
) -> None:
    assert "Notices that start by themselves" not in (await ada.get("/console/notices")).words
    await dated(firm)
    page = await ada.get("/console/notices")
    assert "No prohibited app: it blocks now Starts by itself Dec 24, 8:00 AM UTC . Open" in page.words
    off = Relief(1, Cause.BREAK_GLASS, "prohibited-app", "too strict", "ada", NOW)
    firm.bundle = firm.with_reliefs(Reliefs(1, (off,)))
    page = await ada.get("/console/notices")
    assert "Starts by itself Dec 24, 8:00 AM UTC , or once the rule is on again. Open" in page.words
    firm.bundle = firm.with_reliefs(Reliefs())
    await begun(firm)
    page = await ada.get("/console/notices")
    assert "No prohibited app: it warns now Nobody to tell, today, 12:00 PM UTC . Open" in page.words
    assert "/console/notices/2/warned?rule=prohibited-app" in page.text
    assert "Nothing waits for you." in (await ada.get("/console/")).words


@pytest.mark.parametrize(
    ("why", "words"), [("late", "it could not start in time"), ("off", "the rule was off")]
)
async def test_a_notice_that_was_held_back_waits_for_a_person_for_a_week(
    ada: Browser, firm: Company, why: str, words: str
) -> None:
    await dated(firm)
    await begun(firm, why)
    assert f"Not sent by itself: {words}. You decide." in (await ada.get("/console/notices")).words
    page = await ada.get("/console/")
    told = f"The notice about “No prohibited app” did not start by itself. {words.capitalize()}."
    assert told in page.words
    assert 'href="/console/notices/2/warned?rule=prohibited-app"' in page.text
    found = await notices_on_dates(firm.store, firm.bundle.policy)
    assert list(_held(found, NOW + timedelta(days=6)))
    assert not list(_held(found, NOW + timedelta(days=8)))
