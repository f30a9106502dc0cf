"""Looks at the store go by indexes: the plan of each query names the one that leads to what is meant."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.unit.store.examples import MAX_AGE, NOW

from mailgate.model import AppsReport, DeviceRecord, Kind
from mailgate.store import Sought, Store
from mailgate.store.search import WINDOW, _query

CUTOFF = NOW - MAX_AGE


@pytest.mark.parametrize(
    ("sought", "index"),
    [
        (Sought(name="ada"), "ix_reports_person"),
        (Sought(app="tiktok"), "ix_reports_with_apps"),
        (Sought(state="prohibited"), "ix_reports_with_apps"),
        (Sought(state="missing"), "ix_reports_without_a_look"),
        (Sought(state="partial"), "ix_reports_of_a_part"),
        (Sought(state="lost"), "ix_devices_lost"),
        (Sought(kind="phone"), "ix_reports_kind_device"),
        (Sought(state="stale"), "ix_reports_device"),
        (Sought(state="clean"), "ix_reports_device"),
    ],
)
async def test_every_look_goes_by_an_index(store: Store, sought: Sought, index: str) -> None:
    query, column = _query(sought, CUTOFF, NOW)
    query = query.where(column > 7).order_by(column).limit(9)
    async with store._database.reading() as connection:
        sql = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        steps = (await connection.execute(text(f"EXPLAIN QUERY PLAN {sql}".replace(":", r"\:")))).all()
    assert index in str(steps)
    assert not re.search(r"SCAN (reports|devices|device_names)(?! USING INDEX)", str(steps))


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
