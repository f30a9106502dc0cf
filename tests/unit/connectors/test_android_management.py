import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import devices_of, look, runtime, service_account, settings_of, setup

from mailgate.config.sources.google import AndroidManagementSettings
from mailgate.connectors.android_management import AndroidManagement
from mailgate.devices.names import UDID
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Compliance, Enrolment, Kind, ManagementVerdict, Threat
from mailgate.model.times import LONG_AGO

BASE = "https://google.example.com"
VALUES = {
    "type": "android-management",
    "enterprise": "LC0example",
    "base_url": BASE,
    "login_url": BASE,
    "page_size": 2,
}
NAME = "enterprises/LC0example/devices/d1"


@pytest.fixture
def management():
    def make(around=None, **values):
        settings = settings_of(AndroidManagementSettings, VALUES | values, account=service_account())
        return AndroidManagement(setup(Exchanges("android-management", BASE), around), settings)

    return make


async def test_a_device_with_a_listed_app_is_reported_whole(management):
    [first, *_] = await devices_of(management(enrollment_data_is_owner=True))
    assert first == report_by(
        source="mdm",
        device_id="3a1b2c4d5e6f",
        owner="ada@example.com",
        kind=Kind.PHONE,
        os="android",
        os_version="16",
        managed=True,
        status="affirming",
        apps=AppsReport(frozenset({"tiktok"}), True, datetime(2026, 11, 24, 9, 30, 12, 482000, UTC)),
        serial="37EXAMPLE00001",
        udid="ESIDEXAMPLE0001",
        enrolment=Enrolment.FULLY_MANAGED,
        verdict=ManagementVerdict(
            Compliance.COMPLIANT, datetime(2026, 11, 24, 9, 30, 12, 482000, UTC), threat=Threat.SECURED
        ),
    )


async def test_every_page_is_read(management):
    around = runtime()
    records = await devices_of(management(around))
    assert [record.id[:2] for record in records] == ["3a", "b0", "c9", "d4"]
    assert (around.tally.pages, around.tally.unreadable) == (2, 0)


async def test_a_profile_owner_shows_only_its_profile_and_installed_apps(management):
    second = (await devices_of(management()))[1]
    assert look(second) == (frozenset(), False, datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    assert (second.status, second.names) == ("warning", {(UDID, "ESIDEXAMPLE0002")})


async def test_without_app_reports_nothing_is_known(management):
    third = (await devices_of(management()))[2]
    assert (third.reported_at, third.kind, third.status) == (None, Kind.TABLET, "contraindicated")


async def test_a_deleted_device_is_gone(management):
    assert [record.gone async for record in management().devices(None)] == [False, False, False, True]


async def test_a_token_names_no_owner_unless_settings_say_so(management):
    assert {record.owner async for record in management().devices(None)} == {""}


async def test_one_device_is_asked_for_at_once(management):
    connector = management()
    record = await connector.device("3a1b2c4d5e6f")
    assert record is not None
    assert look(record) == (frozenset(), True, datetime(2026, 11, 24, 11, 59, tzinfo=UTC))
    assert record.status == "contraindicated"
    assert await connector.device("none") is None


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"name": "d1"},
        {"name": "enterprises/LC0other/devices/d1"},
        {"name": "enterprises/LC0example/devices/"},
    ],
)
def test_a_device_of_another_enterprise_is_none_of_ours(management, found):
    assert management().record(found) is None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, "none"),
        ({"policyCompliant": True}, "affirming"),
        ({"policyCompliant": True, "securityPosture": {"devicePosture": "AT_RISK"}}, "warning"),
        ({"policyCompliant": True, "state": "LOST"}, "contraindicated"),
    ],
)
def test_the_worst_verdict_counts(management, said, status):
    record = management().record({"name": NAME} | said)
    assert record is not None
    assert record.status == status


def test_a_report_without_a_time_or_a_mode_is_not_believed(management):
    apps = [{"packageName": "com.example.zq7"}]
    when = {"lastStatusReportTime": "2026-11-24T09:00:00Z"}
    undated = management().record(
        {"name": NAME, "managementMode": "DEVICE_OWNER", "applicationReports": apps}
    )
    of_no_mode = management().record({"name": NAME, "applicationReports": apps} | when)
    assert undated.reported_at is None
    assert of_no_mode.apps_complete is False


def pushed(kind, device):
    data = b64encode(json.dumps(device).encode()).decode()
    said = {"message": {"data": data, "attributes": {"notificationType": kind}, "messageId": "1"}}
    return json.dumps(said | {"subscription": "projects/example/subscriptions/mailgate"}).encode()


@pytest.mark.parametrize("kind", ["STATUS_REPORT", "ENROLLMENT"])
async def test_a_device_that_is_pushed_is_part_of_what_is_known(management, kind):
    found = (await management()._client.get("/v1/enterprises/LC0example/devices", [("pageSize", 2)]))[
        "devices"
    ][0]
    [record] = await management().receive({}, pushed(kind, found))
    assert record.id == "3a1b2c4d5e6f"
    assert record.adds
    assert record.apps == {"tiktok"}
    assert MARKER not in repr(record)


@pytest.mark.parametrize(
    ("kind", "device"),
    [("COMMAND", {"name": NAME}), ("USAGE_LOGS", {"name": NAME}), ("test", None), ("", {"name": NAME}),
     ("STATUS_REPORT", {"name": "enterprises/LC0other/devices/d1"}), ("STATUS_REPORT", [])],
)  # fmt: skip
async def test_other_messages_tell_nothing(management, kind, device):
    assert await management().receive({}, pushed(kind, device)) == []


def test_an_app_in_no_state_is_there(management):
    apps = [{"packageName": "com.zhiliaoapp.musically", "state": "APPLICATION_STATE_UNSPECIFIED"}]
    when = {"lastStatusReportTime": "2026-11-24T09:00:00Z"}
    record = management().record({"name": NAME, "applicationReports": apps} | when)
    assert record.apps == {"tiktok"}


@pytest.mark.parametrize(
    ("said", "compliance", "threat"),
    [
        ({"policyCompliant": True}, "compliant", "none"),
        ({"policyCompliant": False}, "noncompliant", "none"),
        ({}, "unknown", "none"),
        ({"policyCompliant": False, "nonComplianceDetails": [{"nonComplianceReason": "PENDING"}]}, "grace", "none"),
        ({"policyCompliant": False, "nonComplianceDetails": [{"nonComplianceReason": "PENDING"}, {"nonComplianceReason": "APP_INSTALLED"}]}, "noncompliant", "none"),
        ({"policyCompliant": "yes"}, "unknown", "none"),
        ({"securityPosture": {"devicePosture": "SECURE"}}, "unknown", "secured"),
        ({"securityPosture": {"devicePosture": "AT_RISK"}}, "unknown", "medium"),
        ({"securityPosture": {"devicePosture": "POTENTIALLY_COMPROMISED"}}, "unknown", "compromised"),
        ({"securityPosture": {"devicePosture": "TELEPATHIC"}}, "unknown", "unknown"),
    ],
)  # fmt: skip
def test_the_verdict_is_that_of_the_policy_at_the_time_of_the_report(management, said, compliance, threat):
    device = {"name": "enterprises/LC0example/devices/1", "lastStatusReportTime": "2026-11-24T11:00:00Z"}
    record = management().record(device | said)
    assert (record.compliance, record.threat) == (compliance, threat)
    assert record.compliance_at == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert management().record({"name": device["name"]} | said).compliance_at == LONG_AGO
