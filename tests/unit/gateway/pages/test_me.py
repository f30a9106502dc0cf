import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from tests.unit.gateway.pages.own import ALLOWED, ASKED, BLOCKED, NOBODY, NOW, OWN, PHONE, TABLET, spoken
from tests.unit.gateway.pages.test_render import HOSTILE, Outline

from mailgate.attest.report import Profile
from mailgate.devices.device import Report
from mailgate.gateway.pages.devices import ENROLMENTS
from mailgate.gateway.pages.employee import (
    NO_RECORDS,
    EmployeeView,
    ExemptionView,
    LastSeen,
    OwnerReports,
    StoredRecord,
    StoredRecords,
)
from mailgate.gateway.pages.me import LABELS
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.view import View
from mailgate.model import Compliance, Effect, Enrolment, Kind, PostureState, Reason, Threat
from mailgate.model.device import NotDenied
from mailgate.model.phrase import TAGS
from mailgate.policy.variables import STATUSES
from mailgate.store import MailKind, MailState

TO_EXTEND = replace(BLOCKED, fix="get-extension", extension_url="https://store.example.com/mailgate")


def words(pages: Pages, view: EmployeeView) -> str:
    """What the page says, with a space wherever a block ends."""
    page = pages.me(view)
    spaced = re.sub(r"<(?=/?(?:button|d[dlt]|div|h\d|li|p|section|blockquote)\b)", " <", page.html)
    return " ".join(Outline(replace(page, body=spaced.encode())).words.split())


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize(
    "view",
    [
        OWN,
        NOBODY,
        replace(OWN, here=BLOCKED),
        replace(OWN, here=TO_EXTEND, devices=(replace(PHONE, verdict=TO_EXTEND),)),
        replace(OWN, codes=True),
        replace(OWN, codes=True, code="7K3M-9XQ2"),
    ],
    ids=["own", "nobody", "blocked", "extension", "codes", "code"],
)
def test_the_page_is_complete_in_every_language(pages: Pages, view: EmployeeView, language: str) -> None:
    page = pages.me(spoken(view, language))
    outline = Outline(page)
    assert page.language == language
    assert outline.all("html") == [{"lang": language, "dir": "rtl" if language == "ar" else "ltr"}]
    assert "%(" not in page.html
    headings = [int(tag[1]) for tag, _ in outline.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(headings))
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_blocked_device_has_the_words_of_the_block_page(pages: Pages) -> None:
    text = words(pages, OWN)
    refusal = Outline(pages.page("refusal", BLOCKED)).words
    for sentence in (
        "TikTok was found on this device. While it is there, this device gets no company mail.",
        "Touch and hold the icon, then tap “Remove App”.",
    ):
        assert sentence in text
        assert sentence in refusal
    for told in (words(pages, replace(OWN, records=NO_RECORDS)), refusal):
        assert "An app on this device is not allowed" not in told, "the cause is told once"


def test_who_looked_is_told_by_role(pages: Pages) -> None:
    text = words(pages, OWN)
    assert "Who looked at your data 1" in text
    assert "Who The help desk" in text
    assert "Wer Der Helpdesk" in words(pages, spoken(OWN, "de"))
    other = replace(OWN.records.looks[0], fields={"role": "other"})
    assert "An administrator" in words(pages, replace(OWN, records=StoredRecords(looks=(other,))))


def test_steps_of_the_block_page_alone_are_left_out(pages: Pages) -> None:
    missing = replace(BLOCKED, reason=Reason.POSTURE_MISSING, apps=())
    text = words(pages, replace(OWN, devices=(replace(PHONE, verdict=missing),)))
    assert "install it as your company describes" in text
    assert "Leave this page open" not in text


def test_a_device_has_a_name_that_people_know_it_by(pages: Pages) -> None:
    text = words(pages, OWN)
    assert "iPhone iOS 18.6 · id ends in 4F2A" in text
    assert "Android tablet" in text


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Effect.ALLOW, "Gets company mail No listed"),
        (Effect.WARN, "Gets company mail, with a warning"),
        (Effect.BLOCK, "Gets no company mail"),
        (Effect.CHALLENGE, "Gets no company mail"),
    ],
)
def test_the_page_says_what_a_device_gets(pages: Pages, effect: Effect, said: str) -> None:
    card = replace(PHONE, verdict=replace(BLOCKED, effect=effect), state=PostureState.CLEAN, apps=())
    assert said in words(pages, replace(OWN, devices=(card,)))


@pytest.mark.parametrize(
    ("here", "said"),
    [(ALLOWED, "We have not checked this browser yet."), (BLOCKED, "This browser gets no company mail")],
)
def test_a_browser_that_has_to_be_probed_first_is_not_told_that_it_gets_mail(
    pages: Pages, here: View, said: str
) -> None:
    told = words(pages, EmployeeView(here, unchecked=True))
    assert said in told
    assert "This browser gets company mail" not in told


def test_a_browser_that_goes_by_its_person_is_told_so(pages: Pages) -> None:
    here = replace(BLOCKED, by_person=True)
    told = words(pages, replace(OWN, here=replace(here, effect=Effect.ALLOW), devices=()))
    assert "goes by what is known of all your phones and tablets" in told
    told = words(pages, replace(OWN, here=here, devices=()))
    assert "This browser goes by all your phones and tablets" in told
    assert "on this device" not in told.partition("What this check sees")[0]
    assert "What you can do" not in told, "nothing can be done here: each device says what"


def test_a_lost_device_is_lost_whatever_else_is_known(pages: Pages) -> None:
    text = words(pages, replace(OWN, devices=(replace(PHONE, lost=True),)))
    assert "Marked as lost. No mail" in text
    assert "Touch and hold" not in text


def test_a_deadline_that_runs_is_said(pages: Pages) -> None:
    warned = replace(BLOCKED, effect=Effect.WARN, deadline=NOW + timedelta(days=6))
    text = words(pages, replace(OWN, devices=(replace(PHONE, verdict=warned),)))
    told = "Gets company mail until Tue, Dec 15, 9:00 AM UTC (in 6 days); after that no longer, if nothing changes"
    assert told in text.replace("\u202f", " ")
    assert "TikTok. A rule of your company warns of this." in text
    assert not {"with a warning", "get no company mail"} & set(re.split(r"[.;] ", text)), (
        "one truth, and not two"
    )
    assert "This browser gets company mail until Tue, Dec 15" in words(pages, replace(NOBODY, here=warned))
    over = replace(warned, deadline=NOW)
    assert "if nothing changes" not in words(pages, replace(OWN, devices=(replace(PHONE, verdict=over),)))


def test_the_page_says_which_source_looked_when(pages: Pages) -> None:
    text = words(pages, OWN)
    assert "intune: looked at the apps 3 minutes ago" in text
    sources = (
        Report("google", "1", reported_at=NOW, apps_complete=False),
        Report("jamf", "1"),
        Report("fleet", "1", apps_complete=True),
    )
    text = words(pages, replace(OWN, devices=(replace(PHONE, sources=sources),)))
    assert "(not every app)" in text
    assert "jamf: does not see which apps are there" in text
    assert "fleet: it is not known when it looked at the apps" in text


def test_the_page_says_how_much_older_a_list_may_be(pages: Pages) -> None:
    report = Report("intune", "1", apps_complete=True, reported_at=NOW, looked_from=NOW - timedelta(days=7))
    text = words(pages, replace(OWN, devices=(replace(PHONE, sources=(report,)),)))
    assert "The list of apps may be up to 7 days older than that." in text
    assert "older than that" not in words(pages, OWN)


@pytest.mark.parametrize("enrolment", Enrolment)
def test_the_page_says_how_a_source_has_the_device(pages: Pages, enrolment: Enrolment) -> None:
    sources = (Report("intune", "1", apps_complete=False, reported_at=NOW, enrolment=enrolment),)
    text = words(pages, replace(OWN, devices=(replace(PHONE, sources=sources),)))
    assert (enrolment is Enrolment.UNKNOWN) == ("(not every app);" not in text)
    assert enrolment not in ENROLMENTS or f"(not every app); {ENROLMENTS[enrolment]}" in text


def test_an_enrolled_device_is_its_own_source_without_work_apps(pages: Pages) -> None:
    laptop = replace(
        PHONE,
        os="linux",
        kind=Kind.LAPTOP,
        apps=(),
        state=PostureState.PARTIAL,
        verdict=replace(PHONE.verdict, effect=Effect.ALLOW),
        sources=(Report("enrolled", "1", reported_at=NOW, apps_complete=False),),
        stored=({"source": "enrolled"},),
    )
    text = words(pages, replace(OWN, devices=(laptop,)))
    assert "The device itself: looked at the apps" in text
    assert "(not every app)" in text
    assert "Perhaps not every app on it was seen." in text
    assert "work apps" not in text
    assert not re.search(r"\benrolled\b", text)


def test_every_stored_field_is_there_since_when_and_until_when(pages: Pages) -> None:
    text = words(pages, OWN)
    assert "Its name there phone-1" in text
    assert "Managed by your company yes" in text
    assert re.search(r"Stored since Oct 29, 9:00 AM UTC. Kept until Mar 9, 2027, 9:00 AM UTC", text)
    assert "Times 14" in text
    assert "Answer Gets no company mail" in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [((), "none"), (None, "not known"), ("", "not known"), (False, "no"), (("a", "b"), "a, b"), (7, "7")],
)
def test_a_value_is_said_plainly(pages: Pages, value: object, shown: str) -> None:
    record = StoredRecord({"status": value}, NOW)
    assert f"How sure we are {shown} " in words(
        pages, replace(OWN, records=StoredRecords(exemptions=(record,)))
    )


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("status", "none", "How sure we are not known"),
        ("enrolment", Enrolment.UNKNOWN, "How it is enrolled not known"),
        ("enrolment", Enrolment.NONE, "How it is enrolled in no device management"),
        ("os", "ios", "System iOS"),
        ("os", "fuchsia", "System fuchsia"),
        ("kind", Kind.PHONE, "Kind Phone"),
        ("kind", MailKind.ENFORCED, "Kind Company mail: a rule that affects a device of yours has started"),
        ("kind", "holodeck", "Kind holodeck"),
        ("enrolment", "borrowed", "How it is enrolled borrowed"),
        ("effect", "delay", "Answer delay"),
        ("form", ("tablet", "mail_app"), "Form Tablet, Mail app"),
        ("os", ("ios", "android"), "System iOS, Android"),
        ("apps", ("unknown", "ios"), "Listed apps on it unknown, ios"),
        ("rule", "*", "Rule every rule"),
        (
            "findings",
            ("device-os-contradicted (2026-11-30)",),
            "Contradictions Its sources name different systems for it. (2026-11-30)",
        ),
        (
            "findings",
            ("something-new (2026-11-30)",),
            "Contradictions Its sources contradict each other about it. Your help desk can see what they disagree on. (2026-11-30)",
        ),
        ("words", "unknown", "What you wrote unknown"),
        ("rule", "ios", "Rule ios"),
    ],
)
def test_a_word_of_the_store_is_told_in_words(pages: Pages, name: str, value: str, shown: str) -> None:
    record = StoredRecord({name: value}, NOW)
    assert f"{shown} " in words(pages, replace(OWN, records=StoredRecords(exemptions=(record,))))


CLOSED: dict[str, Iterable[str]] = {
    "kind": [*Kind, *MailKind],
    "status": STATUSES,
    "profile": Profile,
    "compliance": Compliance,
    "threat": Threat,
    "not_denied": NotDenied,
    "posture": PostureState,
    "effect": Effect,
    "state": MailState,
    "enrolment": Enrolment,
}
"""The fields of which the store keeps a word of a closed set."""


@pytest.mark.parametrize("name", CLOSED)
def test_no_word_of_a_closed_set_is_shown_as_it_is_stored(pages: Pages, name: str) -> None:
    for word in CLOSED[name]:
        record = StoredRecord({name: str(word)}, NOW)
        text = words(pages, replace(OWN, devices=(), records=StoredRecords(exemptions=(record,))))
        assert LABELS[name].one in text
        assert f"{LABELS[name].one} {word} " not in text, word


def test_a_field_without_a_label_shows_its_name_and_an_unknown_reason_itself(pages: Pages) -> None:
    record = StoredRecord({"colour": "blue", "reason": "was-once-a-reason"}, NOW)
    text = words(pages, replace(OWN, records=StoredRecords(exemptions=(record,))))
    assert "colour blue" in text
    assert "Reason was-once-a-reason" in text


def test_contradictions_of_sources_are_said_without_names(pages: Pages) -> None:
    card = replace(PHONE, findings=("device-owner-contradicted", "something-new"))
    text = words(pages, replace(OWN, devices=(card,)))
    assert "Its sources name different people as its owner." in text
    assert "Its sources contradict each other about it." in text


def test_every_listed_app_is_named_prohibited_ones_first(pages: Pages) -> None:
    many = tuple(f"App {number:02d}" for number in range(20))
    text = words(pages, replace(OWN, listed=(*many, "TikTok"), keeping_out=("TikTok",)))
    assert "These apps can keep company mail away: TikTok." in text
    assert "Other apps that it looks for 20 App 00, App 01" in text
    assert "App 19" in text
    assert "Your company does not check for any app." in words(pages, replace(OWN, listed=()))
    coming = words(pages, replace(OWN, listed=("CamScanner", "TikTok"), later=("CamScanner",)))
    assert "These apps can keep company mail away later: CamScanner." in coming
    assert "keep company mail away:" not in coming
    assert "Other apps that it looks for 1 TikTok" in coming


def test_an_open_request_for_help_stands_on_top_with_how_far_it_is(pages: Pages) -> None:
    asked = replace(ASKED, last_at=NOW - timedelta(hours=1))
    said = replace(ASKED, reason="own-page/not-theirs", reference="REF6", replied_at=NOW)
    told = replace(said, reason="posture-stale", words="It is <gone>.", answer="Open it & wait.")
    again = replace(asked, replied_at=NOW - timedelta(hours=2))
    text = words(pages, replace(OWN, waiting=(asked, said, told, again))).replace("\u202f", " ")
    assert (text.count("It waits for an answer"), text.count("You got an answer")) == (2, 1)
    assert "It is <gone>. The help desk answered: today, 9:00 AM UTC Open it & wait." in text
    assert text.index("You asked for help: today, 8:00 AM UTC") < text.index("iPhone")
    assert "An app keeps company mail off this device It waits for an answer Help number REF2345" in text
    assert "You said that a device is not yours You got an answer by mail: today, 9:00 AM UTC" in text
    assert "You asked for help" not in words(pages, OWN)


def test_an_exempt_person_reads_first_until_when_and_why(pages: Pages) -> None:
    exempted = ExemptionView("A new phone <b>is on its way</b>", NOW + timedelta(days=3))
    phone = replace(PHONE, verdict=replace(ALLOWED, kind=Kind.PHONE), exempted=exempted)
    page = pages.me(replace(OWN, devices=(phone, TABLET)))
    text = words(pages, replace(OWN, devices=(phone, TABLET)))
    assert "Gets company mail until Sat, Dec 12, 9:00 AM UTC, by an exemption" in text.replace("\u202f", " ")
    assert "After that it gets no company mail, if nothing changes. The exemption says: A new phone" in text
    assert "<b>is on" not in page.html
    assert f'id="device-{PHONE.mark}" class="verdict warn"' in page.html


def test_a_browser_that_is_exempt_says_so_on_top(pages: Pages) -> None:
    view = replace(NOBODY, person="alice", exempted=ExemptionView("On a journey", NOW + timedelta(days=3)))
    assert 'class="verdict warn" aria-labelledby="here"' in pages.me(view).html
    assert "by an exemption" in words(pages, view)
    without_end = replace(view, exempted=ExemptionView("On a journey"))
    assert "Gets company mail by an exemption" in words(pages, without_end)
    assert "After that" not in words(pages, without_end)


@pytest.mark.parametrize(
    ("known_by", "said"),
    [
        ("login", "you logged in with your mail login"),
        ("proxy", "you logged in with your company"),
        ("device", "this device is yours"),
    ],
)
def test_the_page_says_how_the_person_is_known(pages: Pages, known_by: str, said: str) -> None:
    assert f"You are alice: {said}." in words(pages, replace(OWN, known_by=known_by))


def test_nobody_is_offered_to_sign_in_only_where_that_works(pages: Pages) -> None:
    assert "Log in to see all your devices" in words(pages, NOBODY)
    assert "Sign in" not in words(pages, replace(NOBODY, sign_in=False))
    assert "Sign in" not in words(pages, replace(OWN, sign_in=True))


@pytest.mark.parametrize(
    ("login", "said"),
    [("wrong", "not accepted"), ("too-many", "wait ten minutes"), ("untold", "cannot be checked")],
)
def test_a_login_that_failed_is_answered(pages: Pages, login: str, said: str) -> None:
    assert said in words(pages, replace(NOBODY, login=login))
    assert said not in words(pages, NOBODY)


def test_nothing_stored_is_said_as_such(pages: Pages) -> None:
    text = words(pages, replace(OWN, devices=(), records=StoredRecords()))
    assert "Nothing is stored about you" in text
    assert "Your devices Android" not in text
    assert "This device is not known here" in words(pages, NOBODY)


def test_the_browser_is_explained_where_no_device_is(pages: Pages) -> None:
    here = replace(BLOCKED, reason=Reason.KIND_UNKNOWN, apps=())
    text = words(pages, replace(OWN, here=here, devices=(TABLET,)))
    assert "This browser gets no company mail It is not clear what kind of device this is" in text
    here_too = replace(PHONE, here=True)
    assert words(pages, replace(OWN, here=BLOCKED, devices=(here_too,))).count("Touch and hold") == 1


def test_older_rows_are_counted(pages: Pages) -> None:
    assert "not shown here: 7" in words(pages, replace(OWN, more=7))


def test_check_again_is_a_form_that_works_without_scripts(pages: Pages) -> None:
    outline = Outline(pages.me(OWN))
    assert outline.forms() == [
        {"method": "post", "action": f"/.mailgate/me#device-{mark}"} for mark in (PHONE.mark, TABLET.mark)
    ]
    assert [each["value"] for each in outline.all("input")] == ["/.mailgate/me", PHONE.mark, TABLET.mark]


def test_a_device_that_is_not_stored_cannot_be_checked(pages: Pages) -> None:
    card = replace(PHONE, stored=())
    assert "Check again" not in words(pages, replace(OWN, devices=(card,)))


def test_hostile_texts_stay_texts(pages: Pages) -> None:
    card = replace(
        PHONE,
        verdict=replace(BLOCKED, apps=(HOSTILE,), fix=HOSTILE, rule_title=HOSTILE),
        os=HOSTILE, os_version=HOSTILE, model=HOSTILE, tail=HOSTILE, apps=(HOSTILE,),
        sources=(Report(HOSTILE, HOSTILE, reported_at=NOW),), stored=({"id": HOSTILE, HOSTILE: (HOSTILE,)},),
        findings=(HOSTILE,),
    )  # fmt: skip
    view = replace(
        OWN, person=HOSTILE, devices=(card,), listed=(HOSTILE,), contact=HOSTILE, fingerprint=HOSTILE
    )
    outline = Outline(pages.me(replace(view, here=replace(ALLOWED, host=HOSTILE, reference=HOSTILE))))
    assert len(outline.all("script")) == 2
    assert HOSTILE in outline.words
    for tag, attributes in outline.tags:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        for name in ("href", "action"):
            assert not (attributes.get(name) or "").startswith("javascript:")


def test_the_page_loads_nothing_from_elsewhere(pages: Pages) -> None:
    page = pages.me(OWN)
    assert page.content_security_policy.startswith("default-src 'none'; ")
    assert "unsafe" not in page.content_security_policy
    assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", page.html)


def test_the_newest_rows_are_shown_and_the_download_has_all(pages: Pages) -> None:
    day = {"day": NOW.date(), "count": 14, "headers": ("accept: */*",)}
    many = (StoredRecord(day, NOW + timedelta(days=30)),) * 5
    text = words(
        pages, replace(OWN, records=StoredRecords(requests=many, exemptions=(many[0],) * 7), more=37)
    )
    assert "Requests for mail, counted by day 42" in text
    assert "There are older ones that are not shown here: 37. The download has them." in text
    assert "There are older ones that are not shown here: 2. The download has them." in text
    assert text.count("accept: */*") == 5  # of the exemptions: a request's row is short
    assert 'href="/.mailgate/me?download"' in pages.me(OWN).html
    assert "?download" not in pages.me(NOBODY).html


def test_two_equal_phones_differ_by_id_and_last_request(pages: Pages) -> None:
    seen = LastSeen(NOW - timedelta(hours=2), "Safari <b>")
    page = pages.me(replace(OWN, devices=(replace(PHONE, last=seen), replace(PHONE, mark="x", tail="9XQ2"))))
    text = words(
        pages, replace(OWN, devices=(replace(PHONE, last=seen), replace(PHONE, mark="x", tail="9XQ2")))
    )
    assert "id ends in 4F2A · last asked for mail 2 hours ago (Safari" in text
    assert "id ends in 9XQ2" in text
    assert "Safari <b>" not in page.html


def test_a_device_can_be_reported_without_scripts(pages: Pages) -> None:
    sayable = replace(OWN, devices=(replace(PHONE, owner_reports=OwnerReports(can_report=True)), TABLET))
    outline = Outline(pages.me(sayable))
    said = [each["value"] for each in outline.all("input") if each.get("name") == "about"]
    assert said == ["lost", "not-mine"]
    assert "A lost device gets no company mail until your help desk marks it as found." in words(
        pages, sayable
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (OwnerReports(noted=True), "can now see that this device is not yours"),
        (OwnerReports(to_confirm=True), "Is this device lost? It gets no company mail from then on"),
        (
            OwnerReports(undo=True),
            "This device is now reported as lost. You can undo this for one minute. Undo",
        ),
        (OwnerReports(too_late=True), "Your help desk can mark the device as found."),
    ],
)
def test_a_report_of_the_owner_is_answered_on_the_card(pages: Pages, told: OwnerReports, said: str) -> None:
    text = words(pages, replace(OWN, devices=(replace(PHONE, owner_reports=told),)))
    assert said in text
    assert "Not yours, or lost?" not in text


def test_no_two_fields_are_called_the_same() -> None:
    said = list(LABELS.values())
    assert len(said) == len(set(said))
