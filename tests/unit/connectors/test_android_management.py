import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from tests.exchanges import MARKER, VECTORS, Exchanges
from tests.unit.connectors.around import (
    CATALOG,
    NOW,
    Scripted,
    answer,
    devices_of,
    look,
    service_account,
    settings_of,
    setup,
    tools,
)
from tests.unit.connectors.run_store import PolicyShelf, RunStore, runner

from mailgate.config.sources.google import AndroidManagementSettings
from mailgate.connectors.android_management import AndroidManagement
from mailgate.connectors.setup import Setup
from mailgate.devices.device import Device
from mailgate.devices.names import KEY, UDID
from mailgate.devices.posture import posture_of
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, Compliance, Denial, Enrolment, Kind, ManagementVerdict, Threat
from mailgate.model.device import PostureTerms
from mailgate.model.times import LONG_AGO
from mailgate.policy import AppCatalog, ListedApp
from mailgate.wire import ApiResponse

BASE = "https://google.example.com"
VALUES = {
    "type": "android-management",
    "enterprise": "LC0example",
    "base_url": BASE,
    "login_url": BASE,
    "page_size": 2,
}
AT = datetime(2026, 11, 24, 9, 30, 12, 482000, UTC)
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
        apps=AppsReport(frozenset({"tiktok"}), True, AT),
        serial="37EXAMPLE00001",
        udid="ESIDEXAMPLE0001",
        denial=Denial(frozenset(), AT, failed="policy-unread"),
        enrolment=Enrolment.FULLY_MANAGED,
        verdict=ManagementVerdict(Compliance.COMPLIANT, AT, threat=Threat.SECURED),
    )


async def test_every_page_is_read(management):
    around = tools()
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


THUMB = "RRvcI5avh8PwE5WW8pk97GJcuvYAr24mqOBSJPfOPqc"


def keyed(package, *states):
    told = [{"key": key, "data": data, "severity": "INFO"} for key, data in states]
    return {"packageName": package, "state": "INSTALLED", "keyedAppStates": told}


@pytest.mark.parametrize(
    ("apps", "keys"),
    [
        ([keyed("com.example.reporter", ("mailgate-key", THUMB))], {(KEY, THUMB)}),
        ([keyed("com.example.reporter", ("other", "x" * 43), ("mailgate-key", THUMB))], {(KEY, THUMB)}),
        ([keyed("com.example.other", ("mailgate-key", THUMB))], set()),
        ([keyed("com.example.reporter", ("mailgate-key", "x"))], set()),
        ([keyed("com.example.reporter", ("mailgate-key", None))], set()),
        ([{"packageName": "com.example.reporter"}], set()),
    ],
)
def test_the_reporter_on_a_device_tells_the_management_its_key(management, apps, keys):
    found = {"name": NAME, "applicationReports": apps, "lastStatusReportTime": "2026-11-24T09:00:00Z"}
    assert management(reporter="com.example.reporter").record(found).names == keys
    assert management().record(found).names == set()


def test_an_app_in_no_state_is_there(management):
    apps = [{"packageName": "com.zhiliaoapp.musically", "state": "APPLICATION_STATE_UNSPECIFIED"}]
    when = {"lastStatusReportTime": "2026-11-24T09:00:00Z"}
    record = management().record({"name": NAME, "applicationReports": apps} | when)
    assert record.apps == {"tiktok"}


COPE = json.loads((VECTORS / "android-management/cope.json").read_text())
POLICY = COPE["device"]["appliedPolicyName"]


class Enterprise:
    """An enterprise with one device, as it is in one run of the story: its policy is changed while it is read."""

    def __init__(self, run):
        changes = {
            "appliedPolicyVersion": run["applied"],
            "lastStatusReportTime": f"2026-11-24T{run['at']}:00Z",
        }
        self.device = COPE["device"] | changes | run.get("device", {})
        self._policies = list(run["policies"])
        self.asked = []

    async def ask(self, question):
        path = urlsplit(question.url).path
        self.asked.append(path)
        if question.method == "POST":
            return answer({"access_token": "t", "expires_in": 3599, "token_type": "Bearer"})
        if path == f"/v1/{POLICY}":
            policy = self._policies.pop(0) if len(self._policies) > 1 else self._policies[0]
            return ApiResponse(404, {}, b"{}") if policy is None else answer(COPE["policy"] | policy)
        return answer(self.device if path.endswith("/cope") else {"devices": [self.device]})

    async def close(self):
        """Nothing is open."""


def enterprise(run, shelf, clock=lambda: NOW):
    api, grown = Enterprise(run), run.get("apps", [])
    apps = {"tiktok": CATALOG.apps["tiktok"]} | {
        each: ListedApp(each, each, android=(each,)) for each in grown
    }
    catalog = AppCatalog(apps, {"prohibited": tuple(apps)})
    settings = settings_of(AndroidManagementSettings, VALUES, account=service_account())
    handed = Setup("mdm", catalog, tools(now=clock), lambda _: api, policies=shelf)
    return AndroidManagement(handed, settings), catalog, api


def posture_in(store, catalog, now=NOW):
    device = Device("x", reports=tuple(store.kept.values()))
    return posture_of(device, catalog, PostureTerms(timedelta(hours=24)), now)


async def test_a_company_phone_with_a_work_profile_is_judged_by_the_version_of_its_policy():
    store, shelf = RunStore(), PolicyShelf()
    for run in COPE["runs"]:
        connector, catalog, _ = enterprise(run, shelf)
        outcome = await runner(connector, store).run(
            "mdm", settings_of(AndroidManagementSettings, VALUES, account=service_account())
        )
        posture = posture_in(store, catalog)
        known = [posture.state, posture.absence, posture.not_denied]
        assert (known, [*posture.apps]) == (run["expected"], run.get("listed", [])), run["about"]
        assert outcome.trouble is None


async def test_a_policy_counts_as_long_as_a_look_and_no_longer():
    store = RunStore()
    connector, catalog, _ = enterprise(COPE["runs"][0], PolicyShelf())
    await runner(connector, store).run(
        "mdm", settings_of(AndroidManagementSettings, VALUES, account=service_account())
    )
    last = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    states = [posture_in(store, catalog, now) for now in (last - timedelta(seconds=1), last)]
    assert [each.state for each in states] == ["clean", "stale"]
    assert states[1].not_denied == "report-too-old"


async def test_one_device_is_judged_by_the_policy_as_it_is_now():
    shelf = PolicyShelf()
    connector, _, api = enterprise(COPE["runs"][0], shelf)
    record = await connector.device("cope")
    assert (record.denied, record.denied_by, record.denied_at.hour) == ({"tiktok"}, "cope 12", 9)
    assert api.asked[-1] == f"/v1/{POLICY}"
    assert [*shelf.kept["mdm", POLICY]] == [12]


@pytest.mark.parametrize(
    ("applied", "asked", "denied", "failed"),
    [("12", 0, {"tiktok"}, ""), ("13", 1, {"tiktok"}, ""), ("14", 1, set(), "policy-version-unknown")],
)
async def test_a_pushed_device_costs_a_question_only_if_its_version_is_unknown(
    applied, asked, denied, failed
):
    shelf = PolicyShelf()
    await devices_of(enterprise(COPE["runs"][0], shelf)[0])
    connector, _, api = enterprise(
        COPE["runs"][0] | {"applied": applied, "policies": [{"version": "13"}]}, shelf
    )
    [record] = await connector.receive({}, pushed("STATUS_REPORT", api.device))
    assert (api.asked.count(f"/v1/{POLICY}"), record.denied, record.not_denied) == (asked, denied, failed)


async def test_a_pushed_device_is_taken_though_its_policy_cannot_be_read(monkeypatch):
    connector, _, api = enterprise(COPE["runs"][0], PolicyShelf())
    monkeypatch.setattr(api, "ask", Scripted(*[SourceError(Trouble.TOO_BIG)]).ask)
    [record] = await connector.receive({}, pushed("STATUS_REPORT", api.device))
    assert (record.denied, record.not_denied) == (frozenset(), "policy-unread")


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
