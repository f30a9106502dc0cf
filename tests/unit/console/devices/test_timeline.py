"""What became of a device, the newest first."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.store.examples import NOW, access
from tests.unit.store.mail import a_mail

from mailgate.console.devices.timeline import decision_events, device_events, mail_events, refusal_mail_events
from mailgate.devices.device import Contradiction, Device, Report
from mailgate.model import Reason
from mailgate.model.apps import AppCatalog, ListedApp
from mailgate.store import MailKind, MailState, QuarantineMail, Recorded, Sighting, Tally
from mailgate.store.client_facts import client_facts


def at(hours: float):
    return NOW + timedelta(hours=hours)


def seen() -> Recorded:
    asked = access()
    client = client_facts(asked)
    sighting = Sighting(
        NOW.date(), client, "d", "prohibited", "ada", "banned", "block", "prohibited-app", (), "v1"
    )
    return Recorded("s1", sighting, Tally(3, at(4), at(5), "REF"))


def test_reports_decisions_and_mails_stand_in_their_order() -> None:
    looked = Report(
        "jamf", "1", apps=frozenset({"tiktok"}), apps_complete=False, reported_at=at(3), last_seen=at(3)
    )
    gone = replace(looked, source="old", reported_at=None, gone=True, last_seen=at(2))
    silent = replace(gone, source="silent", gone=False, last_seen=at(1))
    found = Contradiction(Reason.DEVICE_OS_CONTRADICTED, "", "ios or android", since=at(3.5))
    device = Device("d", (looked, gone, silent), findings=(found,), lost_at=at(7), first_seen=at(0))
    mailed = refusal_mail_events([QuarantineMail("d", "prohibited-app", at(6))])
    events = [*device_events(device, AppCatalog({})), *decision_events([seen()]), *mailed]
    told = sorted(events, key=lambda event: event.at, reverse=True)
    assert [(each.what, each.words) for each in told] == [
        ("lost", "Marked as lost. No mail"),
        ("notice", "Mail sent: An app keeps company mail off this device"),
        ("decision", "Phone, iOS: refused 3 times that day. An app keeps company mail off this device"),
        ("finding", "Sources disagree: ios or android"),
        ("report", "jamf looked and found tiktok, as far as it can see"),
        ("report", "old no longer has the device"),
        ("report", "silent reported the device, without its apps"),
        ("first", "Device was reported for the first time"),
    ]
    assert (told[2].about, told[2].id) == ("block", "s1")


def test_a_time_that_nobody_knows_is_no_news() -> None:
    far = Report("jamf", "1", apps_complete=True, reported_at=at(3), looked_from=at(3).replace(year=1926))
    events = [*device_events(Device("d", (far,)), AppCatalog({}))]
    assert [each.words for each in events] == [
        "jamf looked and found no listed app, by a list that may be older"
    ]


def test_a_look_says_no_more_than_it_could_see_and_that_the_device_is_gone() -> None:
    asked = Report("mdm", "1", apps_complete=True, asked=frozenset({"tiktok"}), reported_at=at(1), gone=True)
    catalog = AppCatalog(
        {key: ListedApp(key, key.title()) for key in ("chess", "tiktok")}, {"prohibited": ("chess", "tiktok")}
    )
    events = device_events(Device("d", (replace(asked, last_seen=at(2)),)), catalog)
    assert [each.words for each in events if each.what == "report"] == [
        "mdm looked and found no listed app, as far as it can see",
        "mdm no longer has the device",
    ]


def test_mails_about_rules_stand_among_them() -> None:
    sent = a_mail(changed_at=at(8), state=MailState.SENT)
    sorry = a_mail(changed_at=at(9), kind=MailKind.CORRECTION, rule="")
    assert [each.words for each in mail_events([sorry, sent])] == [
        "Mail to ada: it was rolled back (queued)",
        "Mail to ada: it blocks now, rule “app” (sent)",
    ]
