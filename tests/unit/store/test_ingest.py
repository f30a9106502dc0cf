"""Writing what changed, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event
from tests.unit.store.devices import record
from tests.unit.store.examples import BROWSER, CATALOG, NOW, PHONE_1, TERMS, minutes, proof

from mailgate.devices.trust import report_by
from mailgate.model import (
    AppsReport,
    AttestationResult,
    Compliance,
    Denial,
    Enrolment,
    ManagementVerdict,
    PostureState,
    SourceState,
    Threat,
)
from mailgate.store import IngestResult, Store
from mailgate.store.ingest import report_of

FAR, LONG_PAST = datetime(2200, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)
"""Later and earlier than the clock of any database says."""


def test_counts_add_up() -> None:
    assert IngestResult(1, 2, 3, 4).plus(IngestResult(new=1, findings=1)) == IngestResult(2, 2, 3, 5)


async def test_unchanged_reports_are_not_written_again(store: Store) -> None:
    records = [record(str(each), serial=f"SERIAL{each}", eas_ids=(f"Appl{each}",)) for each in range(5)]
    assert await store.devices.ingest(records, NOW) == IngestResult(new=5)
    written: list[str] = []

    @event.listens_for(store.devices._database._engine.sync_engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("SELECT", "BEGIN")):
            written.append(statement.split("SET")[0].strip())

    assert await store.devices.ingest(records, NOW + minutes(1)) == IngestResult(same=5)
    assert written == ["UPDATE device_changes"]


async def test_each_change_gets_through(store: Store) -> None:
    changes = [
        {"owner": "ada"},
        {"serial": "SERIAL1"},
        {"serial": "SERIAL2", "udid": "AAAABBBBCCCC"},
        {"serial": "SERIAL2", "os": "ios", "managed": True},
        {"apps": AppsReport(frozenset({"tiktok"}), False, NOW + minutes(1))},
        {"gone": True},
    ]
    for fields in changes:
        await store.devices.ingest([record(**fields)], NOW)
        (device,) = await store.devices.page()
        (report,) = device.reports
        assert await store.devices.ingest([record(**fields)], NOW) == IngestResult(same=1)
        for kind, text in device.claims:
            assert await store.devices.find(kind, [text]) == [device]
    assert (report.gone, report.apps, device.claims) == (True, {"tiktok"}, frozenset())
    assert await store.devices.find("serial", ["SERIAL1", "SERIAL2"]) == []


async def test_a_batch_of_many_is_one_after_the_other(store: Store) -> None:
    """A later record of a batch sees what an earlier one brought."""
    same = [record(str(each), serial="SERIAL1", eas_ids=(f"Appl{each}",)) for each in range(3)]
    assert await store.devices.ingest([*same, replace(same[0], owner="ada")], NOW) == IngestResult(
        new=1, changed=3
    )
    (device,) = await store.devices.page()
    assert len(device.reports) == 3


async def test_more_than_a_batch_is_taken_in_batches(store: Store) -> None:
    records = [record(str(each), serial=f"SERIAL{each}") for each in range(1001)]
    start = await store.devices.last_change()
    assert await store.devices.ingest(records, NOW) == IngestResult(new=1001)
    assert await store.devices.last_change() == start + 2


async def test_an_old_look_of_a_clock_that_was_ahead_hides_no_newer_one(store: Store) -> None:
    """Of a gate that is right again, and of another one on the store. The control is a phone of which nothing was ever ahead."""
    then, listed = FAR + timedelta(days=3), proof("tiktok", at=FAR, expires=FAR + timedelta(days=9))
    clean = await store.postures(CATALOG, TERMS).current(
        BROWSER, proof(at=then, expires=FAR + timedelta(days=9)), then
    )
    assert clean.state is PostureState.CLEAN
    await store.reports.flush()
    gate, other = store.postures(CATALOG, TERMS), store.postures(CATALOG, TERMS)
    assert (await gate.current(BROWSER, listed, FAR)).state is PostureState.LISTED
    await store.reports.flush()
    (device,) = await store.devices.called(PHONE_1)
    assert other.worth(device, FAR).state is PostureState.LISTED
    assert device.last_seen == device.first_seen == FAR


async def test_no_run_of_a_source_makes_its_look_younger(store: Store) -> None:
    """Its clock is eight hours ahead, and another source saw the app an hour before. It lets go once the source tells another date."""
    seen = report_by(
        "intune", "1", apps=AppsReport(frozenset({"tiktok"}), True, NOW - minutes(60)), serial="SERIAL1"
    )
    await store.devices.ingest([seen], NOW - minutes(60))
    gate = store.postures(CATALOG, TERMS)
    for run in (0, 60, 240, 270, 300, 420, 478, 480, 540):
        then, date = NOW + minutes(run), NOW + minutes(480)
        look = AppsReport(frozenset(), True, date)
        await store.devices.ingest([report_by("jamf", "7", apps=look, serial="SERIAL1")], then)
        (device,) = await store.devices.called("7")
        assert gate.worth(device, then).lists == ("prohibited",), run
    await store.devices.ingest([report_by("jamf", "7", apps=replace(look, at=then), serial="SERIAL1")], then)
    (device,) = await store.devices.called("7")
    assert gate.worth(device, then).lists == ()


async def test_a_report_that_waited_in_a_spool_hides_no_newer_look(store: Store) -> None:
    """It came before, whenever it is written."""
    await store.devices.ingest(
        [report_by("mdm", "7", apps=AppsReport(frozenset({"tiktok"}), True, LONG_PAST + minutes(60)))],
        LONG_PAST + minutes(60),
    )
    store.reports.put(
        ("mdm", "7"), report_by("mdm", "7", apps=AppsReport(frozenset(), True, LONG_PAST)).received(LONG_PAST)
    )
    await store.reports.flush()
    (device,) = await store.devices.called("7")
    assert store.postures(CATALOG, TERMS).worth(device, LONG_PAST + minutes(61)).lists == ("prohibited",)


@pytest.mark.parametrize(
    "given_proof",
    [
        proof("tiktok", "chess", eas_ids=("ApplX1", "\u00e9")),
        proof(at=None, expires=None, kind=None, managed=None, key_thumbprint=""),
        proof(complete=False, user="\ud800"),
    ],
)
def test_a_spooled_report_is_read_back_whole(store: Store, given_proof: AttestationResult) -> None:
    report = report_of(given_proof, CATALOG, NOW)
    slot, read = store.reports._from_line(store.reports._to_line(report.key, report))
    assert (slot, read) == (report.key, report)
    assert (read.first_seen, read.last_seen) == (NOW, NOW)


def test_a_device_cannot_say_itself_how_it_is_enrolled() -> None:
    said = proof(enrolment=Enrolment.SUPERVISED)
    assert report_of(said, CATALOG, NOW).enrolment is Enrolment.SUPERVISED
    assert report_of(replace(said, self_reported=True), CATALOG, NOW).enrolment is Enrolment.UNKNOWN


def test_a_spooled_verdict_and_denial_are_read_back_whole(store: Store) -> None:
    told = report_by(
        "mdm", "7", verdict=ManagementVerdict(Compliance.GRACE, NOW, frozenset({"tiktok"}), Threat.LOW), enrolment=Enrolment.DEDICATED,
        denial=Denial(frozenset({"tiktok"}), NOW, NOW + minutes(9), "phones 7", "version"),
        apps=AppsReport(frozenset(), True, NOW, asked=frozenset()),
    )  # fmt: skip
    assert store.reports._from_line(store.reports._to_line(told.key, told)) == (told.key, told)


def test_only_listed_apps_and_no_future_times_are_stored() -> None:
    report = report_of(proof("tiktok", "unlisted", at=NOW + minutes(9)), CATALOG, NOW)
    assert (report.apps, report.reported_at) == (frozenset({"tiktok"}), NOW)
    assert isinstance(report.apps, frozenset)  # pages tell lists by their type


async def test_nothing_is_known_of_a_connector_that_never_ran(store: Store) -> None:
    assert await store.connectors.states() == {}


async def test_the_last_word_stands(store: Store) -> None:
    first = SourceState(
        "mdm", last_attempt=NOW, last_success=NOW, last_full=NOW, cursor=NOW, devices=3, taken=3
    )
    await store.connectors.note(first)
    await store.connectors.note(SourceState("other", trouble="throttled", status=429, failing_since=NOW))
    last = replace(first, trouble="too-many-gone", held=2, gone=1)
    await store.connectors.note(last)
    states = await store.connectors.states()
    assert states["mdm"] == last
    assert (states["other"].failing_since, states["other"].status) == (NOW, 429)


async def test_the_devices_of_a_source_come_in_pages(store: Store) -> None:
    ours = [report_by("mdm", f"d{number}") for number in range(5)]
    await store.devices.ingest([*ours, report_by("other", "d9")], NOW)
    assert [page async for page in store.connectors.devices("mdm", size=2)] == [
        ["d0", "d1"],
        ["d2", "d3"],
        ["d4"],
    ]
    assert [page async for page in store.connectors.devices("nobody")] == []


async def test_only_devices_seen_whole_and_clean_are_found(store: Store) -> None:
    clean, listed = AppsReport(frozenset(), True, NOW), AppsReport(frozenset({"tiktok"}), True, NOW)
    part = AppsReport(frozenset(), False, NOW)
    ours = [
        report_by("mdm", "clean", "ada", apps=clean),
        report_by("mdm", "listed", apps=listed),
        report_by("mdm", "part", apps=part),
        report_by("mdm", "none"),
        report_by("mdm", "gone", apps=clean, gone=True),
        report_by("other", "clean", apps=clean),
    ]
    await store.devices.ingest(ours, NOW)
    ids = ["clean", "listed", "part", "none", "gone", "unheard of"]
    [(name, device, owner)] = await store.connectors.seen_whole("mdm", ids)
    assert (name, owner) == ("clean", "ada")
    assert [each.id for each in await store.devices.called(device)] == [device]
    assert await store.connectors.seen_whole("mdm", []) == []


async def test_versions_of_policies_are_kept_until_nobody_needs_them(store: Store) -> None:
    keep, versions = store.connectors.keep_versions, store.connectors.versions
    await keep("mdm", {"cope": {11: "a", 12: "b"}, "open": {3: "c"}}, only=False)
    await keep("other", {"cope": {11: "d"}}, only=True)
    await keep("mdm", {"cope": {12: "e", 13: "f"}}, only=False)
    assert await versions("mdm", "cope") == {11: "a", 12: "e", 13: "f"}
    await keep("mdm", {"cope": {13: "f"}}, only=True)
    assert await versions("mdm", "cope") == {13: "f"}
    assert await versions("mdm", "open") == {}
    assert await versions("other", "cope") == {11: "d"}
    await keep("mdm", {}, only=True)
    assert await versions("mdm", "cope") == {}


async def test_devices_are_counted_by_kind_and_reach(store: Store) -> None:
    part, whole = AppsReport(frozenset(), False, NOW), AppsReport(frozenset(), True, NOW)
    personal = Enrolment.WORK_PROFILE_PERSONAL
    ours = [
        report_by("mdm", "1", apps=part, enrolment=personal),
        report_by("mdm", "2", apps=part, enrolment=personal),
        report_by("mdm", "3", apps=whole),
        report_by("mdm", "4", enrolment=personal),
        report_by("mdm", "5", apps=whole, gone=True),
        report_by("other", "1", apps=whole, enrolment=Enrolment.SUPERVISED),
    ]
    await store.devices.ingest(ours, NOW)
    assert await store.connectors.reach() == {
        ("mdm", "work-profile-personal", "partial"): 2,
        ("mdm", "unknown", "complete"): 1,
        ("mdm", "work-profile-personal", "none"): 1,
        ("other", "supervised", "complete"): 1,
    }
