"""What is done for one person: what comes of it, and that the audit log says who did it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.console.browsing import NOW, Company
from tests.unit.console.drafted import written
from tests.unit.console.phones import has, record

from mailgate.console.people import support_acts
from mailgate.console.people.facts import PersonFacts, person_of
from mailgate.mail.words import NoticeWriter
from mailgate.model import CheckResult, Kind, Reason
from mailgate.rollout.counted_acts import mark_lost
from mailgate.rollout.person import Person, RefusedError
from mailgate.store import HelpRequest

ADA = Person("ada", "console at gate-1")
DAY = timedelta(days=1)
ALICE = HelpRequest(
    "prohibited-app", "alice", "alice", "d1", "prohibited-app", "REF1", "p", True, 1, NOW, NOW
)
BOB = replace(ALICE, rule="unproven-handheld", subject="bob", person="bob", reference="REF2")
BOTH = [("prohibited-app", "alice"), ("unproven-handheld", "bob")]


async def whom(firm: Company, login: str = "alice") -> PersonFacts:
    found = await person_of(firm.store, firm.bundle, login, NOW)
    assert found
    return found


async def test_somebody_is_let_in_for_so_many_days_by_whoever_says_so(firm: Company) -> None:
    given = await support_acts.exempt_for(
        firm.context, ADA, "a journey", NOW, rule="prohibited-app", days=2, person=" Alice "
    )
    assert (given.person, given.rule, given.until, given.author) == (
        "alice", "prohibited-app", NOW + 2 * DAY, "ada",
    )  # fmt: skip
    assert (await firm.acts())[-1][:2] == ("exemption-given", "ada")


async def test_a_device_that_is_lost_already_stays_lost_since_then(firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice"))
    assert await mark_lost(firm.store, None, phone, ADA, NOW, lost=True) == NOW
    (lost,) = await firm.store.devices.owned("alice")
    assert await mark_lost(firm.store, None, lost, ADA, NOW + DAY, lost=True) == NOW
    assert await mark_lost(firm.store, None, lost, ADA, NOW + DAY, lost=False) is None
    about = f"device {phone.id}"
    assert (await firm.acts())[1:] == [("device-lost", "ada", about), ("device-found", "ada", about)]
    (found,) = await firm.store.devices.owned("alice")
    assert found.lost_at is None


async def test_answers_of_sources_count_at_once(firm: Company) -> None:
    (phone,) = await has(firm, record("a1", "alice", "tiktok"))

    async def answer(source: str, name: str) -> CheckResult:
        assert (source, name) == ("jamf-file", "a1")
        await firm.store.devices.ingest([record("a1", "alice", age=0)], NOW)
        return CheckResult.TAKEN

    firm.context.recheck.source = answer
    (said,) = await support_acts.ask_sources(firm.context, phone, ADA, NOW)
    assert (said.result, said.words) == ("taken", "jamf-file answered: no listed app on it")


async def test_a_question_is_audited_even_without_an_answer(firm: Company) -> None:
    async def breaks(_source: str, _name: str) -> CheckResult:
        raise OSError

    (phone,) = await has(firm, record("a1", "alice"))
    firm.context.recheck.source = breaks
    with pytest.raises(OSError):
        await support_acts.ask_sources(firm.context, phone, ADA, NOW)
    assert (await firm.acts())[-1] == ("device-asked", "ada", f"device {phone.id}")


async def test_the_sources_of_many_are_asked_and_it_is_written_down_once(firm: Company) -> None:
    devices = await has(firm, record("a1", "alice"), record("b1", "bob"))
    asked = list[str]()

    async def answer(_source: str, name: str) -> CheckResult:
        asked.append(name)
        return CheckResult.ASKED

    firm.context.recheck_many.source = answer
    await support_acts.ask_sources_of_all(firm.context, devices, ADA, NOW)
    await firm.store.devices.owned("alice")  # lets the questions begin
    await firm.context.background_questions.stop()
    assert sorted(asked) == ["a1", "b1"]
    (_, entry) = await firm.store.audit.page()
    assert (entry.what, entry.who, entry.details) == ("devices-asked", "ada", '{"devices": 2}')


async def test_an_answer_names_what_keeps_each_device_out_and_no_other_device(firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"), record("a2", "alice", kind=Kind.LAPTOP))
    mail = await support_acts.answer_by_mail(firm.context, await whom(firm), "Please remove it.", ADA, NOW)
    assert mail.notice
    (device,) = mail.notice.devices
    assert (device.reason, device.kind, device.apps, device.fix) == (
        Reason.PROHIBITED_APP, Kind.PHONE, ("TikTok",), "remove-app",
    )  # fmt: skip
    assert (mail.rule, mail.notice.contact, mail.notice.answer) == (
        "prohibited-app", "it-help@example.com", "Please remove it.",
    )  # fmt: skip
    assert mail.notice.let_in_until is None


async def test_an_answer_is_about_what_they_asked_and_not_about_what_is_done(firm: Company) -> None:
    await firm.store.help_requests.note(replace(ALICE, rule="unproven-handheld"))
    await has(firm, record("a1", "alice", "tiktok"))
    first = await support_acts.answer_by_mail(firm.context, await whom(firm), "", ADA, NOW)
    await support_acts.finish_requests(firm.context, [("unproven-handheld", "alice")], ADA, NOW)
    second = await support_acts.answer_by_mail(firm.context, await whom(firm), "", ADA, NOW + DAY)
    assert [first.rule, second.rule] == ["unproven-handheld", "prohibited-app"]


async def test_a_mail_says_until_when_all_devices_of_a_person_are_let_in(firm: Company) -> None:
    await has(firm, record("a1", "alice", "tiktok"))
    await support_acts.exempt_for(firm.context, ADA, "a journey", NOW, rule="all", days=3, person="alice")
    await firm.catch_up()
    mail = await support_acts.answer_by_mail(firm.context, await whom(firm), "", ADA, NOW)
    assert mail.notice
    assert (mail.notice.let_in_until, mail.notice.devices) == (NOW + 3 * DAY, ())


async def test_an_exemption_of_one_device_is_not_said_of_the_other(firm: Company) -> None:
    first, _ = await has(firm, record("a1", "alice", "tiktok"), record("a2", "alice", "tiktok"))
    await support_acts.exempt_for(firm.context, ADA, "a journey", NOW, rule="all", days=3, device=first.id)
    await firm.catch_up()
    mail = await support_acts.answer_by_mail(firm.context, await whom(firm), "", ADA, NOW)
    assert mail.notice
    assert (mail.notice.let_in_until, len(mail.notice.devices)) == (None, 1)


async def test_a_mail_to_a_warned_person_tells_the_end_and_the_help_desk(firm: Company) -> None:
    await written(firm, share="100%")
    help_desk = firm.bundle.settings.company.model_copy(update={"help": "it-help@example.com"})
    settings = firm.bundle.settings.model_copy(update={"company": help_desk})
    firm.bundle = replace(firm.bundle, settings=settings)
    await has(firm, record("a1", "alice", "tiktok"))
    mail = await support_acts.answer_by_mail(firm.context, await whom(firm), "", ADA, NOW)
    assert mail.notice
    assert mail.notice.enforce_at == datetime(2026, 12, 24, 8, tzinfo=UTC)
    assert mail.notice.contact == "it-help@example.com"
    text = NoticeWriter().write(mail.notice).text
    assert "From Thu, Dec 24, 2026, 8:00 AM UTC, company mail no longer opens on the device below." in text


async def test_an_empty_answer_or_one_without_mails_is_refused(firm: Company) -> None:
    await has(firm, record("a1", "alice"))
    with pytest.raises(RefusedError, match="enter an answer"):
        await support_acts.answer_by_mail(firm.context, await whom(firm), " ", ADA, NOW)
    firm.no_notices()
    with pytest.raises(RefusedError, match="no mails are sent"):
        await support_acts.answer_by_mail(firm.context, await whom(firm), "All is well.", ADA, NOW)
    assert await firm.store.mails.page() == []


async def test_requests_are_done_and_open_again_and_only_a_change_is_written_down(firm: Company) -> None:
    for each in (ALICE, BOB):
        await firm.store.help_requests.note(each)
    assert await support_acts.finish_requests(firm.context, BOTH[:1], ADA, NOW) == 1
    assert await support_acts.finish_requests(firm.context, BOTH, ADA, NOW) == 1
    assert await support_acts.finish_requests(firm.context, BOTH, ADA, NOW) == 0
    assert {each.done_by for each in await firm.store.help_requests.page()} == {"ada"}
    assert await support_acts.reopen_requests(firm.context, BOTH, ADA, NOW) == 2
    assert await support_acts.reopen_requests(firm.context, BOTH, ADA, NOW) == 0
    assert (await firm.acts())[1:] == [
        ("help-done", "ada", "rule prohibited-app"), ("help-done", "ada", "2 rules"),
        ("help-reopened", "ada", "2 rules"),
    ]  # fmt: skip
