from datetime import UTC, datetime

import pytest
from tests.exchanges import Exchanges
from tests.unit.connectors.around import devices_of, look, runtime, service_account, settings_of, setup

from mailgate.config.sources.google import GoogleDirectorySettings
from mailgate.connectors.google_directory import GoogleDirectory
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Kind

BASE = "https://google.example.com"
VALUES = {
    "type": "google-directory",
    "delegate": "admin@example.com",
    "base_url": BASE,
    "login_url": BASE,
    "page_size": 2,
}


@pytest.fixture
def directory():
    def make(around=None, **values):
        settings = settings_of(GoogleDirectorySettings, VALUES | values, account=service_account())
        return GoogleDirectory(setup(Exchanges("google-directory", BASE), around), settings)

    return make


async def test_a_device_with_a_listed_app_is_reported_whole(directory):
    [first, *_] = await devices_of(directory(unmanaged_apps=True))
    assert first == report_by(
        source="mdm",
        device_id="AFiQxQ8EXAMPLE01",
        owner="ada@example.com",
        kind=Kind.PHONE,
        os="android",
        os_version="16",
        managed=True,
        apps=AppsReport(frozenset({"tiktok"}), True, datetime(2026, 11, 24, 9, 30, 12, 482000, UTC)),
        serial="37EXAMPLE00001",
    )


async def test_every_page_is_read(directory):
    around = runtime()
    records = await devices_of(directory(around))
    assert [record.id[-2:] for record in records] == ["01", "02", "03", "04"]
    assert (around.tally.pages, around.tally.unreadable) == (2, 0)


async def test_a_work_profile_is_never_the_whole_device(directory):
    second = (await devices_of(directory(unmanaged_apps=True)))[1]
    assert second.owner == "ben@example.com"
    assert second.reported_at
    assert (second.apps, second.apps_complete) == (frozenset(), False)


async def test_no_list_is_whole_unless_a_person_says_that_applications_are_audited(directory):
    records = await devices_of(directory())
    assert {record.apps_complete for record in records if record.reported_at} == {False}


async def test_the_apps_of_an_iphone_are_unknown(directory):
    third = (await devices_of(directory(unmanaged_apps=True)))[2]
    assert (third.kind, third.os, third.os_version, third.reported_at) == (Kind.PHONE, "ios", "26.1", None)
    assert (third.status, third.managed, third.gone) == ("contraindicated", False, False)


async def test_an_account_that_was_wiped_is_gone(directory):
    assert [record.gone async for record in directory().devices(None)] == [False, False, False, True]


async def test_one_device_is_asked_for_at_once(directory):
    connector = directory(unmanaged_apps=True)
    record = await connector.device("AFiQxQ8EXAMPLE01")
    assert record is not None
    assert look(record) == (frozenset(), True, datetime(2026, 11, 24, 11, 59, tzinfo=UTC))
    assert record.status == "contraindicated"
    assert await connector.device("../users") is None


async def test_only_what_is_kept_is_asked_for():
    exchanges = Exchanges("google-directory", BASE)
    settings = settings_of(GoogleDirectorySettings, VALUES, account=service_account())
    await devices_of(GoogleDirectory(setup(exchanges), settings))
    fields = {dict(pairs)["fields"] for path, pairs in exchanges.questions if "mobile" in path}
    assert not any(word in " ".join(fields) for word in ("imei", "permission", "wifiMacAddress", "name"))
