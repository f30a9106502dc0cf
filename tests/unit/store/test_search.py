"""Looks at the store go by indexes: the plan of each query names the one that leads to what is meant."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tests.unit.store.examples import MAX_AGE, NOW
from tests.unit.store.steps import scanned, steps_of

from mailgate.devices.names import EAS, MDM
from mailgate.devices.trust import report_from
from mailgate.model import AppsReport, DeviceRecord, Kind
from mailgate.store import Sought, Store
from mailgate.store.search import WINDOW

CUTOFF = NOW - MAX_AGE
Find = Callable[[Store], Awaitable[object]]


@pytest.mark.parametrize(
    ("sought", "index"),
    [
        (Sought(name="ada"), "ix_reports_person"),
        (Sought(app="tiktok"), "ix_reports_with_apps"),
        (Sought(state="listed"), "ix_reports_with_apps"),
        (Sought(state="missing"), "ix_reports_without_a_look"),
        (Sought(state="partial"), "ix_reports_of_a_part"),
        (Sought(state="lost"), "ix_devices_lost"),
        (Sought(kind="phone"), "ix_reports_kind_device"),
        (Sought(state="stale"), "ix_reports_device"),
        (Sought(state="clean"), "ix_reports_device"),
        (Sought(state="clean", kind="phone"), "ix_reports_device"),
        (Sought(kind="unknown"), "ix_reports_kind_device"),
    ],
)
async def test_every_look_goes_by_an_index(store: Store, sought: Sought, index: str) -> None:
    steps = await steps_of(store, lambda store: store.search.look(sought, CUTOFF, NOW, 7, 9))
    assert index in steps
    assert scanned(steps) == []


@pytest.mark.parametrize(
    "find", [lambda store: store.devices.owned("ada"), lambda store: store.devices.called("ada")]
)
async def test_the_devices_of_a_person_are_found_by_an_index(store: Store, find: Find) -> None:
    steps = await steps_of(store, find)
    assert "ix_reports_person" in steps
    assert scanned(steps) == []


@pytest.mark.parametrize(
    "find",
    [
        lambda store: store.devices.find(EAS, ["applx1", "applx2"]),
        lambda store: store.devices.find(MDM, ["7"]),
        lambda store: store.devices.around(report_from(DeviceRecord("intune", "7", keys=("key-1",)), NOW)),
    ],
)
async def test_what_a_decision_waits_for_is_found_by_indexes(store: Store, find: Find) -> None:
    assert scanned(await steps_of(store, find)) == []


async def test_a_look_ends_at_its_window_where_no_index_leads_further(store: Store) -> None:
    whole = AppsReport(frozenset(), True, NOW - timedelta(hours=1))
    await store.devices.take(
        [DeviceRecord("mdm", f"{n}", kind=Kind.PHONE, apps=whole) for n in range(3)], NOW
    )
    found = await store.search.look(Sought(state="stale"), CUTOFF, NOW, -WINDOW, 50)
    assert (found.devices, found.after) == ((), 0)
    assert (await store.search.look(Sought(state="stale"), CUTOFF, NOW, 0, 50)).after is None
    found = await store.search.look(Sought(state="clean"), CUTOFF, NOW, 0, 2)
    assert (len(found.devices), found.after) == (2, 2)
