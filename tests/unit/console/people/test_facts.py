"""Everything about one person: theirs, and nobody else's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.unit.console.files import BANNED, OPEN, bundle
from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, NOW, access, mail_app, minutes
from tests.unit.store.mail import a_mail

from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.people import facts as seen_person
from mailgate.console.people.facts import PersonFacts, person_of
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Client, Decision, Kind
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, HelpRequest, Store

LAPTOP = Client(Kind.LAPTOP, handheld=False, os="windows", browser="chrome")
ASKED = HelpRequest("banned", "ada", "ada", "", "prohibited-app", "REF1", "p", True, 1, NOW, NOW)
EXEMPT = Relief(0, Cause.EXEMPTION, "banned", "a test phone", "grace", NOW, NOW + timedelta(days=1), "ada")
TERMS = {"hours": 24, "once_per": "30d", "reason": "none"}
ACT = Act(NOW, "grace", "exemption-given")


def phone(
    name: str, *apps: str, owner: str = "ada", looked: bool = True, eas: tuple[str, ...] = ()
) -> Report:
    seen = AppsReport(frozenset(apps), True, NOW - timedelta(hours=1)) if looked else None
    return report_by("jamf", name, owner, Kind.PHONE, "ios", apps=seen, eas_ids=eas)


async def told(store: Store, login: str = "ada", now=NOW) -> PersonFacts:
    found = await person_of(store, bundle(), login, now)
    assert found is not None
    return found


async def ask(store: Store, client: Client, decision: Decision, minute: float = 0, **of: str) -> None:
    """Somebody asks for mail."""
    asked = access(client=client, now=NOW + minutes(minute), **{"user": "ada", "device": ""} | of)  # type: ignore[arg-type]
    store.ledger.record(asked, decision)
    await store.ledger.flush()


@pytest.mark.parametrize("login", ["", "  ", "ada", "ada@elsewhere.example"])
async def test_an_unknown_person_is_none(store: Store, login: str) -> None:
    await store.devices.ingest([phone("1", owner="lin")], NOW)
    await ask(store, BROWSER, BLOCK, user="lin")
    assert await person_of(store, bundle(), login, NOW) is None


@pytest.mark.parametrize("login", ["ada", " ADA ", "Corp\\Ada", "ada@corp"])
async def test_a_person_is_found_in_every_spelling_of_their_login(store: Store, login: str) -> None:
    await store.devices.ingest([phone("1"), phone("2", owner="adam")], NOW)
    found = await told(store, login)
    assert (found.login, found.address) == ("ada", "ada@example.com")
    assert [each.facts.owner for each in found.devices] == ["ada"]


@pytest.mark.parametrize(
    "leave",
    [
        lambda store: store.devices.ingest([phone("1")], NOW),
        lambda store: ask(store, LAPTOP, ALLOW),
        lambda store: store.reliefs.grant(EXEMPT, ACT),
        lambda store: store.help_requests.note(ASKED),
        lambda store: store.mails.queue([a_mail("ada")]),
    ],
)
async def test_every_trace_of_a_person_makes_them_known(store: Store, leave: Callable) -> None:
    await leave(store)
    assert (await told(store)).login == "ada"
    assert await person_of(store, bundle(), "lin", NOW) is None


async def test_devices_that_get_no_mail_come_first(store: Store) -> None:
    await store.devices.ingest([phone("1"), phone("2", looked=False), phone("3", "tiktok"), phone("4")], NOW)
    (lost, *_) = await store.devices.called("4")
    await store.devices.mark_lost(lost.id, NOW)
    found = await told(store)
    assert [each.mail_status.mail for each in found.devices] == [
        MailAccess.LOST,
        MailAccess.OUT,
        MailAccess.PROOF,
        MailAccess.GETS,
    ]
    assert {each.name for each in found.devices} == {"phone, iOS"}


async def test_further_devices_of_a_person_are_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_person, "DEVICES", 2)
    await store.devices.ingest([phone(str(number)) for number in range(5)], NOW)
    found = await told(store)
    assert (len(found.devices), found.more_devices) == (2, 3)


async def test_a_device_stands_as_its_own_last_request_was_answered(store: Store) -> None:
    await store.devices.ingest([phone("1", "tiktok"), phone("2", "tiktok")], NOW)
    (one,), (two,) = await store.devices.called("1"), await store.devices.called("2")
    since = replace(BLOCK, rule="banned")
    await ask(store, BROWSER, since, 3, device=one.id)
    stands = {
        each.facts.id: each.mail_status.since for each in (await told(store, now=NOW + minutes(9))).devices
    }
    assert stands == {one.id: NOW + minutes(3), two.id: None}


async def test_an_unreported_device_is_told_by_its_last_request(store: Store) -> None:
    await store.devices.ingest([phone("1", eas=("ApplKNOWN",))], NOW)
    (known,) = await store.devices.called("1")
    await ask(store, LAPTOP, BLOCK)
    await ask(store, LAPTOP, ALLOW, 5)
    await ask(store, mail_app("applnew"), BLOCK, 7)
    await ask(store, mail_app("applknown"), BLOCK, 8)
    await ask(store, BROWSER, BLOCK, 9, device=known.id)
    others = (await told(store)).others
    assert [(each.name, each.effect, each.times, each.last) for each in others] == [
        ("mail app, iPhone", "block", 1, NOW + minutes(7)),
        ("laptop, Windows, chrome", "allow", 2, NOW + minutes(5)),
    ]
    assert [each.cause for each in others] == ["An app keeps company mail off this device", ""]
    assert (await store.sightings.find(others[0].sighting)) is not None


async def test_exemptions_are_told_with_whether_they_hold(store: Store) -> None:
    ended = await store.reliefs.grant(EXEMPT, ACT)
    await store.reliefs.end([ended.number], Act(NOW, "grace", "exemption-ended"))
    await store.reliefs.grant(EXEMPT, ACT)
    await store.reliefs.grant(replace(EXEMPT, person="lin"), ACT)
    first, second = (await told(store)).exemptions
    assert (first.holds, first.ended_at, first.why, first.author) == (True, None, "a test phone", "grace")
    assert (second.holds, second.ended_at, second.number) == (False, NOW, ended.number)
    later = await told(store, now=NOW + timedelta(days=1))
    assert [each.holds for each in later.exemptions] == [False, False]


async def test_mails_of_every_sort_stand_together_the_last_first(store: Store) -> None:
    await store.mails.queue([a_mail("ada"), a_mail("lin")])
    pause = {"pause": timedelta(days=7), "at_most": 3, "per_hour": 9}
    for person in ("ada@mail.example", "lin@mail.example"):
        await store.quarantine_mails.claim(person, "d1", "prohibited-app", NOW + minutes(5), **pause)
    files = bundle()
    files.settings.activesync.quarantine_mail = SimpleNamespace(domain="mail.example")
    found = await person_of(store, files, "ada", NOW)
    assert found is not None
    assert [each.words for each in found.timeline] == [
        "Mail sent: An app keeps company mail off this device",
        "Mail to ada: it blocks now, rule “app” (queued)",
    ]


async def test_the_timeline_of_a_person_lists_the_newest_first(store: Store) -> None:
    await store.devices.ingest([phone("1", "tiktok")], NOW)
    await store.help_requests.note(replace(ASKED, last_at=NOW + minutes(3)))
    await store.help_requests.note(replace(ASKED, subject="lin", person="lin"))
    await store.mails.queue([a_mail("ada", queued_at=NOW + minutes(4))])
    await ask(store, LAPTOP, ALLOW, 2)
    await store.reliefs.grant(EXEMPT, replace(ACT, at=NOW + minutes(5)))
    found = await told(store)
    assert [each.what for each in found.timeline] == [
        "exemption", "notice", "help", "decision", "first", "report",
    ]  # fmt: skip
    assert found.timeline[-1].words == "jamf looked and found Tiktok"
    assert [(each.rule, each.reference) for each in found.help_requests] == [("banned", "REF1")]


async def test_each_device_and_each_other_client_has_its_lane(store: Store) -> None:
    await store.devices.ingest([phone("1", eas=("APPL1",))], NOW)
    await ask(store, mail_app("appl1"), ALLOW, 1)
    await ask(store, LAPTOP, BLOCK, 2)
    await ask(store, LAPTOP, ALLOW, 3)
    found = await told(store)
    (own,) = found.devices
    day = NOW.date().isoformat()
    assert [(each.device, each.kind, each.days) for each in found.lanes] == [
        (own.facts.id, "phone", {day: [True]}),
        ("", "laptop", {day: [False, True]}),
    ]


async def test_decisions_of_one_day_for_one_reason_are_one_event(store: Store) -> None:
    for minute in range(3):
        await ask(store, LAPTOP, replace(BLOCK, rule=f"r{minute}"), minute)
    decided = [each for each in (await told(store)).timeline if each.what == "decision"]
    assert [(each.words.split(".")[0], each.at) for each in decided] == [
        ("Laptop, Windows: refused 3 times that day", NOW + minutes(2))
    ]


async def test_the_language_is_that_of_their_browser(store: Store) -> None:
    await store.devices.ingest([phone("1"), phone("2", owner="lin")], NOW)
    store.languages.listening = True
    store.languages.note("Ada", "fr", NOW)
    await store.languages.flush()
    assert ((await told(store)).language, (await told(store, "lin")).language) == ("fr", "")


@pytest.mark.parametrize(
    ("domain", "login"),
    [("", "ada"), ("example.com", "ada@elsewhere.example"), ("example.com", "OTHER\\ada")],
)
async def test_a_person_without_a_mailbox_here_has_no_address(store: Store, domain: str, login: str) -> None:
    await store.devices.ingest([phone("1", owner=login)], NOW)
    found = await person_of(store, bundle(domain=domain), login, NOW)
    assert found is not None
    assert found.address == ""


@pytest.mark.parametrize(
    ("exempt_from", "together"),
    [((), ""), (("", ""), ""), (("a", "", "a"), "a"), (("a", "b"), "all"), (("a", "all"), "all")],
)
async def test_the_exemption_offered_helps_all_devices_of_a_person(
    store: Store, exempt_from: tuple[str, ...], together: str
) -> None:
    await store.devices.ingest([phone("1")], NOW)
    found = await told(store)
    (one,) = found.devices
    devices = [
        one.model_copy(update={"mail_status": one.mail_status.model_copy(update={"exempt_from": each})})
        for each in exempt_from
    ]
    assert found.model_copy(update={"devices": devices}).exempt_from == together


async def test_a_login_to_whose_address_mails_went_is_the_person_of_that_address(store: Store) -> None:
    """Otherwise they would be told to have no device, and nothing on record."""
    await store.devices.ingest([phone("1", owner="ada@example.com")], NOW)
    await store.mails.queue([replace(a_mail("ada"), login="ada@example.com")])
    found = await told(store)
    assert (found.login, len(found.devices)) == ("ada@example.com", 1)


@pytest.mark.parametrize(("offer", "counts"), [({}, False), ({"self_service": TERMS}, True)])
async def test_a_let_in_counts_only_while_its_rule_offers_it(
    store: Store, offer: dict[str, object], counts: bool
) -> None:
    await store.reliefs.grant(replace(EXEMPT, cause=Cause.SELF_SERVICE), ACT)
    found = await person_of(store, bundle(BANNED | offer, OPEN), "ada", NOW)
    assert found is not None
    assert [each.holds for each in found.exemptions] == [counts]
