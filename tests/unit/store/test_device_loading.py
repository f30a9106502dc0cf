"""Finding all devices that reports may be about."""

import ast
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.rollout.versions import altered
from tests.unit.store.devices import ids, record
from tests.unit.store.examples import NOW

from mailgate.attest.report import Profile
from mailgate.devices.device import Device
from mailgate.devices.names import EAS, KEY, MDM, eas_forms
from mailgate.devices.trust import report_by
from mailgate.model import (
    Absence,
    AppsReport,
    Assurance,
    Compliance,
    Denial,
    Effect,
    Enrolment,
    Kind,
    ManagementVerdict,
    PostureState,
    Protocol,
    Reason,
    Stage,
    Threat,
)
from mailgate.policy.reliefs import Cause
from mailgate.store import MailKind, MailState, Store, device_loading
from mailgate.store.device_loading import around, load
from mailgate.store.shut_enrolments import Sort


@pytest.mark.parametrize("at_once", [1, 2, 5000])
async def test_all_are_found_whatever_leads_to_them(
    store: Store, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(device_loading, "_AT_ONCE", at_once)
    known = [
        record("by-slot"),
        record("by-serial", serial="SERIAL1"),
        record("by-eas", eas_ids=("ApplX1",)),
        record("other", serial="SERIAL2"),
    ]
    await store.devices.ingest(known, NOW)
    joins = record("new", "intune", serial="SERIAL1", eas_ids=("6170706c7831",))
    async with store.devices._database.reading() as connection:
        news = [each.received(NOW) for each in (joins, record("by-slot"))]
        assert ids(await device_loading.around(connection, news)) == ["by-eas", "by-serial", "by-slot"]


async def test_every_device_with_a_contested_name_is_found(store: Store) -> None:
    for number in (1, 2):
        await store.devices.ingest([record(str(number), serial=f"SERIAL{number}", eas_ids=("ApplX1",))], NOW)
    found = await store.devices.around(record("3", eas_ids=("ApplX1",)).received(NOW))
    assert ids(found) == ["1", "2"]


async def test_a_chain_of_contested_names_is_followed_to_its_end(store: Store) -> None:
    """Else what does not fit between the far ends would be forgotten with the next report of the near one."""
    for number in (1, 2, 3):
        eas_ids = (f"Appl{number}", f"Appl{number + 1}")
        await store.devices.ingest([record(str(number), serial=f"SERIAL{number}", eas_ids=eas_ids)], NOW)
    found = await store.devices.around(record("1").received(NOW))
    assert ids(found) == ["1", "2", "3"]


RECORDS = [
    report_by("https://a.example.com", "1", "Ada", Kind.PHONE, "ios", apps=AppsReport(frozenset({"tiktok"}), True, NOW), serial="S1ABCDEFG"),
    report_by("https://b.example.com", "x", "grace", Kind.TABLET, "android", serial="S1ABCDEFG", expires=NOW),
    report_by("https://a.example.com", "2", "lin", Kind.LAPTOP, managed=True, eas_ids=("EAS2",)),
    report_by("https://a.example.com", "3", gone=True),
    report_by(
        "intune", "4", enrolment=Enrolment.SUPERVISED, apps=AppsReport(frozenset(), True, NOW, asked=frozenset({"tiktok"})),
        verdict=ManagementVerdict(Compliance.GRACE, NOW, frozenset({"tiktok"}), Threat.LOW),
        denial=Denial(frozenset({"tiktok"}), NOW, NOW + timedelta(hours=1), "phones 7", "version"),
    ),
]  # fmt: skip


def bare(device: Device) -> Device:
    """The device without its names."""
    reports = tuple(replace(report, names=frozenset()) for report in device.reports)
    return replace(device, reports=reports, ceded_names=frozenset())


async def test_summaries_equal_pages_except_for_names(store: Store) -> None:
    await store.devices.ingest(RECORDS, NOW)
    pages = await store.devices.page()
    assert any(device.findings for device in pages)
    assert RECORDS[-1] in [report for device in pages for report in device.reports]
    assert await store.devices.summaries("", 500) == [bare(device) for device in pages]


async def test_two_devices_that_turned_out_to_be_one_keep_their_ids(store: Store) -> None:
    first = report_by("https://a.example.com", "1", serial="SERIAL0001")
    other = report_by("https://b.example.com", "2", udid="0123456789abcdef0123456789abcdef01234567")
    await store.devices.ingest([first], NOW)
    await store.devices.ingest([other], NOW + timedelta(hours=1))
    await store.devices.ingest([replace(other, names=other.names | first.names)], NOW + timedelta(hours=2))
    (device,) = await store.devices.page()
    (sketch,) = await store.devices.summaries("", 500)
    assert sketch.former_ids == device.former_ids
    assert len(sketch.former_ids) == 1


async def test_summaries_come_in_pages_in_the_order_of_ids(store: Store) -> None:
    await store.devices.ingest([report_by("s", str(number)) for number in range(7)], NOW)
    first = await store.devices.summaries("", 4)
    rest = await store.devices.summaries(first[-1].id, 4)
    ids = [device.id for device in [*first, *rest]]
    assert (len(first), len(rest), ids) == (4, 3, sorted(ids))
    assert await store.devices.summaries(ids[-1], 4) == []


async def test_parts_of_all_devices_are_told_by_their_ends(store: Store) -> None:
    assert (await store.devices.count(), await store.devices.splits(3)) == (0, [])
    await store.devices.ingest([report_by("s", str(number)) for number in range(10)], NOW)
    ids = [device.id for device in await store.devices.page()]
    assert await store.devices.splits(3) == [ids[2], ids[5]]
    assert await store.devices.count() == 10


LATER = NOW + timedelta(seconds=1, microseconds=250)
APPS = AppsReport(frozenset({"tiktok", "chess"}), True, LATER)


async def loaded(store: Store, *numbers: int) -> list[Device]:
    """The same devices by the way that many go."""
    async with store.devices._database.reading() as connection:
        return await load(connection, numbers)


async def test_a_single_lookup_finds_what_the_bulk_lookup_finds(store: Store) -> None:
    phone = record("1", serial="SERIAL1", eas_ids=("ApplX1",), owner="Ädä \u2028 \\'\"", apps=APPS)
    await store.devices.ingest([phone, replace(phone, source="intune", os="android", expires_at=LATER)], NOW)
    await store.devices.ingest([record("2", eas_ids=("ApplX1", "ApplX2"), serial="SERIAL2")], LATER)
    await store.devices.ingest(
        [report_by("jamf", "3", serial="SERIAL3"), report_by("jamf", "4", keys=("key-1",))], NOW
    )
    await store.devices.ingest([report_by("jamf", "4", serial="SERIAL3", keys=("key-1",))], LATER)
    (joined,) = await store.devices.find(KEY, ["key-1"])
    assert joined.former_ids
    await store.devices.mark_lost(joined.id, LATER)
    for kind, texts in ((KEY, ["key-1"]), (EAS, eas_forms("ApplX1")), (EAS, ["applx2"]), (MDM, ["1"])):
        (found,) = await store.devices.find(kind, texts)
        (same,) = await loaded(store, found.number)
        assert all(getattr(found, name) == getattr(same, name) for name in Device.__slots__)
    assert any(device.findings for device in await store.devices.find(EAS, ["applx2"]))


async def test_several_names_lead_to_each_of_their_devices(store: Store) -> None:
    await store.devices.ingest([record(name, keys=(f"key-{name}",)) for name in "abc"], NOW)
    found = await store.devices.find(KEY, ["key-a", "key-c", "key-x"])
    assert found == await loaded(store, *(each.number for each in found))
    assert len(found) == 2


async def test_a_name_that_no_database_keeps_is_found_escaped(store: Store) -> None:
    await store.devices.ingest([record("a\0\ud800", keys=("key-1",))], NOW)
    assert await store.devices.find(MDM, ["a\0\ud800"]) == await store.devices.find(KEY, ["key-1"])
    assert await store.devices.find(MDM, ["%", "' OR 1=1 --", '["key-1"]']) == []


@pytest.mark.parametrize("at", range(6))
async def test_all_that_a_report_may_be_about_is_found_by_one_question(store: Store, at: int) -> None:
    known = [
        record("by-slot"),
        record("by-serial", serial="SERIAL1"),
        record("by-eas", eas_ids=("ApplX1",)),
        record("by-key", keys=("key-1",)),
        record("other", serial="SERIAL2"),
    ]
    await store.devices.ingest(known, NOW)
    news = (
        record("by-slot"),
        record("new", "intune", serial="SERIAL1", eas_ids=("6170706c7831",), keys=("key-1", "key-2")),
        record("new", udid="UDID-1234"),
        record("by-slot", "intune"),
        record("other", serial="SERIAL1", certificates=("cert-1",)),
        record("a\0\ud800' \""),
    )
    report = news[at].received(NOW)
    async with store.devices._database.reading() as connection:
        slowly = await around(connection, [report])
    assert ids(await store.devices.around(report)) == ids(slowly)


async def test_a_joined_device_is_found_by_its_former_ids(store: Store) -> None:
    await store.devices.ingest([record("1", serial="SERIAL1"), record("2", keys=("key-1",))], NOW)
    await store.devices.ingest([record("2", serial="SERIAL1", keys=("key-1",))], NOW)
    await store.devices.ingest([record("2", gone=True)], NOW)
    for name in ("1", "2"):
        report = record(name).received(NOW)
        async with store.devices._database.reading() as connection:
            assert await store.devices.around(report) == await around(connection, [report])


async def test_words_that_only_a_newer_gate_knows_say_less_and_a_contradiction_stays_one(
    store: Store, url: str
) -> None:
    told = report_by("a", "1", "Ada", Kind.PHONE, enrolment=Enrolment.SUPERVISED, serial="S1ABCDEFG", verdict=ManagementVerdict(Compliance.GRACE, NOW, threat=Threat.LOW))  # fmt: skip
    other = report_by("b", "2", "Ada", Kind.LAPTOP, serial="S1ABCDEFG")
    await store.devices.ingest([told, other], NOW)
    of = "source = 'a'"
    with ExitStack() as stack:
        for name in ("kind", "enrolment", "compliance", "threat"):
            stack.enter_context(altered(url, "reports", name, "of tomorrow", of))
        stack.enter_context(altered(url, "device_findings", "reason", "device-age-contradicted"))
        [found] = await store.devices.find("serial", ["S1ABCDEFG"])
        [summed] = await store.devices.summaries("", 9)
    for device in (found, summed):
        [first, _] = device.reports
        words = (first.kind, first.enrolment, first.compliance, first.threat)
        assert words == (Kind.UNKNOWN, Enrolment.UNKNOWN, Compliance.UNKNOWN, Threat.UNKNOWN)
        assert [each.reason for each in device.findings] == [Reason.DEVICE_CONTRADICTED]


def test_no_query_makes_a_word_of_a_closed_set_but_by_the_reader_of_stored_words() -> None:
    """Otherwise one that a newer gate has stored would end the reading of all the others."""
    sets = {each.__name__ for each in (Absence, Assurance, Cause, Compliance, Effect, Enrolment, Kind, MailKind, MailState, PostureState, Profile, Protocol, Reason, Sort, Stage, Threat)}  # fmt: skip
    calls = (
        (path.name, node.func.id)
        for path in Path(device_loading.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    assert [each for each in calls if each[1] in sets] == []
