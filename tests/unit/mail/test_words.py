"""What a mail about a rule says, and what it never says. ``tests/golden/notices`` has whole mails."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mailgate.mail.words import NoticeWriter
from mailgate.model import Kind, Reason
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, RuleEncounter, Standing
from mailgate.model.phrase import TAGS

WRITER = NoticeWriter("de")
LATER = datetime(2026, 12, 15, tzinfo=UTC)
PHONE = NoticeDevice(Reason.PROHIBITED_APP, Kind.PHONE, "ios", ("TikTok",))
LAPTOP = "laptop browser is not affected"


def text(**more: Any) -> str:
    return WRITER.write(replace(Notice(MailKind.ENFORCED, "en", devices=(PHONE,)), **more)).text


@pytest.mark.parametrize("free", [True, False])
def test_a_laptop_is_named_only_where_it_is_free(free: bool) -> None:
    assert (LAPTOP in text(laptop_allowed=free)) is free


@pytest.mark.parametrize(
    ("more", "said", "not_said"),
    [
        ({}, "does not open now on the device below", "warning"),
        (
            {"devices": (PHONE, replace(PHONE, os="android"))},
            "does not open now on the devices below",
            "warning",
        ),
        ({"warns": True}, "A warning comes before your mail now.", "open on this"),
        ({"kind": MailKind.WARNED, "enforce_at": LATER}, "15, 2026", "does not open"),
        ({"kind": MailKind.WARNED}, "A warning comes before your mail now.", "no longer opens"),
        ({"kind": MailKind.UPCOMING, "enforce_at": LATER}, "no longer opens on the device below", "open now"),
        (
            {"kind": MailKind.UPCOMING, "enforce_at": LATER, "warns": True},
            "a warning comes before",
            "no longer opens",
        ),
    ],
)
def test_the_mail_says_what_happens_and_when(more: dict[str, Any], said: str, not_said: str) -> None:
    told = text(**more)
    assert said in told
    assert not_said not in told


def test_without_a_reference_nobody_is_told_to_give_one() -> None:
    told = text(devices=(NoticeDevice(Reason.RULE_MATCHED, Kind.PHONE, "ios"),))
    assert "reference" not in told
    assert "your help desk can see what was decided" in told


@pytest.mark.parametrize(
    ("form", "date"), [("en-GB", "15 Dec 2026, 00:00"), ("en-US", "Dec 15, 2026, 12:00 AM")]
)
def test_a_mail_has_the_dates_of_its_readers_region(form: str, date: str) -> None:
    assert date in WRITER.write(Notice(MailKind.WARNED, form, enforce_at=LATER)).text


@pytest.mark.parametrize(("asked_for", "written_in"), [("", "de"), ("zh", "zh-Hans")])
def test_a_language_that_is_not_known_is_the_default_or_a_near_one(asked_for: str, written_in: str) -> None:
    assert WRITER.write(Notice(MailKind.ENFORCED, asked_for)).language == written_in


OPENS, CLOSED = (replace(PHONE, standing=each) for each in (Standing.OPEN, Standing.CLOSED))


@pytest.mark.parametrize(
    ("devices", "said", "not_said"),
    [
        ((OPENS,), "nothing that you need to do", "TikTok"),
        ((OPENS, CLOSED), "Gets no company mail", "nothing that you need to do"),
        ((OPENS, replace(PHONE, os="android")), "We cannot tell whether", "nothing that you need"),
        ((replace(OPENS, later=((LATER, Standing.CLOSED),)),), "From", "nothing that you need to do"),
        ((replace(OPENS, later=((LATER, Standing.UNKNOWN),)),), "Gets company mail", "nothing that you need"),
        ((), "We know no device of yours now", "nothing that you need to do"),
    ],
    ids=["open", "in part", "unknown", "later closed", "later unknown", "no device"],
)
def test_all_is_well_only_if_every_device_gets_mail_for_good(
    devices: tuple[NoticeDevice, ...], said: str, not_said: str
) -> None:
    reached = (RuleEncounter(EncounterKind.WARNING, "R", Reason.RULE_MATCHED),)
    mail = WRITER.write(Notice(MailKind.CORRECTION, "en", encounters=reached, devices=devices))
    told = mail.subject + mail.text + mail.html
    assert said in told
    assert not_said not in told
    assert "no longer holds" not in told


def test_hostile_texts_are_only_texts() -> None:
    evil = "<script>alert(1)</script>"
    phone = replace(PHONE, apps=(evil,), fix=f"do {evil}")
    notice = Notice(MailKind.ENFORCED, "en", title=evil, devices=(phone,), contact="javascript:alert(1)")
    mail = WRITER.write(notice)
    assert "<script" not in mail.html
    assert 'href="javascript' not in mail.html
    assert evil in mail.text


@pytest.mark.parametrize("language", TAGS)
def test_an_unasked_mail_claims_no_help_request_in_any_language(language: str) -> None:
    asked = Notice(MailKind.REPLY, language, answer="Please call us.")
    told, unasked = (WRITER.write(each) for each in (asked, replace(asked, was_requested=False)))
    lines = {line for line in unasked.text.splitlines() if line.strip()}
    assert "Please call us." in unasked.text
    assert told.subject != unasked.subject
    assert "asked for help" not in unasked.text
    assert "request for help" not in unasked.subject
    shared = lines & set(told.text.splitlines())
    assert len(lines - shared) >= 2, "neither the first line nor the last is that of an answer"
    if language != "en":
        assert "look after company mail" not in unasked.text, "every catalog has its words"


def test_a_rule_that_reached_somebody_for_two_reasons_is_told_once() -> None:
    reached = tuple(
        RuleEncounter(EncounterKind.REFUSAL, "No such apps", each)
        for each in (Reason.POSTURE_MISSING, Reason.POSTURE_STALE)
    )
    mail = WRITER.write(Notice(MailKind.CORRECTION, "en", encounters=reached))
    assert mail.text.count("No such apps") == 1


@pytest.mark.parametrize(
    ("choices", "free", "said"),
    [
        (("laptop", "management-app"), True, "Open your mail in a browser on a laptop"),
        (("company-phone",), True, "On a phone of your company"),
        (("laptop",), False, "your help desk can see what was decided"),
    ],
)
def test_a_mail_names_the_ways_that_the_company_offers(
    choices: tuple[str, ...], free: bool, said: str
) -> None:
    partly = NoticeDevice(Reason.POSTURE_PARTIAL, Kind.PHONE, "ios")
    notice = Notice(MailKind.ENFORCED, "en", devices=(partly,), laptop_allowed=free)
    told = NoticeWriter(choices=choices).write(notice).text
    assert said in told
    assert "management app" not in told


def test_ways_of_which_one_is_enough_are_not_numbered() -> None:
    partly = NoticeDevice(Reason.POSTURE_PARTIAL, Kind.PHONE, "android")
    writer = NoticeWriter(choices=("company-phone", "reporter"))
    written = writer.write(Notice(MailKind.ENFORCED, "en", devices=(partly,)))
    assert "One of these is enough:\n  - With your company’s check app" in written.text
    assert "<ul>" in written.html
    assert "<ol>" not in written.html
