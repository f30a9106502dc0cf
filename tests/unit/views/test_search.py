"""Looking for devices: exactly those that are meant, however the looks at the store are cut."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.store.examples import CATALOG, MAX_AGE, NOW

from mailgate.devices.device import Device
from mailgate.model import AppsReport, DeviceRecord, Kind
from mailgate.store import Sought, Store
from mailgate.store import search as store_search
from mailgate.views import search as searching
from mailgate.views.search import search

STATES = ("clean", "listed", "partial", "stale", "missing")


def bundle() -> Any:
    """As much of the files as is read here."""
    posture = SimpleNamespace(max_age=MAX_AGE, precedence=())
    return SimpleNamespace(policy=SimpleNamespace(catalog=CATALOG), settings=SimpleNamespace(posture=posture))


def record(number: int) -> DeviceRecord:
    """Devices of every state by turns, and every seventh a tablet."""
    state = STATES[number % 5]
    present = {"listed": {"tiktok"}, "clean": {"chess"}}.get(state, set())
    at = NOW - (MAX_AGE + timedelta(hours=1) if state == "stale" else timedelta(hours=1))
    apps = None if state == "missing" else AppsReport(frozenset(present), state != "partial", at)
    kind = Kind.TABLET if number % 7 == 0 else Kind.PHONE
    return DeviceRecord("mdm", f"d-{number:03}", owner=f"person-{number:03}", kind=kind, apps=apps)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await Store.open(f"sqlite:///{tmp_path}/mailgate.db")
    await store.devices.take([record(number) for number in range(60)], NOW)
    yield store
    await store.close()


async def everything(store: Store, sought: Sought, size: int) -> list[Device]:
    found: list[Device] = []
    after: int | None = 0
    while after is not None:
        page = await search(store, bundle(), sought, NOW, after, size)
        assert len(page.found) <= size
        found += [device for device, _ in page.found]
        after = page.after
    return found


@pytest.mark.parametrize("size", [7, 50])
@pytest.mark.parametrize("state", ["", *STATES])
@pytest.mark.parametrize("kind", ["", "tablet"])
async def test_all_that_are_meant_are_found_once_and_no_other(
    store: Store, monkeypatch: pytest.MonkeyPatch, state: str, kind: str, size: int
) -> None:
    monkeypatch.setattr(store_search, "WINDOW", 9)
    monkeypatch.setattr(searching, "_CANDIDATES", 4)
    found = await everything(store, Sought(state=state, kind=kind), size)
    meant = {
        f"d-{number:03}"
        for number in range(60)
        if (not state or STATES[number % 5] == state) and (not kind or number % 7 == 0)
    }
    assert sorted(device.reports[0].id for device in found) == sorted(meant)


async def test_the_beginning_of_a_person_is_enough_and_its_middle_is_not(store: Store) -> None:
    assert len(await everything(store, Sought(name="PERSON-01"), 50)) == 10
    assert len(await everything(store, Sought(name="person-011"), 50)) == 1
    assert await everything(store, Sought(name="erson"), 50) == []
    assert len(await everything(store, Sought(name="person-0", app="tiktok"), 50)) == 12


async def test_devices_of_which_no_source_tells_the_kind_are_of_unknown_kind(store: Store) -> None:
    await store.devices.take([DeviceRecord("mdm", "nameless")], NOW)
    for state in ("", "missing"):
        (found,) = await everything(store, Sought(kind="unknown", state=state), 5)
        assert found.reports[0].id == "nameless"


async def test_an_app_is_found_on_those_that_have_it_and_lost_ones_are_found(store: Store) -> None:
    assert len(await everything(store, Sought(app="chess"), 5)) == 12
    (one,) = await store.devices.called("d-011")
    await store.devices.lose(one.id, NOW)
    assert [device.id for device in await everything(store, Sought(state="lost"), 5)] == [one.id]
    assert await everything(store, Sought(state="lost", kind="tablet"), 5) == []


async def test_one_page_looks_on_only_so_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_search, "WINDOW", 2)
    monkeypatch.setattr(searching, "LOOKS", 2)
    page = await search(store, bundle(), Sought(state="clean", kind="laptop"), NOW)
    assert (page.found, page.after) == ((), 4)
