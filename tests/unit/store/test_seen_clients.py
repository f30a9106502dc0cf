"""In which ways people came: with which client, on which device."""

from datetime import timedelta

from tests.unit.store.examples import ALLOW, BLOCK, BROWSER, NOW, access, mail_app

from mailgate.devices.device import new_id
from mailgate.devices.trust import report_by
from mailgate.store import SeenClient, Store

TODAY = NOW.date()
APP = mail_app("ApplX1")


def named(ways: list[SeenClient]) -> list[tuple[str, str, str]]:
    return [(way.device, way.user, way.client.eas_id) for way in ways]


async def came(store: Store, *accesses: tuple[str, str]) -> None:
    """People on devices, with one client."""
    for device, user in accesses:
        store.ledger.record(access(device=device, user=user), ALLOW)
    await store.ledger.flush()


async def test_each_way_comes_once_whatever_was_decided_and_however_often(store: Store) -> None:
    for days, decision in ((0, ALLOW), (0, BLOCK), (1, ALLOW)):
        for client in (BROWSER, APP):
            store.ledger.record(access(client=client, now=NOW + timedelta(days=days)), decision)
    await came(store, ("phone-2", "lin"))
    ways = await store.seen_clients.of(["phone-1"], TODAY)
    assert sorted(named(ways)) == [
        ("phone-1", "ada@example.com", ""),
        ("phone-1", "ada@example.com", "applx1"),
    ]
    assert len({way.client_id for way in ways}) == 2
    assert {way.client.kind for way in ways} == {BROWSER.kind, APP.kind}


async def test_every_device_of_a_person_counts_in_any_spelling_of_the_login(store: Store) -> None:
    await came(store, ("phone-1", "Ada"), ("phone-2", "ada"), ("", "ADA"), ("phone-1", "lin"))
    assert named(await store.seen_clients.by("ada", TODAY)) == [
        ("", "ADA", ""),
        ("phone-1", "Ada", ""),
        ("phone-2", "ada", ""),
    ]


async def test_clients_seen_before_the_day_do_not_count(store: Store) -> None:
    await came(store, ("phone-1", "ada"))
    tomorrow = TODAY + timedelta(days=1)
    assert await store.seen_clients.of(["phone-1"], tomorrow) == []
    assert await store.seen_clients.by("ada", tomorrow) == []
    assert await store.seen_clients.strangers(tomorrow, ("", "")) == []


async def test_strangers_come_a_page_after_the_other(store: Store) -> None:
    await came(store, *(("", user) for user in "dbca"))
    first = await store.seen_clients.strangers(TODAY, ("", ""), size=3)
    rest = await store.seen_clients.strangers(TODAY, (first[-1].client_id, first[-1].user), size=3)
    assert [[way.user for way in page] for page in (first, rest)] == [["a", "b", "c"], ["d"]]
    assert {way.device for way in first} == {""}


async def test_a_client_on_a_known_device_is_no_stranger(store: Store) -> None:
    await store.devices.ingest([report_by("jamf", "a", serial="SERIAL1")], NOW)
    await store.devices.ingest([report_by("intune", "b", eas_ids=("ApplX1",))], NOW)
    await store.devices.ingest([report_by("google", "c", serial="SERIAL1", eas_ids=("ApplX1",))], NOW)
    (device,) = await store.devices.page()
    (former,) = device.former_ids
    await came(store, (device.id, "now"), (former, "before"), (new_id(("jamf", "gone")), "stranger"))
    assert [way.user for way in await store.seen_clients.strangers(TODAY, ("", ""))] == ["stranger"]
