from datetime import UTC, datetime

import pytest
from tests.exchanges import Exchanges
from tests.unit.connectors.around import (
    CATALOG,
    Scripted,
    answer,
    devices_of,
    ends_in,
    look,
    settings_of,
    setup,
    tools,
)

from mailgate.config.sources.apis import FleetSettings
from mailgate.connectors.fleet import Fleet
from mailgate.connectors.setup import Setup
from mailgate.devices.trust import report_by
from mailgate.errors import Trouble
from mailgate.model import AppsReport, Enrolment, Kind

BASE = "https://fleet.example.com"
VALUES = {"type": "fleet", "base_url": BASE, "page_size": 3}


@pytest.fixture
def fleet():
    def make(around=None):
        settings = settings_of(FleetSettings, VALUES, token="fleet-s3cret")
        return Fleet(setup(Exchanges("fleet", BASE), around), settings)

    return make


def scripted(*bodies):
    wire = Scripted(*map(answer, bodies))
    settings = settings_of(FleetSettings, VALUES, token="fleet-s3cret")
    return Fleet(Setup("mdm", CATALOG, tools(), lambda _: wire), settings)


async def test_a_device_with_a_listed_app_is_reported_whole(fleet):
    [first, *_] = await devices_of(fleet())
    assert first == report_by(
        source="mdm",
        device_id="1",
        owner="ada@example.com",
        kind=Kind.PHONE,
        os="ios",
        os_version="26.1",
        managed=True,
        apps=AppsReport(frozenset({"tiktok"}), True, datetime(2026, 11, 24, 9, 30, 12, tzinfo=UTC)),
        serial="F2LEXAMPLE01",
        udid="00008120-000A00000000001E",
        enrolment=Enrolment.SUPERVISED,
    )


async def test_every_page_is_read_and_the_total_is_known(fleet):
    around = tools()
    records = await devices_of(fleet(around))
    assert [record.id for record in records] == ["1", "2", "3", "4", "5"]
    assert (around.tally.total, around.tally.unreadable) == (5, 0)


async def test_a_personal_ipad_shows_managed_apps_and_no_names(fleet):
    second = (await devices_of(fleet()))[1]
    assert (second.kind, second.os, second.owner) == (Kind.TABLET, "ipados", "ben@example.com")
    assert look(second) == (frozenset(), False, datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    assert second.names == frozenset()


async def test_an_android_inventory_is_never_whole(fleet):
    third = (await devices_of(fleet()))[2]
    assert look(third) == (frozenset({"tiktok"}), False, datetime(2026, 11, 24, 8, 0, tzinfo=UTC))


async def test_the_apps_of_a_computer_are_not_kept(fleet):
    fourth = (await devices_of(fleet()))[3]
    assert (fourth.kind, fourth.os, fourth.reported_at) == (Kind.LAPTOP, "macos", None)


async def test_a_phone_whose_management_is_off_is_gone(fleet):
    last = (await devices_of(fleet()))[4]
    assert (last.gone, last.managed, last.reported_at) == (True, False, None)


@pytest.mark.parametrize("state", ["On (manual)", "On (manual - personal)", "Pending", ""])
async def test_only_automatic_enrolment_tells_all_apps(state):
    host = {
        "id": 1,
        "platform": "ios",
        "software_updated_at": "2026-11-24T08:00:00Z",
        "mdm": {"enrollment_status": state},
        "software": [{"name": "x", "bundle_identifier": "com.example.zq7"}],
    }
    [record] = await devices_of(scripted({"count": 1}, {"hosts": [host]}))
    assert record.reported_at
    assert not record.apps_complete


async def test_a_list_that_shrinks_meanwhile_counts_as_cut():
    devices = scripted({"count": 2}, {"hosts": [{"id": 1, "platform": "ios"}]}).devices(None)
    assert (await anext(devices)).id == "1"
    with ends_in(Trouble.CUT):
        await anext(devices)


async def test_without_a_count_nothing_is_believed():
    with ends_in(Trouble.SHAPE):
        await devices_of(scripted({"total": 1}))


async def test_an_empty_list_of_hosts_names_no_device():
    assert await devices_of(scripted({"count": 0}, {"hosts": []})) == []


async def test_one_device_is_asked_for_at_once(fleet):
    connector = fleet()
    record = await connector.device("1")
    assert record is not None
    assert look(record) == (frozenset(), True, datetime(2026, 11, 24, 11, 59, tzinfo=UTC))
    assert await connector.device("99") is None
    with ends_in(Trouble.NAME):
        await connector.device("1/delete")
