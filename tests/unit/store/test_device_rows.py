"""Looks at rows of devices go by the index of one column, through no more than a window of it."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.people import read_mail
from tests.unit.store.steps import scanned, steps_of

from mailgate.devices.device import LONG_AGO
from mailgate.devices.trust import report_by
from mailgate.store import Store, device_rows
from mailgate.store.device_rows import SORT_COLUMNS, DeviceFilter, DeviceRow, OutageCause

WEEK = NOW - timedelta(days=7)
KINDS, STATES, MAILS = ("phone", "tablet", "laptop"), ("clean", "listed", "stale"), ("gets-mail", "kept-out")


def row(key: int) -> DeviceRow:
    """Rows of every sort by turns; every seventh was never looked at."""
    return DeviceRow(
        key, f"person-{key - 1:02}", KINDS[key % 3], "ios" if key % 2 else "android", f"{key % 4}", f"mdm-{key % 2}",
        STATES[key % 3], MAILS[key % 2], '["tiktok"]' if key % 5 == 0 else "", '["tiktok"]' if key % 10 == 0 else "", '["device-os-contradicted"]' if key % 6 == 0 else "", '["sales"]' if key % 4 == 0 else "",
        LONG_AGO if key % 7 == 0 else NOW - timedelta(days=key),
    )  # fmt: skip


@pytest.fixture
async def filled(store: Store) -> Store:
    await store.devices.ingest(
        [report_by("mdm", f"{n:02}", owner=f"person-{n:02}", serial=f"SERIAL{n:02}") for n in range(40)], NOW
    )
    devices = await store.devices.page()
    await store.rows.keep([row(each.number) for each in devices])
    return store


async def keys(store: Store, wanted: DeviceFilter, size: int = 7) -> list[int]:
    found, after = list[int](), 0
    for _ in range(100):
        looked = await store.rows.search(wanted, after, size)
        found += [each.number for each in looked.rows]
        if looked.after is None:
            return found
        after = looked.after
    raise AssertionError("it never ends")


ASKED = (
    DeviceFilter(), DeviceFilter(kind="phone"), DeviceFilter(state="listed", mail="kept-out"), DeviceFilter(os="ios", source="mdm-1"),
    DeviceFilter(app="tiktok"), DeviceFilter(group="sales"), DeviceFilter(before=WEEK), DeviceFilter(kind="phone", before=WEEK),
    DeviceFilter(name="person-1"), DeviceFilter(name="PERSON-11"), DeviceFilter(name="serial07"), DeviceFilter(name="person-1", kind="phone"),
    DeviceFilter(mail="nothing"), DeviceFilter(blocked_by="tiktok"), DeviceFilter(blocked_by="tiktok", app="tiktok", os="android"),
    DeviceFilter(disagree=True), DeviceFilter(disagree=True, kind="phone"),
)  # fmt: skip


OF_THE_COLUMN = {
    "person": DeviceFilter(name="person-1"), "kind": DeviceFilter(kind="phone"), "os": DeviceFilter(os="ios"), "source": DeviceFilter(source="mdm-1"),
    "state": DeviceFilter(state="listed"), "mail": DeviceFilter(mail="kept-out"), "apps": DeviceFilter(app="tiktok"), "reported_at": DeviceFilter(before=WEEK),
}  # fmt: skip
"""What goes by the same index as the order. Every other condition is held against rows that the index has found."""
IN_ORDER = [
    replace(asked, sort=sort, descending=descending)
    for sort, descending in product(SORT_COLUMNS, (False, True))
    for asked in (
        DeviceFilter(),
        OF_THE_COLUMN[sort],
        DeviceFilter(name="PERSON-11"),
        DeviceFilter(group="sales", os="ios"),
    )
]


@pytest.mark.parametrize(("window", "size"), [(6, 7), (1000, 19)])
async def test_exactly_the_wanted_devices_come_once_and_in_order(
    filled: Store, window: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In windows smaller than a page, and in one that holds all; one store for all of these looks."""
    monkeypatch.setattr(device_rows, "WINDOW", window)
    every = {each: row(each) for each in range(1, 41)}
    for wanted in (*ASKED, *IN_ORDER):
        meant = {key for key, each in every.items() if wanted.fits(each) and _is_called(each, wanted.name)}
        found = await keys(filled, wanted, size)
        assert sorted(found) == sorted(meant), wanted
        if wanted.sort:
            values = [(getattr(every[key], wanted.sort), key) for key in found]
            assert values == sorted(values, reverse=wanted.descending), wanted


def _is_called(each: DeviceRow, name: str) -> bool:
    name = name.lower()
    return not name or each.person.startswith(name) or name == f"serial{each.device - 1:02}"


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (DeviceFilter(), 40),
        (DeviceFilter(kind="phone", app="tiktok"), 2),
        (DeviceFilter(name="person-1"), 10),
    ],
    ids=["all", "by columns", "by name"],
)
async def test_matching_devices_are_counted(filled: Store, wanted: DeviceFilter, count: int) -> None:
    assert await filled.rows.count(wanted) == (count, True)


async def test_devices_are_counted_by_what_they_get(filled: Store) -> None:
    assert await filled.rows.by_mail() == {"gets-mail": 20, "kept-out": 20}


async def test_a_count_of_very_many_devices_stops_at_a_limit(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_rows, "COUNTED", 9)
    assert await filled.rows.count(DeviceFilter(os="ios")) == (9, False)


LED = {
    "kind": DeviceFilter(kind="phone"), "state": DeviceFilter(state="listed", os="x"), "mail": DeviceFilter(mail="kept-out", kind="x"),
    "source": DeviceFilter(os="ios", source="mdm-1"), "apps": DeviceFilter(app="tiktok", kind="phone"), "blocked_by": DeviceFilter(blocked_by="tiktok", app="wechat"),
    "findings": DeviceFilter(disagree=True, app="tiktok"), "reported_at": DeviceFilter(before=WEEK, kind="phone"), "person": DeviceFilter(name="ada"),
}  # fmt: skip
SORTED = [(sort, DeviceFilter(sort=sort, group="sales", descending=True)) for sort in SORT_COLUMNS]


@pytest.mark.parametrize(("lead", "wanted"), [*LED.items(), *SORTED])
async def test_every_look_and_every_count_goes_by_the_index_of_one_column(
    store: Store, lead: str, wanted: DeviceFilter
) -> None:
    async def ask(store: Store) -> None:
        await store.rows.search(wanted, 7, 9)
        await store.rows.count(wanted)

    steps = await steps_of(store, ask)
    led = f"ix_device_rows_{lead}" in steps
    assert led
    assert scanned(steps) == []


async def test_looks_of_a_source_are_found_by_their_times(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("mdm-1", ["kept-out"], NOW - timedelta(days=11), NOW - timedelta(days=3))
    looks, whole = await filled.rows.ending(*asked)
    assert (looks, whole) == ([NOW - timedelta(days=days) for days in (9, 5, 3)], True)
    steps = await steps_of(filled, lambda store: store.rows.ending(*asked))
    assert ("ix_device_rows_reported_at" in steps, scanned(steps)) == (True, [])
    monkeypatch.setattr(device_rows, "COUNTED", 4)
    assert await filled.rows.ending(*asked) == ([NOW - timedelta(days=9)], False)


async def test_values_of_a_column_are_found_by_its_index(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await filled.rows.distinct("source") == ["mdm-0", "mdm-1"]
    assert await filled.rows.distinct("os") == ["android", "ios"]
    monkeypatch.setattr(device_rows, "DIFFERENT", 1)
    assert await filled.rows.distinct("kind") == ["laptop"]

    async def ask(store: Store) -> None:
        await store.rows.distinct("source")

    steps = await steps_of(filled, ask)
    led = "ix_device_rows_source" in steps
    assert led
    assert scanned(steps) == []


async def test_a_row_goes_with_its_device_and_none_comes_without(filled: Store) -> None:
    device = (await filled.devices.page())[0]
    await filled.devices.forget(device.id, NOW)
    assert device.number not in await keys(filled, DeviceFilter())
    await filled.rows.keep([row(device.number)])
    assert device.number not in await keys(filled, DeviceFilter())


async def test_only_what_differs_is_written_again(filled: Store) -> None:
    same, other = row(1), row(2)._replace(mail="exempt")
    assert await filled.rows.differing([same, other]) == [other]


async def test_the_followed_change_number_never_goes_back(filled: Store) -> None:
    await filled.rows.keep([], 9)
    await filled.rows.keep([], 4)
    assert await filled.rows.seen() == 9


async def test_each_person_without_mail_has_one_cause_an_app_before_all_else(store: Store) -> None:
    await store.devices.ingest([report_by("mdm", f"{n}", serial=f"SERIAL{n}") for n in range(7)], NOW)
    has = (
        ("ada", "kept-out", "stale", ""),
        ("ada", "kept-out", "listed", '["wechat", "tiktok"]'),
        ("bob", "kept-out", "stale", ""),
        ("cy", "must-prove-itself", "missing", ""),
        ("dan", "gets-mail", "clean", ""),
        ("", "kept-out", "stale", ""),
        ("eve", "kept-out", "stale", ""),
    )
    rows = [
        DeviceRow(device.number, person, mail=mail, state=state, blocked_by=blocked_by)
        for device, (person, mail, state, blocked_by) in zip(await store.devices.page(), has, strict=True)
    ]
    await store.rows.keep(rows)
    for person, at in (("ada", NOW), ("bob", NOW - timedelta(days=9)), ("dan", NOW)):
        await read_mail(store, person, at)
    causes, nobodys = await store.rows.causes(["kept-out", "must-prove-itself"], NOW - timedelta(days=7))
    assert causes == [
        OutageCause("", "kept-out", "stale", 2, 0),
        OutageCause("", "must-prove-itself", "missing", 1, 0),
        OutageCause('["wechat", "tiktok"]', "kept-out", "listed", 1, 1),
    ]
    assert [each.first_app for each in causes] == ["", "", "wechat"]
    assert (nobodys, await store.rows.people()) == (1, 5)
