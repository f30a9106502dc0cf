"""What one person may be shown, and that it is nobody else's."""

from datetime import datetime, timedelta

import pytest
from tests.unit.rollout.versions import altered
from tests.unit.store.examples import ALLOW, BLOCK, NOW, access, mail_app
from tests.unit.store.mail import a_mail

from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.gateway.selfservice.stored_view import mail_record
from mailgate.model import AppsReport, Kind
from mailgate.store import EnrolmentToken, MailState, Store
from mailgate.store.person_records import UnreportedPhones


def record(source: str = "intune", name: str = "phone-1", owner: str = "alice", **named: object) -> Report:
    apps = AppsReport(frozenset({"tiktok"}), True, NOW)
    return report_by(source, name, owner, Kind.PHONE, "ios", apps=apps, **named)  # type: ignore[arg-type]


async def written(store: Store) -> None:
    """Everything that waits is in the tables."""
    await store.ledger.flush()


async def test_a_persons_devices_are_those_that_the_source_believed_most_gives_them(store: Store) -> None:
    both = {"serial": "C39X8FAKE1"}
    await store.devices.ingest([record(), record("jamf", "7", "bob", **both)], NOW)
    await store.devices.ingest([record(**both)], NOW)
    assert [device.id for device in await store.people.devices("Alice", NOW, ["intune", "jamf"])]
    assert await store.people.devices("Alice", NOW, ["jamf", "intune"]) == []
    assert await store.people.devices("", []) == []


async def test_a_device_is_found_by_its_own_id_alone(store: Store) -> None:
    await store.devices.ingest([record(serial="C39X8FAKE1")], NOW)
    (device,) = await store.people.devices("alice", NOW)
    assert await store.people.device(device.id) == device
    assert await store.people.device("C39X8FAKE1") is None
    assert await store.people.device("alice") is None


async def test_a_phone_that_only_asked_for_mail_is_known_by_that(store: Store) -> None:
    phone = mail_app("ApplC39X8FAKE1")
    for minute in (0, 5):
        asked = access(client=phone, device="", user="alice", now=NOW + timedelta(minutes=minute))
        store.ledger.record(asked, BLOCK)
    store.ledger.record(access(client=mail_app("applother12"), device="", user="bob"), BLOCK)
    await written(store)
    (found,) = await store.people.unreported("alice", [])
    assert (found.eas_id, found.model, found.times) == ("applc39x8fake1", "iPhone", 2)
    assert (found.first_at, found.last_at) == (NOW, NOW + timedelta(minutes=5))
    assert found.mark.startswith("new-")
    await store.devices.ingest([record(eas_ids=("APPLC39X8FAKE1",))], NOW)
    assert await store.people.unreported("alice", await store.people.devices("alice", NOW)) == []


async def test_requests_are_theirs_by_name_or_by_their_device_under_no_name(store: Store) -> None:
    await store.devices.ingest([record()], NOW)
    (device,) = devices = await store.people.devices("alice", NOW)
    for user, where, decision in (
        ("alice", "", ALLOW),
        ("ALICE", device.id, BLOCK),
        ("", device.id, ALLOW),
        ("bob", device.id, BLOCK),
        ("bob", "", ALLOW),
        ("", "", ALLOW),
    ):
        store.ledger.record(access(device=where, user=user), decision)
    await written(store)
    found, count = await store.people.requests("alice", devices)
    assert count == 3
    assert {(each.sighting.user, each.sighting.device) for each in found} == {
        ("alice", ""),
        ("ALICE", device.id),
        ("", device.id),
    }
    assert (await store.people.requests("alice", devices, size=1))[1] == 3
    assert [each.sighting.user for each in (await store.people.requests("", devices))[0]] == [""]
    assert await store.people.requests("", []) == ([], 0)


async def test_outcomes_are_counted_by_day_client_and_effect(store: Store) -> None:
    phone, day = mail_app("ApplC39X8FAKE1"), timedelta(days=1)
    for hours, decision, user in (
        (0, BLOCK, "alice"),
        (1, ALLOW, "alice"),
        (2, BLOCK, "ALICE"),
        (3, BLOCK, "bob"),
    ):
        at = NOW + timedelta(hours=hours)
        store.ledger.record(access(client=phone, device="", user=user, now=at), decision)
    store.ledger.record(access(client=phone, device="", user="alice", now=NOW - 9 * day), ALLOW)
    await written(store)
    told = await store.people.outcomes("alice", [], (NOW - day).date())
    assert [(each.day, each.effect, each.eas_id, each.last_at) for each in told] == [
        (NOW.date(), "allow", "applc39x8fake1", NOW + timedelta(hours=1)),
        (NOW.date(), "block", "applc39x8fake1", NOW + timedelta(hours=2)),
    ]
    assert len(await store.people.outcomes("alice", [], (NOW - 9 * day).date())) == 3


async def test_mails_are_those_to_their_addresses(store: Store) -> None:
    week = timedelta(days=7)
    for person, at in (("alice@example.com", NOW), ("bob@example.com", NOW)):
        await store.quarantine_mails.claim(
            person, "phone", "prohibited-app", at, pause=week, at_most=3, per_hour=99
        )
    (told,) = await store.people.quarantine_mails({"alice@example.com"})
    assert (told.device, told.reason, told.written_at) == ("phone", "prohibited-app", NOW)
    assert await store.people.quarantine_mails(set()) == []


async def test_mails_about_rules_are_those_to_them_and_to_their_addresses(store: Store) -> None:
    await store.mails.queue([a_mail("alice"), a_mail("bob", rule="b")])
    assert [each.login for each in await store.people.mails("ALICE", [])] == ["alice"]
    assert [each.rule for each in await store.people.mails("x", ["bob@example.com"])] == ["b"]
    store.languages.listening = True
    store.languages.note("alice", "ja", NOW)
    await store.languages.flush()
    assert await store.people.language("Alice") == ("ja", NOW.date())
    assert await store.people.language("bob") is None


async def test_a_mail_of_a_newer_gate_is_shown_as_far_as_it_is_known(store: Store, url: str) -> None:
    await store.mails.queue([a_mail("alice")])
    with altered(url, "mails", "kind", "reminder"), altered(url, "mails", "state", "bounced"):
        [told] = await store.people.mails("alice", [])
        assert (told.kind, told.state) == ("reminder", MailState.UNSURE)
        shown = mail_record(told, timedelta(days=1), str).fields
        assert (shown["kind"], shown["state"]) == ("reminder", "unsure")


async def test_enrolled_devices_belong_to_the_owner_of_their_token(store: Store) -> None:
    for owner in ("Alice", "bob"):
        token = EnrolmentToken(f"token-{owner}", owner, "", 1, NOW, NOW + timedelta(days=1))
        await store.enrolments.add(owner.encode(), token)
        await store.enrolments.enrol(owner.encode(), f"thumb-{owner}", "phone", NOW)
    assert [each.thumbprint for each in await store.people.enrolled("alice")] == ["thumb-Alice"]
    assert [(each.name, each.uses_left) for each in await store.people.tokens("alice")] == [
        ("token-Alice", 0)
    ]


@pytest.mark.parametrize("asked_as", ["alice", "ALICE", "aLiCe"])
async def test_a_login_name_is_found_however_it_was_written(store: Store, asked_as: str) -> None:
    for written in ("alice", "Alice", "ALICE", "aLicE", "alicE", "bob"):
        store.ledger.record(access(user=written), BLOCK)
    await store.ledger.flush()
    found, count = await store.people.requests(asked_as, [])
    assert count == len(found) == 5
    assert {each.sighting.user for each in found} == {"alice", "Alice", "ALICE", "aLicE", "alicE"}


async def test_letters_beyond_ascii_make_two_names(store: Store) -> None:
    for written in ("\u00e4da", "\u00c4DA", "\u00e4DA"):
        store.ledger.record(access(user=written), BLOCK)
    await store.ledger.flush()
    found, _ = await store.people.requests("\u00e4da", [])
    assert {each.sighting.user for each in found} == {"\u00e4da", "\u00e4DA"}


ADA = "ada@example.com"


@pytest.fixture
def phones(store: Store) -> UnreportedPhones:
    return UnreportedPhones(store.people)


async def look(phones: UnreportedPhones, store: Store, now: datetime = NOW) -> None:
    phones.follow((await store.change_numbers()).phones, now)


async def came(store: Store, eas_id: str = "ApplX1", user: str = ADA, device: str = "") -> None:
    store.ledger.record(access(client=mail_app(eas_id), device=device, user=user), ALLOW)
    await store.ledger.flush()


async def found(phones: UnreportedPhones, now: datetime = NOW) -> list[str]:
    return [each.eas_id for each in await phones.of(ADA, [], now)]


def not_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(type(store.people), "unreported")


async def test_that_there_is_none_is_asked_once(
    store: Store, phones: UnreportedPhones, monkeypatch: pytest.MonkeyPatch
) -> None:
    await look(phones, store)
    assert await found(phones) == []
    await came(store, user="bob@example.com", device="known")
    await look(phones, store, NOW + timedelta(seconds=4))
    not_asked(store, monkeypatch)
    assert await found(phones, NOW + timedelta(seconds=4)) == []


async def test_a_phone_that_comes_is_there_with_the_next_look(store: Store, phones: UnreportedPhones) -> None:
    await look(phones, store)
    assert await found(phones) == []
    await came(store)
    await look(phones, store)
    assert await found(phones) == ["applx1"]


async def test_a_phone_that_is_there_is_read_each_time(store: Store, phones: UnreportedPhones) -> None:
    await came(store)
    await look(phones, store)
    assert [each.times for each in await phones.of(ADA, [], NOW)] == [1]
    await came(store)
    assert [each.times for each in await phones.of(ADA, [], NOW)] == [2]


async def test_a_phone_comes_back_once_the_device_that_had_its_id_has_gone(
    store: Store, phones: UnreportedPhones
) -> None:
    await came(store)
    await store.devices.ingest([report_by("jamf", "7", ADA, eas_ids=("ApplX1",))], NOW)
    devices = await store.people.devices(ADA, NOW)
    await look(phones, store)
    assert await phones.of(ADA, devices, NOW) == []
    assert await found(phones) == ["applx1"]


@pytest.mark.parametrize("looks", ["never", "late", "failed", "restored"])
async def test_without_a_look_the_store_is_asked(store: Store, phones: UnreportedPhones, looks: str) -> None:
    if looks != "never":
        await look(phones, store)
    assert await found(phones) == []
    await came(store)
    if looks == "failed":
        phones.follow(None, NOW)
    if looks == "restored":
        phones.follow(7, NOW)
    assert await found(phones, NOW + timedelta(seconds=1)) == ["applx1"]


@pytest.mark.parametrize(
    ("again", "counted"),
    [
        ({}, 0),
        ({"user": "ADA@example.com"}, 0),
        ({"eas_id": "ApplX2"}, 1),
        ({"user": "bob@example.com"}, 1),
        ({"user": ""}, 0),
        ({"eas_id": "ApplX2", "device": "known"}, 0),
    ],
)
async def test_a_phone_is_counted_once_for_each_person(
    store: Store, again: dict[str, str], counted: int
) -> None:
    await came(store)
    before = (await store.change_numbers()).phones
    await came(store, **again)
    assert (await store.change_numbers()).phones == before + counted
