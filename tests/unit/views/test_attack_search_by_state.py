"""Every device is found by the state that its posture has: docs/console.md, "Devices by person, name, id, state, kind and listed app"."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.store.examples import MAX_AGE, NOW
from tests.unit.views.test_search import bundle, everything

from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind
from mailgate.store import Sought, Store
from mailgate.views.recall import posture_now

HOUR = timedelta(hours=1)


def said(apps: set[str], *, at: timedelta = HOUR, complete: bool = True, **fields: object) -> Report:
    """One look, an hour ago."""
    looked = AppsReport(frozenset(apps), complete, NOW - at)
    return replace(report_by("mdm", "phone", owner="ada", kind=Kind.PHONE, apps=looked), **fields)  # type: ignore[arg-type]


REPORTS = {
    "clean": said(set()),
    "listed": said({"tiktok"}),
    "stale with an app": said({"tiktok"}, at=MAX_AGE + HOUR),
    "partial with an app": said({"tiktok"}, complete=False),
    "not to be trusted": said(set(), status="contraindicated"),
    "not to be trusted, with an app": said({"tiktok"}, status="contraindicated"),
    "run out at its end": said({"tiktok"}, expires_at=NOW - HOUR / 2),
    "gone": said(set(), gone=True),
    "gone with an app": said({"tiktok"}, gone=True),
}


@pytest.mark.parametrize("told", REPORTS)
async def test_a_device_is_found_by_the_state_that_it_has(tmp_path: Path, told: str) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/mailgate.db")
    try:
        await store.devices.take([replace(REPORTS[told], gone=False)], NOW)
        if REPORTS[told].gone:
            await store.devices.take([REPORTS[told]], NOW)
        (device,) = await everything(store, Sought(), 5)
        state = posture_now(device, bundle(), NOW).state
        assert [each.id for each in await everything(store, Sought(state=state), 5)] == [device.id], state
        assert [each.id for each in await everything(store, Sought(state=state, kind="phone"), 5)] == [
            device.id
        ], state
    finally:
        await store.close()
