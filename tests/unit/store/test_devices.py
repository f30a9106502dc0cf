"""Queries on devices."""

from dataclasses import replace

from tests.unit.store.examples import BLOCK, CATALOG, ISSUER, NOW, access, mail_app, minutes, proof

from mailgate.store import Device, Store
from mailgate.store.devices import names_of
from mailgate.store.names import EAS, KEY
from mailgate.store.reports import report_of


async def learned(store: Store, *devices: Device) -> None:
    for device in devices:
        store.reports.put((device.source, device.id), device)
        await store.reports.flush()


def device(name: str, **fields: object) -> Device:
    base = Device(ISSUER, name, reported_at=NOW, apps_complete=True, first_seen=NOW, last_seen=NOW)
    return replace(base, **fields)  # type: ignore[arg-type]


async def test_a_device_is_stored_whole(store: Store) -> None:
    report = report_of(proof("tiktok", "chess", "unlisted", eas_ids=("ApplX1",)), CATALOG, NOW)
    await learned(store, report)
    found = await store.devices.get(ISSUER, "phone-1")
    assert found == replace(report, apps=frozenset({"tiktok", "chess"}))
    assert found is not None
    assert (found.first_seen, found.last_seen) == (NOW, NOW)
    assert await store.devices.find(KEY, ["thumb"]) == found
    assert await store.devices.find(EAS, ["applx1"]) == found
    assert await store.devices.find(KEY, ["applx1"]) is None
    assert await store.devices.get("https://other.example.com", "phone-1") is None


async def test_a_newer_report_takes_the_place_of_the_older_one(store: Store) -> None:
    old = device("a", apps=frozenset({"tiktok"}), names=names_of("k1", ["one"]), owner="x")
    new = device("a", names=names_of("k2", ["two"]), reported_at=NOW + minutes(1), last_seen=NOW + minutes(1))
    for order in ([old, new], [new, old, old]):
        await learned(store, *order)
        (found,) = await store.devices.called("a")
        assert found == new
        assert (found.first_seen, found.last_seen) == (NOW, NOW + minutes(1))


async def test_a_persons_devices_are_found_whatever_the_case_of_the_name(store: Store) -> None:
    ada, other, bob, nobody = (
        device(name, owner=owner, names=names_of("", [], owner))
        for name, owner in [("a", "Ada@example.com"), ("b", "ada@EXAMPLE.com"), ("c", "bob"), ("d", "")]
    )
    await learned(store, ada, other, bob, nobody)
    found = await store.devices.owned("ada@example.com")
    assert sorted(each.id for each in found) == ["a", "b"]
    assert await store.devices.owned("bob") == [bob]
    assert await store.devices.owned("ada") == []
    assert await store.devices.owned("") == []


async def test_a_device_that_changes_hands_is_the_new_owners_alone(store: Store) -> None:
    await learned(store, device("a", owner="ada", names=names_of("", [], "ada")))
    later = NOW + minutes(1)
    await learned(store, device("a", owner="bob", names=names_of("", [], "bob"), reported_at=later))
    assert await store.devices.owned("ada") == []
    assert [each.id for each in await store.devices.owned("bob")] == ["a"]


async def test_pages_are_in_order_and_complete(store: Store) -> None:
    stored = [device(name, source=source) for name in "abc" for source in ("s", "t")]
    await learned(store, *reversed(stored))
    found: list[Device] = []
    while page := await store.devices.page((found[-1].id, found[-1].source) if found else ("", ""), size=4):
        found += page
    assert found == stored


async def test_forgetting_takes_everything_of_one_device_and_nothing_of_another(store: Store) -> None:
    await learned(
        store, device("a", names=names_of("k", ["ApplX1"])), device("b", names=names_of("l", ["ApplX2"]))
    )
    for seen in ("a", "b"):
        store.ledger.record(access(device=seen), BLOCK)
    for eas_id in ("ApplX1", b"ApplX1".hex(), "ApplX2"):  # from before the devices were known
        store.ledger.record(access(client=mail_app(eas_id), device=""), BLOCK)
    await store.ledger.flush()
    assert await store.devices.forget("a") == 1
    assert await store.devices.forget("a") == 0
    left = {(row.sighting.device, row.sighting.client.eas_id) for row in await store.sightings.latest()}
    assert left == {("b", ""), ("", "applx2")}
    assert [each.id for each in await store.devices.page()] == ["b"]
    assert await store.devices.find(KEY, ["k"]) is None


async def test_forgetting_a_device_that_was_only_seen(store: Store) -> None:
    store.ledger.record(access(device="a"), BLOCK)
    await store.ledger.flush()
    assert await store.devices.forget("a") == 0
