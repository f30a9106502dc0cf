"""From what is stored to what the page shows: every field, and no word about anyone else."""

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.own import EAS_ID, LISTED, LOOKED, PHONE, REPORT, UNREPORTED, asking
from tests.unit.store.mail import a_mail

from mailgate.devices.device import Contradiction, Device, Report
from mailgate.devices.trust import ENROLLED
from mailgate.gateway.pages.employee import AskedSource, SourceResult
from mailgate.gateway.pages.me import LABELS
from mailgate.gateway.pages.view import View
from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.gateway.selfservice.stored_view import (
    card_of,
    exemption_record,
    help_record,
    key_record,
    language_record,
    last_seen,
    listed_names,
    look_record,
    mail_record,
    names_blocked_later,
    names_blocked_now,
    open_help_requests,
    quarantine_mail_record,
    request_record,
    stored_devices,
    token_record,
)
from mailgate.model import ExtensionWord, Kind, Posture, PostureState, Reason
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.model.notice import ToldDevice
from mailgate.policy import Policy
from mailgate.policy.reliefs import Cause, Relief
from mailgate.policy.rules import Rule
from mailgate.store import EnrolledKey, EnrolmentToken, HelpRequest, Recorded, RetentionTimes, Sighting, Tally
from mailgate.store.looks import DataLook
from mailgate.store.person_records import QuarantineMail
from mailgate.store.reliefs import KeptRelief
from mailgate.store.sightings import ClientFacts, Proofs

KEEP = RetentionTimes(timedelta(days=30), timedelta(days=90), timedelta(days=365))
ASKED = asking()
OWN = OwnDevice(PHONE.id, LISTED, ASKED.access, ASKED.decision, PHONE)


def card(own=OWN, **more):
    return card_of(
        own,
        KEEP,
        person="alice",
        view_of=lambda access, decision: View(decision.reason, "REF", access.now, decision.effect),
        name_of=str.title,
        **more,
    )


def reported(**changed):
    return card(replace(OWN, device=Device(PHONE.id, (replace(REPORT, **changed),))))


def test_a_card_says_what_the_device_is_and_until_when_it_is_stored():
    shown_card = card(asked=(AskedSource(SourceResult.NOBODY),))
    assert (shown_card.mark, shown_card.os, shown_card.os_version) == (PHONE.id, "ios", "18.6")
    assert shown_card.apps == ("Tiktok",)
    assert shown_card.sources == PHONE.reports == (REPORT,)
    assert shown_card.asked == (AskedSource(SourceResult.NOBODY),)
    assert (shown_card.since, shown_card.until) == (PHONE.first_seen, NOW + timedelta(days=90))


@pytest.mark.parametrize(
    ("names", "tail"),
    [
        ({("serial", "C39X84F2A"), ("eas", EAS_ID)}, "4F2A"),
        ({("udid", "0000ABCD"), ("eas", EAS_ID)}, "ABCD"),
        ({("eas", EAS_ID), ("eas", EAS_ID.encode().hex())}, "FAKE"),
        ({("key", "thumbprint")}, "CCCC"),
    ],
)
def test_the_tail_is_of_the_id_that_its_owner_can_find(names, tail):
    assert reported(names=frozenset(names)).tail == tail


def test_every_field_of_every_report_is_shown():
    times = dict.fromkeys(
        ("looked_from", "expires_at", "denied_at", "denied_until", "compliance_last", "denied_last"), NOW
    )
    texts = {"profile": "personal", "denied_by": "policy 7", "not_denied": "not-active"}
    whole = replace(PHONE, reports=(replace(REPORT, **times, **texts),))
    device, report = card(replace(OWN, device=whole)).stored
    assert device == {"device_id": PHONE.id, "first_seen": PHONE.first_seen, "last_seen": NOW}
    assert {each.name for each in fields(Report)} - {"adds", "names"} <= report.keys()
    assert report["apps"] == ("Tiktok",)
    assert report["serial"] == ("C39X84F2A",)
    assert report["eas"] == (EAS_ID.encode().hex(), EAS_ID)


def test_a_field_that_no_source_told_is_left_out():
    _, report = reported(asked=None, compliance_at=None, denied_at=None).stored
    assert not {"asked", "compliance", "threat", "denied", "not_denied"} & report.keys()
    assert {"apps", "enrolment", "owner"} <= report.keys()
    assert not {"looked_from", "expires_at", "profile"} & report.keys()
    _, report = reported(apps=frozenset(), apps_complete=None, reported_at=None).stored
    assert not {"apps", "apps_complete", "profile", "reported_at"} & report.keys()


def test_every_field_has_words():
    lost = Device(
        PHONE.id, (REPORT,), former_ids=frozenset({"old"}), lost_at=NOW,
        findings=(Contradiction(Reason.KIND_CONTRADICTED, "", "kind: …"),),
    )  # fmt: skip
    rows = (
        request(),
        mail(),
        notice(),
        language_record("de", NOW.date(), KEEP.sightings),
        enrolled(machine="LT-1"),
        let_in(),
        exemption(),
        called(),
    )
    groups = [*card(replace(OWN, device=lost)).stored, *(row.fields for row in rows)]
    assert {name for group in groups for name in group} <= LABELS.keys()


def test_another_owner_is_not_named():
    _, report = reported(owner="bob").stored
    assert report["owner"] == "…"
    _, report = reported(owner="ALICE").stored
    assert report["owner"] == "ALICE"


def test_a_finding_is_told_by_its_code_since_its_detail_may_name_somebody():
    found = Contradiction(Reason.KIND_CONTRADICTED, "", "owner: alice says intune, bob says jamf", NOW)
    shown_card = card(replace(OWN, device=Device(PHONE.id, (REPORT,), findings=(found,))))
    assert shown_card.findings == ("kind-contradicted",)
    assert "bob" not in repr(shown_card)


def test_a_source_that_has_it_no_longer_is_none():
    assert reported(gone=True).sources == ()


def test_a_phone_that_never_reported_shows_what_is_known_of_it():
    own = OwnDevice(UNREPORTED.mark, Posture(), ASKED.access, ASKED.decision, sighted=UNREPORTED)
    shown_card = card(own)
    assert (shown_card.model, shown_card.tail) == ("iPhone", "7777")
    (group,) = shown_card.stored
    assert group == {"eas": ("appl7777",), "count": 3, "first_at": UNREPORTED.first_at, "last_at": NOW}
    assert shown_card.until == NOW + timedelta(days=30)


def test_a_device_that_is_not_stored_shows_no_field():
    assert card(replace(OWN, device=None)).stored == ()


CLIENT = ClientFacts(
    "phone",
    True,
    "claimed",
    "phone",
    "ios",
    "safari",
    "activesync",
    "appl1",
    "POST",
    "/a",
    (("user-agent", "x"),),
    Proofs("accepted", "https://mdm.example.com", self_reported=True, findings=("key-in-two-places",)),
)
SEEN = Sighting(
    NOW.date(), CLIENT, PHONE.id, "listed", "alice", "listed", "block", "prohibited-app", ("r:block",), "v1"
)


def request():
    return request_record(Recorded("id", SEEN, Tally(3, LOOKED, NOW, "REF2345")), KEEP.sightings)


def mail():
    return quarantine_mail_record(
        QuarantineMail("appl1", "prohibited-app", NOW), "alice@example.com", KEEP.sightings
    )


def test_every_field_of_a_request_is_shown():
    row = request().fields
    assert row["headers"] == ("user-agent: x",)
    assert row["asked_for"] == "POST /a"
    assert row["proofs"] == (
        "attestation: accepted", "issuer: https://mdm.example.com", "self_reported", "key-in-two-places",
    )  # fmt: skip
    shown_apart = {"client", "device", "eas_id", "headers", "method", "target"}
    assert (set(Sighting._fields) | set(ClientFacts._fields)) - shown_apart <= row.keys()
    assert (row["count"], row["first_at"], row["last_at"], row["reference"]) == (3, LOOKED, NOW, "REF2345")
    assert (row["eas"], row["device_id"]) == (("appl1",), PHONE.id)
    assert request().until == NOW + timedelta(days=30)


def test_the_word_of_an_extension_is_shown_by_its_fields():
    proofs = Proofs(
        "accepted", extension=ExtensionWord("0.1.0", "admin", True, "Firefox", disk_encrypted=False)
    )
    seen = SEEN._replace(client=CLIENT._replace(proofs=proofs))
    record = request_record(Recorded("id", seen, Tally(3, LOOKED, NOW, "REF2345")), KEEP.sightings)
    shown = record.fields["proofs"]
    assert shown == (
        "attestation: accepted", "extension.version: 0.1.0", "extension.install_type: admin", "extension.managed: True",
        "extension.browser: Firefox", "extension.disk_encrypted: False",
    )  # fmt: skip


def test_a_mail_says_when_it_was_sent_and_why():
    row = mail().fields
    assert row == {
        "written_at": NOW,
        "reason": "prohibited-app",
        "person": "alice@example.com",
        "device_id": "appl1",
    }


def notice():
    about = (
        ToldDevice(Kind.PHONE, "ios", PostureState.LISTED, ("tiktok",)),
        ToldDevice(Kind.TABLET, "ios", PostureState.MISSING, ()),
    )
    return mail_record(
        a_mail("alice", version=3, about=about), KEEP.sightings, {"tiktok": "TikTok"}.__getitem__
    )


def test_a_mail_about_a_rule_is_shown_with_what_became_of_it():
    row = notice().fields
    assert (row["rule"], row["policy"], row["state"], row["kind"]) == ("app", "3", "queued", "enforced")
    assert (row["person"], row["user"]) == ("alice@example.com", "alice")
    assert (row["form"], row["os"], row["apps"]) == (("phone", "tablet"), ("ios",), ("TikTok",))
    assert row["posture"] == ("listed", "missing")


KEY = EnrolledKey("thumb", "phone", "alice", "token-1", LOOKED, NOW, None)


def enrolled(**changed):
    return key_record(replace(KEY, **changed), KEEP.devices)


def let_in():
    token = EnrolmentToken("token-1", "alice", "for the tablet", 2, LOOKED, NOW + timedelta(days=1))
    return token_record(token, KEEP.devices)


@pytest.mark.parametrize(
    ("changed", "last"),
    [
        ({}, NOW),
        ({"reported_at": None}, LOOKED),
        ({"revoked_at": NOW + timedelta(days=2)}, NOW + timedelta(days=2)),
    ],
)
def test_an_enrolled_key_is_shown_with_its_end(changed, last):
    row = enrolled(**changed)
    named = row.fields
    assert (named["key"], named["token"], named["user"]) == ("thumb", "token-1", "alice")
    assert row.until == last + timedelta(days=90)


def test_a_key_is_shown_with_what_its_browser_last_said():
    said = '{"os": "linux", "browser": {"name": "Firefox", "version": "153"}, "form_factors": [], "managed": true}'
    named = enrolled(said=said).fields
    assert named["said"] == ("os: linux", "browser: Firefox 153", "form_factors: []", "managed: True")
    assert "said" not in enrolled().fields


@pytest.mark.parametrize(("kind", "asleep"), [(Kind.LAPTOP, True), (Kind.PHONE, False)])
def test_a_computer_whose_browser_does_not_report_is_asleep(kind, asleep):
    posture = Posture(PostureState.STALE, PHONE.id, kind, sources=(ENROLLED,))
    assert card(replace(OWN, posture=posture)).asleep is asleep


@pytest.mark.parametrize("proven", [False, True])
def test_the_computer_of_a_key_is_shown_and_whether_it_was_proved(proven):
    named = enrolled(machine="LT-1", proven=proven).fields
    assert (named["machine"], named.get("proven", False)) == ("LT-1", proven)


def test_an_enrolment_token_is_shown_with_its_end():
    named = let_in().fields
    assert (named["note"], named["uses_left"]) == ("for the tablet", 2)
    assert let_in().until == NOW + timedelta(days=91)


EXEMPTED = KeptRelief(
    Relief(3, Cause.EXEMPTION, "no-tiktok", "a new phone", "grace", LOOKED, NOW, "alice", "aaaa-bbbb-cccc")
)


def exemption(**changed):
    return exemption_record(replace(EXEMPTED, **changed), KEEP.sightings)


ASKED_FOR_HELP = HelpRequest(
    "no-tiktok", "alice", "alice", "d1", "prohibited-app", "REF1", "p1", True, 2, LOOKED, NOW
)
"""It waits, and she wrote nothing with it."""


def called():
    return help_record(ASKED_FOR_HELP, KEEP.sightings)


def test_an_exemption_is_shown_without_the_admin():
    named = exemption().fields
    assert (named["rule"], named["note"], named["ends_at"]) == ("no-tiktok", "a new phone", NOW)
    assert "grace" not in named.values()
    assert exemption().until == NOW + KEEP.sightings
    assert exemption(ended_at=LOOKED).until == LOOKED + KEEP.sightings


@pytest.mark.parametrize(
    ("roles", "role"), [("operator viewer", "operator"), ("approver", "other"), ("", "other")]
)
def test_a_look_is_shown_by_the_role_of_the_reader_and_without_a_name(roles, role):
    look = DataLook(NOW, "grace", roles, "console at gate-1", "people", "alice", "d1")
    row = look_record(look, KEEP.looks)
    assert row.fields == {"looked_at": NOW, "role": role, "device_id": "d1"}
    assert row.until == NOW + KEEP.looks


def test_a_request_for_help_is_shown_with_its_end():
    named = called().fields
    assert (named["reason"], named["reference"], named["count"]) == ("prohibited-app", "REF1", 2)
    assert called().until == NOW + KEEP.sightings


def test_every_listed_app_is_named_on_a_list_or_not():
    apps = {key: ListedApp(key, key.title()) for key in ("wechat", "tiktok", "chess")}
    assert listed_names(AppCatalog(apps, {"prohibited": ("wechat", "tiktok")})) == (
        "Chess",
        "Tiktok",
        "Wechat",
    )


def test_apps_that_cost_a_phone_its_mail_are_listed_apart():
    apps = {key: ListedApp(key, key.title()) for key in ("wechat", "tiktok", "capcut", "moomoo")}
    catalog = AppCatalog(apps, {"banned": ("wechat", "tiktok")})
    rules = [("a", '"banned" in device.lists', "block"), ("b", '"moomoo" in device.apps', "warn")]
    rules += [("c", '"capcut" in device.apps', "challenge")]
    made = tuple(
        Rule.model_validate({"id": name, "when": when, "effect": effect}) for name, when, effect in rules
    )
    assert names_blocked_now(Policy(made, catalog=catalog), NOW) == ("Capcut", "Tiktok", "Wechat")
    assert names_blocked_later(Policy(made, catalog=catalog), NOW) == ()


@pytest.mark.parametrize(
    ("stages", "now", "later"),
    [
        ({"report_only": "2020-01-01", "enforce": "2099-01-01"}, (), ("Tiktok",)),
        ({"warn": "2020-01-01", "enforce": "2099-01-01"}, (), ("Tiktok",)),
        ({"warn": "2020-01-01", "enforce": "2020-02-01"}, ("Tiktok",), ()),
        ({"warn": "2020-01-01"}, (), ()),
        ({"enforce": "2099-01-01"}, (), ("Tiktok",)),
    ],
)
def test_an_app_keeps_mail_out_from_the_day_of_its_rule(stages, now, later):
    catalog = AppCatalog({"tiktok": ListedApp("tiktok", "Tiktok")}, {"banned": ("tiktok",)})
    rule = {"id": "a", "when": '"banned" in device.lists', "effect": "block", "stages": stages}
    policy = Policy((Rule.model_validate(rule),), catalog=catalog)
    assert (names_blocked_now(policy, NOW), names_blocked_later(policy, NOW)) == (now, later)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("changed", "waits"),
    [
        ({}, True),
        ({"replied_at": NOW}, False),
        ({"replied_at": NOW, "last_at": NOW + DAY}, True),
        ({"replied_at": NOW, "done_at": NOW, "answer": "Now."}, False),
    ],
    ids=["asked", "a mail", "asked again", "closed with words"],
)
def test_a_help_request_is_shown_while_it_waits_and_with_its_answer(changed, waits):
    asked = replace(ASKED_FOR_HELP, **changed)
    assert open_help_requests([asked], NOW) == (asked,)
    assert asked.waits == waits


def test_a_closed_help_request_is_shown_only_for_its_answer_and_not_for_ever():
    closed = replace(ASKED_FOR_HELP, replied_at=NOW, done_at=NOW)
    assert open_help_requests([closed], NOW) == ()
    assert open_help_requests([replace(closed, answer="Now.")], NOW + 14 * DAY) == ()


def test_only_stored_devices_are_listed():
    assert stored_devices([OWN, replace(OWN, device=None)]) == [PHONE]


def test_the_newest_row_tells_where_a_device_was_seen_last():
    older, newer = Tally(3, LOOKED, LOOKED, "A"), Tally(3, LOOKED, NOW, "B")
    rows = [Recorded("1", SEEN, newer), Recorded("2", SEEN, older)]
    assert last_seen(rows)[SEEN.device].at == NOW
    assert last_seen(reversed(rows))[SEEN.device].at == NOW
