"""Everything that is stored about people has an end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from tests.unit.store.devices import learned, report
from tests.unit.store.examples import ALLOW, BLOCK, CATALOG, DAY, KEEP, NOW, TERMS, access
from tests.unit.store.people import write_down
from tests.unit.store.plans import ACT, MOVER, PLAN

from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Client, Kind, PostureState
from mailgate.model.times import LONG_AGO
from mailgate.policy.reliefs import Cause, Relief
from mailgate.policy.stages import grace_end
from mailgate.store import Named, Store, gates
from mailgate.store.device_rows import DeviceRow
from mailgate.store.personal_data import PERSONAL
from mailgate.store.schema import metadata
from mailgate.store.shut_enrolments import Sort

FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than the clock of any database says."""
SERIAL = {"serial": "C39X8FAKE1"}


def record(source: str, *, serial: str = "", owner: str = "alice", eas: str = "", **more: object) -> Report:
    apps = AppsReport(frozenset(), True, NOW)
    known = {"serial": serial, "eas_ids": (eas,) if eas else (), "apps": apps} | more
    return report_by(source, f"{source}-1", owner, Kind.PHONE, "ios", **known)  # type: ignore[arg-type]


async def something_everywhere(store: Store) -> None:
    """A row in every table that names people."""
    await store.devices.ingest([record("intune", **SERIAL), record("jamf", owner="bob", **SERIAL)], NOW)
    (device,) = await store.people.devices("alice", NOW, ["intune"])
    await store.rows.keep([DeviceRow(device.number, "alice")])
    store.ledger.record(access(device=""), ALLOW)
    store.ledger.record(access(device=""), BLOCK)
    await store.ledger.flush()
    await store.plans.keep(replace(PLAN, movers=1), ACT)
    await store.movers.add(PLAN.digest, 1, [MOVER])
    (seen,) = await store.sightings.latest(size=1)
    await write_down(store, "alice", sighting=seen.id)
    await store.enrolments.enrol(b"alice", "thumb", "", NOW)
    await store.shut.revoke(Named("zoe", Sort.PERSON), NOW)


async def rows(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    async with store._database.reading() as connection:
        return {
            table.name: len((await connection.execute(select(table))).all())
            for table in metadata.sorted_tables
        }


async def prune(store: Store, at: datetime) -> int:
    return await store.retention.prune(at, KEEP)


async def test_a_look_from_the_future_never_becomes_fresh(store: Store) -> None:
    """A gate whose clock was three days ahead has stored it. Who looks at it again later sees a look of long ago."""
    ahead, then = replace(record("intune", **SERIAL), reported_at=FAR), FAR + timedelta(minutes=1)
    await store.devices.ingest([ahead], FAR)
    postures = store.postures(CATALOG, TERMS)
    (device,) = await store.devices.called("C39X8FAKE1")
    assert postures.worth(device, then).state is PostureState.CLEAN, "nobody has noticed"
    seen = await store.devices.last_change()
    await prune(store, FAR - 3 * DAY)
    assert [number for number, _ in (await store.devices.changes(seen)).changed] == [device.number]
    (device,) = await store.devices.called("C39X8FAKE1")
    assert postures.worth(device, then).state is PostureState.STALE
    await store.devices.ingest([replace(record("intune", **SERIAL), reported_at=then)], then)
    (device,) = await store.devices.called("C39X8FAKE1")
    assert postures.worth(device, then).state is PostureState.CLEAN
    await prune(store, then)
    (device,) = await store.devices.called("C39X8FAKE1")
    assert postures.worth(device, then).state is PostureState.CLEAN, "what is right is left alone"


async def test_no_verdict_and_no_denial_from_the_future_becomes_fresh(store: Store) -> None:
    ahead = replace(record("intune", **SERIAL), compliance_at=FAR, denied_at=FAR)
    await store.devices.ingest([ahead], FAR)
    await prune(store, FAR - 3 * DAY)
    (device,) = await store.devices.called("C39X8FAKE1")
    (report,) = device.reports
    assert (report.reported_at, report.compliance_at, report.denied_at) == (NOW, LONG_AGO, LONG_AGO)


async def test_no_device_is_new_once_more_when_the_time_comes(store: Store) -> None:
    """It was first reported to a gate whose clock was ahead, and not since."""
    await store.devices.ingest([record("intune", **SERIAL)], FAR)
    await prune(store, FAR - 3 * DAY)
    (device,) = await store.devices.called("C39X8FAKE1")
    assert (device.first_seen, grace_end(DAY, device.first_seen, FAR)) == (LONG_AGO, None)


async def test_every_table_that_names_people_is_empty_in_the_end(store: Store) -> None:
    await something_everywhere(store)
    before = await rows(store)
    assert {table.name for table in PERSONAL if not before[table.name]} == set()
    assert await prune(store, NOW + 29 * DAY) == 0
    assert await rows(store) == before
    assert await prune(store, NOW + 92 * DAY)
    after = await rows(store)
    assert {table.name for table in PERSONAL if after[table.name]} == {"shut_enrolments"}
    assert all(each.name.startswith("sha256-") for each in await store.shut.all())  # and nobody's name


async def test_sightings_are_deleted_before_devices(store: Store) -> None:
    await something_everywhere(store)
    await prune(store, NOW + 31 * DAY)
    left = await rows(store)
    assert (left["sightings"], left["clients"], left["quarantine_mails"], left["devices"]) == (0, 0, 0, 1)


async def test_a_lost_device_stays_shut_out_for_longer_and_not_for_ever(store: Store) -> None:
    await store.devices.ingest([record("intune")], NOW)
    (device,) = await store.people.devices("alice", NOW)
    await store.devices.mark_lost(device.id, NOW + 60 * DAY)
    await prune(store, NOW + 400 * DAY)
    (kept,) = await store.people.devices("alice", NOW)
    assert kept.lost_at == NOW + 60 * DAY
    await prune(store, NOW + 426 * DAY)
    assert await store.people.devices("alice", NOW) == []


async def test_an_old_report_of_one_source_is_deleted_alone(store: Store) -> None:
    await store.devices.ingest([record("intune", eas="applold00001", **SERIAL)], NOW)
    await store.devices.ingest([record("jamf", eas="applnew00001", owner="bob", **SERIAL)], NOW)
    await store.devices.ingest([record("jamf", eas="applnew00001", owner="bob", **SERIAL)], NOW + 89 * DAY)
    await prune(store, NOW + 91 * DAY)
    (device,) = await store.devices.called("C39X8FAKE1")
    assert [report.source for report in device.reports] == ["jamf"]
    assert device.findings == ()
    assert await store.devices.called("applold00001") == []
    assert await store.devices.called("applnew00001") == [device]


@pytest.mark.parametrize("count", [1, 3])
async def test_a_contested_name_goes_to_the_remaining_device(store: Store, count: int) -> None:
    eas = "applshared01"
    await store.devices.ingest([record("jamf", serial="SERIAL0001", eas=eas)], NOW)
    await store.devices.ingest([record("intune", serial="SERIAL0002", eas=eas)], NOW + DAY)
    for day in range(count):
        await store.devices.ingest([record("jamf", serial="SERIAL0001", eas=eas)], NOW + (88 + day) * DAY)
    await store.devices.ingest([record("google", serial="SERIAL0002")], NOW + 91 * DAY)
    await prune(store, NOW + 92 * DAY)
    (holder,) = await store.devices.called(eas)
    assert [report.source for report in holder.reports] == ["jamf"]
    assert holder.findings == ()


async def test_a_let_in_counts_for_as_long_as_a_rule_may_ask_for(store: Store) -> None:
    """However short other records are kept: else somebody could do it again too early."""
    until = NOW + timedelta(hours=24)
    for cause, person in ((Cause.SELF_SERVICE, "ann"), (Cause.EXEMPTION, "bob")):
        relief = Relief(0, cause, "app", "", "x", NOW, until, person)
        await store.reliefs.grant(relief, ACT)
    short = replace(KEEP, sightings=DAY)
    for days, left in ((3, ["ann"]), (90, ["ann"]), (91, [])):
        await store.retention.prune(NOW + timedelta(days=days), short)
        assert [each.relief.person for each in await store.reliefs.history()] == left


async def test_ids_of_forgotten_devices_are_kept_for_a_day(store: Store) -> None:
    await store.devices.ingest([record("intune")], NOW)
    (device,) = await store.people.devices("alice", NOW)
    await store.devices.forget(device.id, NOW)
    await prune(store, NOW + timedelta(hours=23))
    assert (await rows(store))["forgotten_devices"] == 1
    await prune(store, NOW + timedelta(hours=25))
    assert (await rows(store))["forgotten_devices"] == 0


async def test_prune_deletes_what_was_not_seen_for_long_and_keeps_the_rest(store: Store) -> None:
    for number in range(7):
        now = NOW - timedelta(days=number)
        await learned(store, report(f"d{number}", last_seen=now))
        store.ledger.record(
            access(device=f"d{number}", now=now, client=Client(Kind.LAPTOP, False, os=str(number))), BLOCK
        )
    store.ledger.record(access(device="same client", client=Client(Kind.LAPTOP, False, os="6")), BLOCK)
    await store.ledger.flush()
    gone = await store.retention.prune(NOW, replace(KEEP, sightings=3 * DAY, devices=5 * DAY), page=2)
    assert gone == 3 + 1 + 2  # sightings, the clients that only they had, devices
    assert {each.reports[0].id for each in await store.devices.page()} == {f"d{n}" for n in range(6)} - {"d6"}
    assert {row.sighting.device for row in await store.sightings.latest()} == {
        "same client",
        "d0",
        "d1",
        "d2",
        "d3",
    }


async def test_a_gate_whose_clock_is_ahead_deletes_nothing_too_early(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def right(_connection: object, now: datetime) -> datetime:
        return min(now, NOW + DAY)

    await something_everywhere(store)
    before = await rows(store)
    monkeypatch.setattr(gates, "earliest_now", right)
    assert await prune(store, FAR) == 0
    assert await rows(store) == before


async def test_policies_of_a_source_without_devices_are_forgotten(store: Store) -> None:
    await store.devices.ingest([record("intune", **SERIAL)], NOW)
    for source in ("intune", "removed"):
        await store.connectors.keep_versions(source, {"cope": {12: "{}"}}, only=True)
    await prune(store, NOW)
    found = [await store.connectors.versions(source, "cope") for source in ("intune", "removed")]
    assert found == [{12: "{}"}, {}]
