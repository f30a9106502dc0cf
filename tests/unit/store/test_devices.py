"""Queries on devices."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.store.devices import ids, learned, record, report
from tests.unit.store.examples import BLOCK, CATALOG, ISSUER, NOW, PHONE_1, access, mail_app, minutes, proof
from tests.unit.store.steps import scanned, steps_of

from mailgate.devices.device import Device, new_id
from mailgate.devices.names import EAS, KEY, MDM, SERIAL, USER
from mailgate.model import Reason
from mailgate.model.phrase import translate
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Act, IngestResult, Store
from mailgate.store.ingest import report_of
from mailgate.texts import console_languages

LATER = NOW + minutes(1)


async def test_a_report_is_stored_whole(store: Store) -> None:
    told = report_of(proof("tiktok", "chess", "unlisted", eas_ids=("ApplX1",)), CATALOG, NOW)
    await learned(store, told)
    found = await store.devices.get(ISSUER, "phone-1")
    assert found is not None
    assert (found.id, found.reports) == (PHONE_1, (replace(told, apps=frozenset({"tiktok", "chess"})),))
    assert (found.first_seen, found.last_seen) == (NOW, NOW)
    assert (found.reports[0].first_seen, found.reports[0].last_seen) == (NOW, NOW)
    assert await store.devices.find(KEY, [f"thumb of phone-1 of {ISSUER}"]) == [found]
    assert await store.devices.find(EAS, ["applx1"]) == [found]
    assert await store.devices.find(KEY, ["applx1"]) == []
    assert await store.devices.get("https://other.example.com", "phone-1") is None


async def test_a_newer_report_takes_the_place_of_the_older_one(store: Store) -> None:
    before = NOW - minutes(1)
    old = report("a", apps=frozenset({"tiktok"}), names=frozenset({(KEY, "k1"), (EAS, "one1")}), owner="x")
    old = replace(old, reported_at=before)
    new = report("a", names=frozenset({(KEY, "k2"), (EAS, "two2")}), reported_at=LATER, last_seen=LATER)
    for order in ([old, new], [new, old, old]):
        await learned(store, *order)
        (found,) = await store.devices.called("a")
        assert found.reports == (new,)
        assert (found.first_seen, found.last_seen) == (NOW, LATER)
        assert await store.devices.find(KEY, ["k1"]) == []
        assert await store.devices.find(KEY, ["k2"]) == [found]


@pytest.mark.parametrize(
    ("asked", "found"), [("ada@example.com", ["a", "b"]), ("bob", ["c"]), ("ada", []), ("", [])]
)
async def test_a_persons_devices_are_found_whatever_the_case_of_the_name(
    store: Store, asked: str, found: list[str]
) -> None:
    names = [("a", "Ada@example.com"), ("b", "ada@EXAMPLE.com"), ("c", "bob"), ("d", "")]
    await learned(store, *(report(name, owner=owner) for name, owner in names))
    assert ids(await store.devices.owned(asked)) == found


async def test_a_device_that_changes_hands_is_the_new_owners_alone(store: Store) -> None:
    await learned(store, report("a", owner="ada"))
    await learned(store, report("a", owner="bob", reported_at=LATER))
    assert await store.devices.owned("ada") == []
    assert ids(await store.devices.owned("bob")) == ["a"]


async def test_pages_are_in_order_and_complete(store: Store) -> None:
    await learned(store, *(report(name, source=source) for name in "abc" for source in ("s", "t")))
    found: list[Device] = []
    while page := await store.devices.page(found[-1].id if found else "", size=4):
        found += page
    assert [device.id for device in found] == sorted(new_id((s, name)) for name in "abc" for s in "st")


async def test_records_of_two_sources_with_one_serial_number_are_one_device(store: Store) -> None:
    taken = await store.devices.ingest([record(serial="C02XK1ABCD"), record("b", serial="C02XK1ABCE")], NOW)
    assert taken == IngestResult(new=2)
    taken = await store.devices.ingest([record("intune-7", "intune", serial="c02xk1abcd ")], LATER)
    assert taken == IngestResult(changed=1)
    (found,) = await store.devices.find(SERIAL, ["C02XK1ABCD"])
    assert (found.id, [each.source for each in found.reports]) == (
        new_id(("jamf", "mdm-1")),
        ["intune", "jamf"],
    )
    assert await store.devices.ingest(
        [record("intune-7", "intune", serial="c02xk1abcd")], LATER
    ) == IngestResult(same=1)
    assert ids(await store.devices.page()) == ["b", "intune-7+mdm-1"]


async def test_an_unchanged_report_is_written_once_an_hour(store: Store) -> None:
    for later, seen in ((0, 0), (59, 0), (60, 60)):
        await store.devices.ingest([record()], NOW + minutes(later))
        (found,) = await store.devices.page()
        assert (found.last_seen, found.reports[0].last_seen) == (NOW + minutes(seen),) * 2


async def test_no_device_has_a_name_that_no_store_keeps(store: Store) -> None:
    assert await store.devices.called("\0") == []


async def test_a_joined_device_keeps_everything_of_both(store: Store) -> None:
    await store.devices.ingest([record("a", serial="SERIAL1")], NOW)
    await store.devices.ingest([record("b", "intune", eas_ids=("ApplX1",))], LATER)
    old, new = new_id(("intune", "b")), new_id(("jamf", "a"))
    store.ledger.record(access(device=old), BLOCK)
    await store.ledger.flush()
    exempt = Relief(0, Cause.EXEMPTION, "", "a test phone", "grace", NOW, LATER, device=old)
    given = await store.reliefs.grant(exempt, Act(NOW, "grace", "exemption-given"))
    for device, reason in ((old, "x"), (new, "x"), (old, "y")):
        told = await store.quarantine_mails.claim(
            "ada", device, reason, NOW, pause=minutes(1), at_most=9, per_hour=99
        )
        assert told
    joined = record("c", "google", serial="SERIAL1", eas_ids=("ApplX1",))
    assert await store.devices.ingest([joined], LATER) == IngestResult(changed=1)
    (found,) = await store.devices.page()
    assert (found.id, found.former_ids, ids([found])) == (new, {old}, ["a+b+c"])
    assert [row.sighting.device for row in await store.sightings.latest()] == [new]
    assert (await store.reliefs.current(NOW)).every == (replace(given, device=new),)
    assert await store.reliefs.serial() > given.number
    for reason in ("x", "y"):
        assert not await store.quarantine_mails.claim(
            "ada", new, reason, NOW, pause=minutes(1), at_most=9, per_hour=99
        )
    assert await store.devices.called(old) == [found]


async def test_devices_that_cannot_be_one_stay_two_and_say_so(store: Store) -> None:
    shared = {"eas_ids": ("ApplX1",)}
    await store.devices.ingest([record("a", serial="SERIAL1", **shared)], NOW)
    taken = await store.devices.ingest([record("b", "intune", serial="SERIAL2", **shared)], LATER)
    assert (taken.new, taken.findings) == (1, 4)  # both forms of the id, at both devices
    (one,), (two,) = await store.devices.called("a"), await store.devices.called("b")
    assert {each.reason for each in (*one.findings, *two.findings)} == {Reason.DEVICE_NAME_CONTRADICTED}
    assert two.id in one.findings[0].detail
    german, (same,) = console_languages()["de"], await store.devices.find(EAS, ["applx1"])
    for detail in (two.findings[0].detail, same.findings[0].detail):
        assert translate(detail, german).endswith("gemeldet, und das ist ein anderes Gerät")
    assert await store.devices.counted_findings() == {"device-name-contradicted": 4}
    assert await store.devices.find(EAS, ["applx1"]) == [two]
    assert (EAS, "applx1") in one.ceded_names
    await store.devices.ingest([record("b", "intune", serial="SERIAL2")], LATER)
    (one,), (two,) = await store.devices.called("a"), await store.devices.called("b")
    assert (one.findings, two.findings) == ((), ())
    assert await store.devices.find(EAS, ["applx1"]) == [one]


@pytest.mark.parametrize(
    "name",
    ["mdm-1", "SERIAL1", "serial1", "applx1", b"ApplX1".hex().upper(), "{AAAA-BBBB-CCCC}", "ada@Example.com"],
)
async def test_a_device_is_called_by_any_name_as_people_write_it(store: Store, name: str) -> None:
    names = {
        "serial": "SERIAL1",
        "udid": "aaaa-bbbb-cccc",
        "eas_ids": ("ApplX1",),
        "owner": "Ada@example.com",
    }
    await store.devices.ingest([record(**names), record("other", serial="SERIAL2")], NOW)
    assert ids(await store.devices.called(name)) == ["mdm-1"]
    device_id = new_id(("jamf", "mdm-1"))
    for typed in (device_id, device_id.upper(), device_id.replace("-", "")):
        assert ids(await store.devices.called(typed)) == ["mdm-1"]


async def test_a_lost_device_is_kept_and_stays_lost_until_it_is_found(store: Store) -> None:
    await store.devices.ingest([record()], NOW)
    device_id = new_id(("jamf", "mdm-1"))
    assert await store.devices.mark_lost(device_id, LATER)
    assert not await store.devices.mark_lost("nobody", LATER)
    assert await store.devices.prune(NOW, NOW + timedelta(days=999)) == 0
    await store.devices.ingest([record("re-enrolled")], LATER)
    assert [device.lost_at for device in await store.devices.called("mdm-1")] == [LATER]
    assert await store.devices.mark_lost(device_id, LATER + timedelta(days=1)), (
        "it stays lost since when it was"
    )
    assert not await store.devices.mark_lost(device_id, None, since=LATER + timedelta(days=1))
    assert [device.lost_at for device in await store.devices.called("mdm-1")] == [LATER]
    assert await store.devices.mark_lost(device_id, None, since=LATER)
    assert [device.lost_at for device in await store.devices.called("mdm-1")] == [None]
    assert await store.devices.mark_lost(device_id, None), "it is no error to find what is not lost"


async def test_a_lost_device_does_not_come_back_under_another_id(store: Store) -> None:
    await store.devices.ingest([record("old", serial="SERIAL1")], NOW)
    await store.devices.mark_lost(new_id(("jamf", "old")), NOW)
    await store.devices.ingest([record("new", eas_ids=("ApplX1",))], LATER)
    await store.devices.ingest([record("new", serial="SERIAL1", eas_ids=("ApplX1",))], LATER)
    (found,) = await store.devices.page()
    assert (ids([found]), found.lost_at) == (["new+old"], NOW)


async def test_changes_are_told_once_in_order_and_whole(store: Store) -> None:
    start = await store.devices.last_change()
    assert (await store.devices.changes(start)).changed == ()
    for number in range(3):
        await store.devices.ingest([record(f"{number}-{each}") for each in range(4)], NOW)
    seen, told = start, []
    while True:
        changes = await store.devices.changes(seen, size=6)
        told += [device_id for _, device_id in changes.changed]
        seen = changes.number
        if not changes.more:
            break
    assert sorted(told) == sorted(device.id for device in await store.devices.page())
    assert seen == await store.devices.last_change()
    await store.devices.forget(told[0], NOW)
    assert (await store.devices.changes(seen)).forgotten == (told[0],)
    assert (await store.devices.changes(seen + 1)).forgotten == ()


async def test_a_change_that_is_larger_than_a_page_is_told_whole(store: Store) -> None:
    start = await store.devices.last_change()
    await store.devices.ingest([record(str(each)) for each in range(9)], NOW)
    await store.devices.ingest([record("last")], NOW)
    changes = await store.devices.changes(start, size=3)
    assert (len(changes.changed), changes.more, changes.number) == (9, True, start + 1)
    changes = await store.devices.changes(changes.number, size=3)
    assert (len(changes.changed), changes.more) == (1, False)


async def test_names_ids_and_owners_are_told_for_devices_that_changed(store: Store) -> None:
    await store.devices.ingest([record(serial="SERIAL1", eas_ids=("ApplX1",), owner="Ada")], NOW)
    (device,) = await store.devices.page()
    found = await store.devices.found_by([device.number])
    assert {(kind, text) for _, kind, text in found} == {
        (SERIAL, "SERIAL1"),
        (EAS, "applx1"),
        (EAS, b"applx1".hex()),
        (MDM, device.reports[0].id),
        (USER, "ada"),
    }


async def test_forgetting_takes_everything_of_one_device_and_nothing_of_another(store: Store) -> None:
    await learned(
        store,
        report("a", names=frozenset({(KEY, "k"), (EAS, "applx1")})),
        report("b", names=frozenset({(KEY, "l"), (EAS, "applx2")})),
    )
    one, other = new_id((ISSUER, "a")), new_id((ISSUER, "b"))
    for seen in (one, other):
        store.ledger.record(access(device=seen), BLOCK)
    for eas_id in ("ApplX1", b"ApplX1".hex(), "ApplX2"):  # from before the devices were known
        store.ledger.record(access(client=mail_app(eas_id), device=""), BLOCK)
    await store.ledger.flush()
    assert await store.devices.forget(one, NOW)
    assert not await store.devices.forget(one, NOW)
    left = {(row.sighting.device, row.sighting.client.eas_id) for row in await store.sightings.latest()}
    assert left == {(other, ""), ("", "applx2")}
    assert ids(await store.devices.page()) == ["b"]
    assert await store.devices.find(KEY, ["k"]) == []


async def test_devices_to_forget_are_found_by_indexes(store: Store) -> None:
    await learned(store, report("a", names=frozenset({(EAS, "applx1")})))
    steps = await steps_of(store, lambda store: store.devices.forget(new_id((ISSUER, "a")), NOW))
    assert scanned(steps) == []


async def test_an_unstored_device_cannot_be_forgotten(store: Store) -> None:
    store.ledger.record(access(device="a"), BLOCK)
    await store.ledger.flush()
    assert not await store.devices.forget("a", NOW)
