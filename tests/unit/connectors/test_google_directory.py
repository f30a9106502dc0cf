from datetime import UTC, datetime

import pytest
from tests.exchanges import Exchanges
from tests.unit.connectors.around import answer, devices_of, look, service_account, settings_of, setup, tools

from mailgate.config.sources.google import GoogleDirectorySettings
from mailgate.connectors.google_directory import GoogleDirectory
from mailgate.connectors.setup import Setup
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Compliance, Kind
from mailgate.model.times import LONG_AGO
from mailgate.policy import AppCatalog

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
    around = tools()
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


PHONE = {
    "resourceId": "r1", "deviceId": "d1", "serialNumber": "37EXAMPLE00001", "os": "Android 16", "type": "ANDROID",
    "status": "APPROVED", "lastSync": "2026-11-24T11:00:00Z", "managedAccountIsOnOwnerProfile": True,
    "applications": [{"packageName": "com.example.diary"}],
}  # fmt: skip


def cloud(privilege="DEVICE_OWNER", owner="COMPANY", name="devices/c1", **more):
    held = {"name": name, "serialNumber": "37EXAMPLE00001", "ownerType": owner}
    return held | {"androidSpecificAttributes": {"ownershipPrivilege": privilege}} | more


def state(word="COMPLIANT", *, partner="acme", device="devices/c1", user="u1", at="2026-11-24T10:00:00Z"):
    name = f"{device}/deviceUsers/{user}/clientStates/{partner}"
    return {"name": name, "complianceState": word, "lastUpdateTime": at}


class Google:
    """Both APIs, with these devices and client states."""

    def __init__(self, devices, states=(), phone=PHONE):
        self._devices, self._states, self._phone = devices, states, phone
        self.asked = []

    async def ask(self, question):
        path, _, query = question.url.partition("?")
        self.asked.append((path, query))
        if path.endswith("/token"):
            return answer({"access_token": "t", "expires_in": 3600})
        if path.endswith("/clientStates"):
            return answer({"clientStates": list(self._states)})
        if path.endswith("/v1/devices"):
            return answer({"devices": list(self._devices)})
        return answer(self._phone if path.endswith("/r1") else {"mobiledevices": [self._phone]})

    async def close(self):
        """Do nothing, since nothing is open."""


def matched_directory(google, partner=None):
    values = {"type": "google-directory", "delegate": "admin@example.com", "unmanaged_apps": True}
    values["cloud_identity"] = {"partner": partner} if partner else {}
    settings = settings_of(GoogleDirectorySettings, values, account=service_account())
    return GoogleDirectory(Setup("mdm", AppCatalog(), tools(), lambda _: google), settings)


async def record_of(*devices, states=(), partner=None):
    [record] = [each async for each in matched_directory(Google(devices, states), partner).devices(None)]
    return record


@pytest.mark.parametrize(
    ("devices", "enrolment", "whole"),
    [
        ([cloud("DEVICE_OWNER", "COMPANY")], "fully-managed", True),
        ([cloud("DEVICE_ADMINISTRATOR", "COMPANY")], "device-administrator", True),
        ([cloud("DEVICE_ADMINISTRATOR", "BYOD")], "device-administrator", False),
        ([cloud("PROFILE_OWNER", "COMPANY")], "work-profile-company", False),
        ([cloud("PROFILE_OWNER", "BYOD")], "work-profile-personal", False),
        ([cloud("DEVICE_OWNER", "BYOD")], "unknown", False),
        ([cloud("OWNERSHIP_PRIVILEGE_UNSPECIFIED", "COMPANY")], "unknown", False),
        ([cloud("DEVICE_OWNER", "DEVICE_OWNERSHIP_UNSPECIFIED")], "unknown", False),
        ([cloud(serialNumber=" 37example00001")], "fully-managed", True),
        ([cloud(serialNumber="", deviceId="d1")], "fully-managed", True),
        ([cloud(serialNumber="OTHER000001")], "unknown", False),
        ([cloud(), cloud("PROFILE_OWNER", "BYOD", "devices/c2")], "unknown", False),
        ([], "unknown", False),
    ],
)  # fmt: skip
async def test_the_kind_decides_what_the_directory_sees(devices, enrolment, whole):
    record = await record_of(*devices)
    assert (record.enrolment, record.apps_complete) == (enrolment, whole)


@pytest.mark.parametrize("serial", ["unknown", "N/A", "0123456789ABCDEF"])
async def test_no_device_is_matched_by_what_many_phones_call_their_serial_number(serial):
    """Android tells nobody the number of a person's own phone."""
    google = Google([cloud(serialNumber=serial)], phone=PHONE | {"serialNumber": serial})
    records = [each async for each in matched_directory(google).devices(None)]
    for record in (*records, await matched_directory(google).device("r1")):
        assert (record.enrolment, record.apps_complete) == ("unknown", False)


async def test_without_cloud_identity_the_operator_vouches():
    settings = settings_of(
        GoogleDirectorySettings,
        {"type": "google-directory", "delegate": "admin@example.com", "unmanaged_apps": True},
        account=service_account(),
    )
    google = Google([cloud("PROFILE_OWNER", "BYOD")])
    [record] = [
        each
        async for each in GoogleDirectory(
            Setup("mdm", AppCatalog(), tools(), lambda _: google), settings
        ).devices(None)
    ]
    assert (record.enrolment, record.apps_complete) == ("unknown", True)
    assert not [path for path, _ in google.asked if path.endswith("/v1/devices")]


AT = datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("states", "word", "at"),
    [
        ([state()], Compliance.COMPLIANT, AT),
        ([state("NON_COMPLIANT")], Compliance.NONCOMPLIANT, AT),
        ([state("COMPLIANCE_STATE_UNSPECIFIED")], Compliance.UNKNOWN, AT),
        ([state(at="never")], Compliance.COMPLIANT, LONG_AGO),
        ([state(), state("NON_COMPLIANT", user="u2"), state(user="u3")], Compliance.NONCOMPLIANT, AT),
        ([state(), state("NON_COMPLIANT", partner="other")], Compliance.COMPLIANT, AT),
        ([state("NON_COMPLIANT", device="devices/c2")], Compliance.NONE, None),
        ([state() | {"name": "devices/c1/clientStates/acme"}], Compliance.NONE, None),
        ([], Compliance.NONE, None),
    ],
)  # fmt: skip
async def test_a_partner_s_states_are_the_verdict(states, word, at):
    record = await record_of(cloud(), states=states, partner="acme")
    assert (record.compliance, record.compliance_at) == (word, at)


async def test_states_are_not_read_if_no_partner_is_named():
    google = Google([cloud()], [state()])
    [record] = [each async for each in matched_directory(google).devices(None)]
    assert record.compliance is Compliance.NONE
    assert not [path for path, _ in google.asked if path.endswith("/clientStates")]


async def test_one_device_is_asked_for_by_its_serial_number():
    google = Google([cloud()])
    record = await matched_directory(google).device("r1")
    assert record is not None
    assert record.enrolment == "fully-managed"
    [query] = [query for path, query in google.asked if path.endswith("/v1/devices")]
    assert "filter=serial%3A37EXAMPLE00001" in query
