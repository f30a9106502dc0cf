from datetime import UTC, datetime

import pytest
from tests.exchanges import Exchanges
from tests.unit.connectors.around import devices_of, ends_in, look, settings_of, setup, tools

from mailgate.config.sources.apis import WorkspaceOneSettings
from mailgate.connectors.workspace_one import WorkspaceOne
from mailgate.devices.trust import report_by
from mailgate.errors import Trouble
from mailgate.model import AppsReport, Compliance, Kind, ManagementVerdict

BASE = "https://as1.example.com"
VALUES = {"type": "workspace-one", "base_url": BASE, "username": "gate", "page_size": 2}
SECRETS = {"password": "ws1-s3cret", "tenant_code": "tenant-k3y"}
FIRST = "b6b1d7a0-0000-4000-8000-000000000101"


@pytest.fixture
def uem():
    def make(around=None, **values):
        settings = settings_of(WorkspaceOneSettings, VALUES | values, **SECRETS)
        return WorkspaceOne(setup(Exchanges("workspace-one", BASE), around), settings)

    return make


async def test_a_device_with_a_listed_app_is_reported_whole(uem):
    [first, *_] = await devices_of(uem(unmanaged_apps=True))
    assert first == report_by(
        source="mdm",
        device_id=FIRST,
        owner="ada@example.com",
        kind=Kind.PHONE,
        os="ios",
        os_version="26.1.0",
        managed=True,
        status="affirming",
        apps=AppsReport(frozenset({"tiktok"}), True, datetime(2026, 11, 24, 9, 30, 12, 483000, UTC)),
        serial="F2LEXAMPLE01",
        udid="00008120000A00000000001E",
        eas_ids=("9LS7K2G83D1KVEXAMPLE01", "APPLEXAMPLE01"),
        verdict=ManagementVerdict(Compliance.COMPLIANT, datetime(2026, 11, 24, 9, 30, 12, 483000, UTC)),
    )


async def test_every_page_is_read_and_the_total_is_that_of_devices(uem):
    around = tools()
    records = await devices_of(uem(around))
    assert [record.id[-3:] for record in records] == ["101", "102", "103", "104"]
    assert (around.tally.total, around.tally.unreadable) == (4, 0)


async def test_an_employees_own_phone_shows_only_managed_apps(uem):
    second = (await devices_of(uem(unmanaged_apps=True)))[1]
    assert (second.owner, second.os, second.status) == ("ben", "android", "warning")
    assert look(second) == (frozenset(), False, datetime(2026, 11, 24, 8, 0, tzinfo=UTC))


async def test_an_unenrolled_device_is_gone_and_not_asked_about(uem):
    third = (await devices_of(uem()))[2]
    assert (third.gone, third.kind, third.reported_at) == (True, Kind.TABLET, None)


async def test_no_app_list_is_no_inventory(uem):
    last = (await devices_of(uem(unmanaged_apps=True)))[3]
    assert last.reported_at is None


async def test_nothing_is_whole_unless_the_console_collects_personal_apps(uem):
    records = await devices_of(uem())
    assert {record.apps_complete for record in records if record.reported_at} == {False}


async def test_only_what_was_seen_since_is_asked_for_and_no_zone_hides_any(uem):
    since = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert await devices_of(uem(), since) == []


async def test_one_device_is_asked_for_at_once(uem):
    connector = uem(unmanaged_apps=True)
    record = await connector.device(FIRST)
    assert record is not None
    assert (record.apps, record.status) == ({"tiktok"}, "contraindicated")
    assert await connector.device("b6b1d7a0-0000-4000-8000-000000000999") is None
    with ends_in(Trouble.NAME):
        await connector.device("search")


async def test_an_oauth_client_gets_its_token_from_the_region():
    values = {
        "type": "workspace-one",
        "base_url": BASE,
        "client_id": "gate",
        "login_url": "https://na.uemauth.example.com",
    }
    settings = settings_of(WorkspaceOneSettings, values, client_secret="oauth-s3cret")
    exchanges = Exchanges("workspace-one", BASE)
    connector = WorkspaceOne(setup(exchanges), settings)
    with ends_in(Trouble.LOGIN):
        await devices_of(connector)
    assert exchanges.asked == {"POST /connect/token": 1}
