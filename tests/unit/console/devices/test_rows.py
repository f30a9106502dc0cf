"""The list of devices: exactly those that are meant, as each stands now, however the looks at the store are cut."""

from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest
from tests.unit.clock import Clock
from tests.unit.console.files import OPEN, bundle
from tests.unit.store.examples import MAX_AGE, NOW, PHONE_1

from mailgate.console.devices import rows as device_rows
from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.devices.rows import (
    ListedDevice,
    RowUpdates,
    catch_up,
    find_devices,
    listed,
    refresh,
    row_of,
)
from mailgate.console.explain.requests import posture_now
from mailgate.devices.device import LONG_AGO, Contradiction, Device, Report
from mailgate.devices.trust import ENROLLED, report_by
from mailgate.model import AppsReport, Kind, Reason
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Store, StoreUnavailableError
from mailgate.store import device_rows as stored_rows
from mailgate.store.device_rows import DeviceFilter, DeviceRow

HOUR = timedelta(hours=1)
STATES = ("clean", "listed", "partial", "stale", "missing")


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


def by_turns(number: int) -> Report:
    """Devices of every state by turns, and every seventh a tablet."""
    state = STATES[number % 5]
    present = {"listed": {"tiktok"}, "clean": {"chess"}}.get(state, set())
    at = NOW - (MAX_AGE + HOUR if state == "stale" else HOUR)
    apps = None if state == "missing" else AppsReport(frozenset(present), state != "partial", at)
    kind = Kind.TABLET if number % 7 == 0 else Kind.PHONE
    return report_by("mdm", f"d-{number:03}", owner=f"person-{number:03}", kind=kind, apps=apps)


@pytest.fixture
async def filled(store: Store) -> Store:
    await store.devices.ingest([by_turns(number) for number in range(60)], NOW)
    return store


async def everything(store: Store, wanted: DeviceFilter, size: int = 50) -> list[ListedDevice]:
    found, after = list[ListedDevice](), 0
    for _ in range(200):
        page = await find_devices(store, bundle(), wanted, NOW, after, size)
        assert len(page.found) <= size
        found += page.found
        if page.after is None:
            return found
        after = page.after
    raise AssertionError("it never ends")


def ids(found: list[ListedDevice]) -> list[str]:
    return [each.device.reports[0].id for each in found]


@pytest.mark.parametrize("told", REPORTS)
async def test_a_device_is_found_by_the_state_that_it_has(store: Store, told: str) -> None:
    await store.devices.ingest([replace(REPORTS[told], gone=False)], NOW)
    if REPORTS[told].gone:
        await store.devices.ingest([REPORTS[told]], NOW)
    (device,) = [each.device for each in await everything(store, DeviceFilter(), 5)]
    state = posture_now(device, bundle(), NOW).state.value
    for kind in ("", "phone"):
        assert ids(await everything(store, DeviceFilter(state=state, kind=kind), 5)) == ["phone"], (
            state,
            kind,
        )
    for other in set(STATES) - {state}:
        assert await everything(store, DeviceFilter(state=other), 5) == [], other


@pytest.mark.parametrize("size", [7, 50])
@pytest.mark.parametrize("state", ["", *STATES])
@pytest.mark.parametrize("kind", ["", "tablet"])
async def test_all_that_are_meant_are_found_once_and_no_other(
    filled: Store, monkeypatch: pytest.MonkeyPatch, state: str, kind: str, size: int
) -> None:
    monkeypatch.setattr(stored_rows, "WINDOW", 9)
    found = ids(await everything(filled, DeviceFilter(state=state, kind=kind), size))
    meant = [
        f"d-{number:03}"
        for number in range(60)
        if (not state or STATES[number % 5] == state) and (not kind or number % 7 == 0)
    ]
    assert sorted(found) == meant


async def test_an_app_blocks_only_devices_refused_because_of_it(store: Store) -> None:
    """A watched app beside a prohibited one keeps nobody out, and neither does one of a device that is let in."""
    pair = said({"tiktok", "chess"})
    await store.devices.ingest([pair, replace(pair, id="exempt", owner="bob")], NOW)
    meant = {key: ids(await everything(store, DeviceFilter(blocked_by=key))) for key in ("tiktok", "chess")}
    assert meant == {"tiktok": ["phone", "exempt"], "chess": []}
    assert len(await everything(store, DeviceFilter(app="chess"))) == 2
    relief = Relief(0, Cause.EXEMPTION, "", "a journey", "grace", NOW, NOW + HOUR, "bob")
    rows = [row_of(each, bundle(exempt=(relief,)), NOW) for each in await store.devices.page()]
    assert sorted((each.person, each.blocked_by) for each in rows) == [("ada", '["tiktok"]'), ("bob", "")]


async def test_a_device_that_is_lost_is_found_among_the_lost_at_once(filled: Store) -> None:
    (one,) = await everything(filled, DeviceFilter(name="d-011"))
    await filled.devices.mark_lost(one.device.id, NOW)
    (found,) = await everything(filled, DeviceFilter(mail="lost"))
    assert (found.device.id, found.headline) == (one.device.id, "Lost, no mail")
    assert await everything(filled, DeviceFilter(mail="lost", kind="tablet")) == []


async def test_devices_of_which_no_source_tells_the_kind_are_of_unknown_kind(store: Store) -> None:
    await store.devices.ingest([report_by("mdm", "nameless")], NOW)
    for state in ("", "missing"):
        assert ids(await everything(store, DeviceFilter(kind="unknown", state=state))) == ["nameless"]


async def test_a_device_with_an_old_row_is_not_shown_by_it(store: Store) -> None:
    """Time passes while no row is worked out anew: the report has become too old since."""
    await store.devices.ingest([REPORTS["clean"]], NOW)
    assert len((await find_devices(store, bundle(), DeviceFilter(state="clean"), NOW)).found) == 1
    later = await find_devices(store, bundle(), DeviceFilter(state="clean"), NOW + MAX_AGE)
    assert (later.found, later.after) == ((), None)


async def test_rounds_put_right_what_time_has_changed(store: Store) -> None:
    await store.devices.ingest([REPORTS["clean"]], NOW)
    await catch_up(store, bundle(), NOW)
    later = NOW + MAX_AGE
    await refresh(store, bundle(), await store.devices.page(), later)
    (found,) = (await find_devices(store, bundle(), DeviceFilter(state="stale"), later)).found
    assert found.row.mail == MailAccess.PROOF


async def test_a_laptop_whose_browser_is_closed_is_asleep_and_not_stale(store: Store) -> None:
    looked = AppsReport(frozenset(), complete=False, at=NOW)
    token_end = NOW + timedelta(minutes=10)
    own = report_by(ENROLLED, "laptop", kind=Kind.LAPTOP, apps=looked, expires=token_end, keys=("k",))
    await store.devices.ingest([own, REPORTS["clean"]], NOW)
    later = NOW + MAX_AGE
    await catch_up(store, bundle(), later)
    for state, kind in (("asleep", Kind.LAPTOP), ("stale", Kind.PHONE)):
        found = (await find_devices(store, bundle(), DeviceFilter(state=state), later)).found
        assert [each.posture.kind for each in found] == [kind]


async def test_a_round_without_changes_writes_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.devices.ingest([REPORTS["clean"]], NOW)
    await catch_up(store, bundle(), NOW)
    kept = AsyncMock()
    monkeypatch.setattr(store.rows, "keep", kept)
    await refresh(store, bundle(), await store.devices.page(), NOW)
    assert await catch_up(store, bundle(), NOW) is False
    kept.assert_not_awaited()


async def test_a_round_updates_every_row_a_page_at_a_time(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_rows, "PAGE", 7)
    clock = Clock(NOW)
    updates = RowUpdates(filled, bundle, clock)
    await updates.round(pause=0)
    assert await filled.rows.by_state() == dict.fromkeys(STATES, 12)
    assert updates.turns == 9
    clock.now += MAX_AGE
    await updates.round(pause=0)
    assert await filled.rows.by_state() == {"stale": 48, "missing": 12}


async def test_many_changes_are_followed_a_part_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await store.devices.ingest([by_turns(number)], NOW)
    monkeypatch.setattr(device_rows, "AT_ONCE", 3)
    assert await catch_up(store, bundle(), NOW) is True
    assert 0 < (await store.rows.count(DeviceFilter()))[0] < 5
    while await catch_up(store, bundle(), NOW):
        pass
    assert await store.rows.count(DeviceFilter()) == (5, True)


async def test_old_rows_are_searched_while_the_store_is_read_only(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await catch_up(filled, bundle(), NOW)
    await filled.devices.ingest([report_by("mdm", "new")], NOW)
    monkeypatch.setattr(filled.rows, "keep", AsyncMock(side_effect=StoreUnavailableError))
    assert len(await everything(filled, DeviceFilter(state="clean"))) == 12


async def test_one_page_looks_on_only_so_long(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await catch_up(filled, bundle(), NOW)
    monkeypatch.setattr(stored_rows, "WINDOW", 2)
    page = await find_devices(
        filled, bundle(), DeviceFilter(state="clean", kind="laptop", mail="gets-mail"), NOW
    )
    assert page.found == ()
    assert page.after is not None


async def test_a_page_that_looks_on_is_no_longer_than_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "WINDOW", 2)
    kinds = (Kind.TABLET, Kind.PHONE, Kind.TABLET, Kind.TABLET)
    await store.devices.ingest(
        [report_by("mdm", f"{number}", kind=kind) for number, kind in enumerate(kinds)], NOW
    )
    found = await everything(store, DeviceFilter(kind="tablet", source="mdm"), 2)
    assert ids(found) == ["0", "2", "3"]


@pytest.mark.parametrize(
    ("told", "mail"),
    [
        ("clean", MailAccess.GETS),
        ("listed", MailAccess.OUT),
        ("stale with an app", MailAccess.OUT),
        ("gone", MailAccess.PROOF),
    ],
)
def test_a_row_says_what_the_device_would_get(told: str, mail: MailAccess) -> None:
    assert row_of(Device(PHONE_1, (REPORTS[told],), number=3), bundle(), NOW).mail == mail


def test_a_row_has_what_lists_are_searched_and_sorted_by() -> None:
    report = replace(REPORTS["listed"], owner="Ada", os="ios", os_version="26.1")
    found = Contradiction(Reason.DEVICE_OS_CONTRADICTED, "", "os", since=NOW)
    device = Device(PHONE_1, (report,), findings=(found,), number=3)
    assert row_of(device, bundle(), NOW) == DeviceRow(
        3,
        "ada",
        "phone",
        "ios",
        "26.1",
        "mdm",
        "listed",
        "kept-out",
        '["tiktok"]',
        '["tiktok"]',
        '["device-os-contradicted"]',
        "",
        NOW - HOUR,
    )
    shown = listed(device, bundle(), NOW)
    assert shown.row == row_of(device, bundle(), NOW)
    assert (shown.name, shown.headline) == ("phone, iOS 26.1", "No mail")


def test_a_device_without_reports_claims_nothing() -> None:
    row = row_of(Device(PHONE_1, (), number=3), bundle(), NOW)
    assert (row.person, row.kind, row.source, row.apps, row.reported_at) == ("", "unknown", "", "", LONG_AGO)
    assert (row.state, row.mail) == ("missing", "must-prove-itself")
    assert row_of(Device(PHONE_1, (), number=3), bundle(OPEN), NOW).mail == "gets-mail"


def test_a_device_that_reported_is_taken_to_ask_with_its_proof() -> None:
    proven = {"id": "proven", "when": 'attestation.valid && attestation.issuer == "mdm"', "effect": "allow"}
    silent, told = Device(PHONE_1, (), number=3), Device(PHONE_1, (REPORTS["clean"],), number=3)
    assert [row_of(each, bundle(proven), NOW).mail for each in (silent, told)] == ["kept-out", "gets-mail"]
