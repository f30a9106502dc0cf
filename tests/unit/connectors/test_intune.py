from datetime import UTC, datetime

import pytest
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import Waits, look, settings_of, setup, tools

from mailgate.config.sources.apis import IntuneSettings
from mailgate.connectors.intune import Intune
from mailgate.devices.names import DIRECTORY, EAS
from mailgate.devices.trust import report_by
from mailgate.model import AppsReport, Compliance, Enrolment, Kind, ManagementVerdict
from mailgate.model.times import LONG_AGO

BASE = "https://graph.microsoft.com"
VALUES = {
    "type": "intune",
    "tenant": "example.onmicrosoft.com",
    "client_id": "00000000-0000-4000-8000-0000000000aa",
    "witnesses": 2,
}


@pytest.fixture
def api():
    return Exchanges("intune", BASE)


@pytest.fixture
def intune(api):
    def make(around=None, **values):
        settings = settings_of(IntuneSettings, VALUES | values, client_secret="graph-s3cret")
        return Intune(setup(api, around), settings)

    return make


async def read(connector, since=None):
    return {record.id: record async for record in connector.devices(since)}


async def test_a_company_phone_with_a_listed_app_is_reported_whole(intune):
    assert (await read(intune()))["d1"] == report_by(
        source="mdm",
        device_id="d1",
        owner="ada@example.com",
        kind=Kind.PHONE,
        os="ios",
        os_version="26.1",
        managed=True,
        status="affirming",
        apps=AppsReport(frozenset({"tiktok"}), True, datetime(2026, 11, 24, 10, 2, 49, 320597, UTC)),
        serial="F2LEXAMPLE01",
        directory="4F0C1C6E6F2B4A7E9B1D2F3A5C7E9D01",
        eas_ids=("9LS7K2G83D1KVEXAMPLE01",),
        enrolment=Enrolment.SUPERVISED,
        verdict=ManagementVerdict(Compliance.COMPLIANT, datetime(2026, 11, 24, 10, 2, 49, 320597, UTC)),
    )


async def test_a_device_that_a_witness_knows_has_an_inventory_without_listed_apps(intune):
    tablet = (await read(intune()))["d2"]
    assert (tablet.kind, tablet.status) == (Kind.TABLET, "warning")
    assert {EAS, DIRECTORY}.isdisjoint(dict(tablet.names)), (
        "Intune writes zeros where a device is not registered"
    )
    assert look(tablet) == (frozenset(), True, datetime(2026, 11, 24, 9, 0, tzinfo=UTC))


async def test_a_device_that_is_in_no_list_has_no_inventory(intune):
    assert (await read(intune()))["d4"].reported_at is None


async def test_without_witnesses_nothing_is_called_free_of_listed_apps(intune):
    records = await read(intune(witnesses=0))
    assert {name for name, record in records.items() if record.reported_at} == {"d1", "d3"}


async def test_a_personal_device_shows_only_managed_apps(intune):
    phone = (await read(intune()))["d3"]
    assert phone.reported_at
    assert (phone.apps, phone.apps_complete) == (frozenset({"tiktok"}), False)
    assert (phone.os, phone.status) == ("android", "contraindicated")


async def test_an_app_of_the_same_name_by_another_publisher_is_a_different_one(intune):
    assert all(
        "moomoo" not in record.apps for record in (await read(intune())).values() if record.reported_at
    )


async def test_devices_of_other_apps_are_not_asked_for_beyond_the_witnesses(intune, api):
    await read(intune(witnesses=1))
    assert api.asked["GET /v1.0/deviceManagement/detectedApps/a5-marker/managedDevices"] == 0
    assert api.asked["GET /v1.0/deviceManagement/detectedApps/a6-windows/managedDevices"] == 0


async def test_no_app_that_is_not_listed_gets_into_a_record(intune):
    assert MARKER not in repr(await read(intune()))


async def test_intune_is_asked_again_when_it_says(intune):
    waits = Waits()
    around = tools(waits)
    await read(intune(around))
    assert waits.seconds == [2.0]
    assert around.tally.throttled == 1


async def test_changes_are_asked_for_with_a_day_to_spare(intune):
    assert list(await read(intune(), datetime(2026, 11, 24, 9, 30, tzinfo=UTC))) == ["d1"]


async def test_one_device_is_asked_for_at_once(intune):
    connector = intune()
    record = await connector.device("d1")
    assert record is not None
    assert look(record) == (frozenset(), True, datetime(2026, 11, 24, 11, 58, tzinfo=UTC))
    assert await connector.device("d9") is None


async def test_one_device_without_inventory_wrapped_as_the_documentation_shows_it(intune):
    record = await intune().device("d4")
    assert record is not None
    assert (record.id, record.reported_at) == ("d4", None)


async def test_an_id_stays_one_part_of_the_path(intune, api):
    assert await intune().device("../users/d1?x=#") is None
    assert api.questions[-1][0] == "/beta/deviceManagement/managedDevices/..%2Fusers%2Fd1%3Fx%3D%23"


@pytest.mark.parametrize(
    ("said", "compliance", "threat"),
    [
        ({"complianceState": "compliant"}, "compliant", "none"),
        ({"complianceState": "noncompliant"}, "noncompliant", "none"),
        ({"complianceState": "inGracePeriod"}, "grace", "none"),
        *(({"complianceState": word}, "unknown", "none") for word in ("unknown", "conflict", "error", "configManager", "Compliant", 1, None)),
        ({}, "unknown", "none"),
        ({"partnerReportedThreatState": "secured"}, "unknown", "secured"),
        ({"partnerReportedThreatState": "lowSeverity"}, "unknown", "low"),
        ({"partnerReportedThreatState": "mediumSeverity"}, "unknown", "medium"),
        ({"partnerReportedThreatState": "highSeverity"}, "unknown", "high"),
        ({"partnerReportedThreatState": "compromised"}, "unknown", "compromised"),
        *(({"partnerReportedThreatState": word}, "unknown", "unknown") for word in ("unknown", "activated", "deactivated", "unresponsive", "misconfigured", "new")),
    ],
)  # fmt: skip
def test_each_word_of_graph_has_its_meaning(intune, said, compliance, threat):
    record = intune()._record({"id": "d1", "lastSyncDateTime": "2026-11-24T11:00:00Z"} | said, None)
    assert (record.compliance, record.threat) == (compliance, threat)
    assert record.compliance_at == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert intune()._record({"id": "d1"} | said, None).compliance_at == LONG_AGO


async def test_profiles_that_hide_apps_are_asked_of_supervised_apple_devices_alone(intune, api):
    found = await read(intune(hiding_profiles=("No TikTok",)))
    asked = {path.split("/")[-2] for path, _ in api.questions if path.endswith("/deviceConfigurationStates")}
    assert (found["d1"].denied, found["d1"].denied_by) == ({"tiktok"}, "No TikTok 3")
    assert asked == {"d1"}
    assert {found[name].not_denied for name in ("d2", "d4")} == {"not-supervised"}
    assert {name for name, each in found.items() if each.os == "android" and each.denied_at} == set()


async def test_without_such_profiles_nothing_is_asked(intune, api):
    assert {each.denied_at for each in (await read(intune())).values()} == {None}
    assert not [path for path, _ in api.questions if "onfiguration" in path]


async def test_one_device_is_asked_for_its_profiles_too(intune):
    assert (await intune(hiding_profiles=("No TikTok",)).device("d1")).denied == {"tiktok"}
