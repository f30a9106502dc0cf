"""How connectors fare, kept over restarts."""

from dataclasses import replace

from tests.unit.store.examples import NOW

from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Enrolment, SourceState
from mailgate.store import Store


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
