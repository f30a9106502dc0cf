from datetime import UTC, datetime

import pytest
from tests.exchanges import Exchanges
from tests.unit.connectors.around import devices_of, ends_in, look, runtime, settings_of, setup

from mailgate.config.sources.apis import JamfSettings
from mailgate.connectors import Trouble
from mailgate.connectors.jamf import Jamf
from mailgate.devices.names import EAS
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind

BASE = "https://example.jamfcloud.com"
VALUES = {"type": "jamf", "base_url": BASE, "client_id": "gate", "page_size": 2}


@pytest.fixture
def jamf():
    def make(around=None, **values):
        settings = settings_of(JamfSettings, VALUES | values, client_secret="jamf-s3cret")
        return Jamf(setup(Exchanges("jamf", BASE), around), settings)

    return make


async def test_a_device_with_a_listed_app_is_reported_whole(jamf):
    [first, *_] = await devices_of(jamf(unmanaged_apps=True))
    assert first == report_by(
        source="mdm",
        device_id="1",
        owner="ada@example.com",
        kind=Kind.PHONE,
        os="ios",
        os_version="26.1",
        managed=True,
        apps=AppsReport(frozenset({"tiktok"}), True, datetime(2026, 11, 24, 9, 30, 12, 482000, UTC)),
        serial="F2LEXAMPLE01",
        udid="00008120-000A00000000001E",
        eas_ids=("9LS7K2G83D1KVEXAMPLE01",),
    )


async def test_every_page_is_read_and_the_total_is_known(jamf):
    around = runtime()
    records = await devices_of(jamf(around))
    assert [record.id for record in records] == ["1", "2", "3"]
    assert (around.tally.total, around.tally.pages, around.tally.unreadable) == (3, 2, 0)


async def test_an_ipad_without_eas_id_and_mail_address_is_reported(jamf):
    tablet = (await devices_of(jamf(unmanaged_apps=True)))[1]
    assert (tablet.kind, tablet.os, tablet.owner) == (Kind.TABLET, "ipados", "ben")
    assert tablet.status == "contraindicated"
    assert EAS not in dict(tablet.names)
    assert tablet.reported_at
    assert (tablet.apps, tablet.apps_complete) == (frozenset(), True)


async def test_an_empty_app_list_is_no_inventory(jamf):
    *_, last = await devices_of(jamf())
    assert last.reported_at is None


async def test_no_inventory_is_complete_unless_jamf_collects_unmanaged_apps(jamf):
    records = await devices_of(jamf())
    assert [record.apps_complete for record in records if record.reported_at] == [False, False]


async def test_only_what_changed_is_asked_for(jamf):
    since = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert [record.id async for record in jamf().devices(since)] == ["1"]


async def test_one_device_is_asked_for_at_once(jamf):
    connector = jamf(unmanaged_apps=True)
    record = await connector.device("1")
    assert record is not None
    assert look(record) == (frozenset(), True, datetime(2026, 11, 24, 11, 59, tzinfo=UTC))
    assert record.status == "contraindicated"
    assert await connector.device("99") is None


@pytest.mark.parametrize(
    ("security", "status"),
    [
        ({"jailBreakDetected": True}, "contraindicated"),
        ({"jailBreakDetected": True, "jailbreakStatus": "Not Detected"}, "contraindicated"),
        ({"jailBreakDetected": False, "jailbreakStatus": "Compromised"}, "contraindicated"),
        ({"jailBreakDetected": False}, "none"),
        ({}, "none"),
    ],
)
async def test_a_jailbreak_is_seen_by_the_flag_and_by_the_word(jamf, security, status):
    found = {"mobileDeviceId": "7", "hardware": {"model": "iPhone 16"}, "security": security}
    assert jamf()._record(found).status == status


@pytest.mark.parametrize("device_id", ['1" or mobileDeviceId!="', "", "1,2", "٣"])
async def test_an_id_cannot_change_the_question(jamf, device_id):
    with ends_in(Trouble.NAME):
        await jamf().device(device_id)


async def test_a_clock_that_is_ahead_makes_no_report_newer_than_now(jamf):
    early = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    around = runtime(now=lambda: early)
    [first, *_] = await devices_of(jamf(around))
    assert first.reported_at
    assert first.reported_at == early
