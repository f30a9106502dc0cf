import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from tests.exchanges import Exchanges
from tests.unit.connectors.around import devices_of, ends_in, look, settings_of, setup, tools

from mailgate.config.sources.apis import JamfSettings
from mailgate.connectors.jamf import Jamf
from mailgate.devices.names import EAS
from mailgate.devices.trust import report_by
from mailgate.errors import Trouble
from mailgate.model import AppsReport, Compliance, Enrolment, Kind

BASE = "https://example.jamfcloud.com"
VALUES = {"type": "jamf", "base_url": BASE, "client_id": "gate", "page_size": 2}


@pytest.fixture
def api():
    return Exchanges("jamf", BASE)


@pytest.fixture
def jamf(api):
    def make(around=None, **values):
        settings = settings_of(JamfSettings, VALUES | values, client_secret="jamf-s3cret")
        return Jamf(setup(api, around), settings)

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
        enrolment=Enrolment.SUPERVISED,
    )


async def test_every_page_is_read_and_the_total_is_known(jamf):
    around = tools()
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
    around = tools(now=lambda: early)
    [first, *_] = await devices_of(jamf(around))
    assert first.received(early).reported_at == early


HELD = "/api/v1/conditional-access/device-compliance-information/mobile/"


async def verdicts(connector):
    return {record.id: str(record.compliance) for record in await devices_of(connector)}


async def test_without_a_group_or_a_partner_there_is_no_verdict(jamf, api):
    assert set((await verdicts(jamf())).values()) == {"none"}
    assert not [path for path, _ in api.questions if path.startswith(HELD)]


async def test_membership_in_the_smart_group_is_the_verdict(jamf):
    good = jamf(compliance_group={"id": "12", "members_are": "compliant"})
    assert await verdicts(good) == {"1": "compliant", "2": "noncompliant", "3": "unknown"}
    bad = jamf(compliance_group={"id": "12", "members_are": "noncompliant"})
    assert await verdicts(bad) == {"1": "noncompliant", "2": "compliant", "3": "unknown"}


@pytest.mark.parametrize("members_are", ["compliant", "noncompliant"])
async def test_a_group_that_does_not_exist_says_nothing_of_whoever_is_not_in_it(jamf, members_are):
    named = jamf(compliance_group={"id": "13", "members_are": members_are})
    assert await verdicts(named) == {"1": "unknown", "2": "unknown", "3": "unknown"}


async def test_a_group_that_is_not_smart_is_no_verdict(jamf):
    named = jamf(compliance_group={"id": "7", "members_are": "compliant"})
    assert (await verdicts(named))["1"] == "unknown"


async def test_the_word_for_a_partner_is_asked_of_devices_that_are_seen_in_part(jamf, api):
    whole = jamf(unmanaged_apps=True, device_compliance=True)
    records = {record.id: record for record in await devices_of(whole)}
    asked = {path.removeprefix(HELD) for path, _ in api.questions if path.startswith(HELD)}
    assert asked == {name for name, record in records.items() if not record.apps_complete} == {"3"}
    assert records["3"].compliance is Compliance.NONCOMPLIANT
    assert records["3"].compliance_at == datetime(2026, 11, 23, 22, 15, tzinfo=UTC)
    assert await verdicts(jamf(device_compliance=True)) == {
        "1": "unknown",
        "2": "compliant",
        "3": "noncompliant",
    }


async def test_the_harder_of_two_words_counts(jamf):
    both = jamf(device_compliance=True, compliance_group={"id": "12", "members_are": "compliant"})
    assert await verdicts(both) == {"1": "compliant", "2": "noncompliant", "3": "noncompliant"}


async def test_the_platform_api_is_asked_at_its_own_paths_for_one_environment(jamf, api):
    platform = {"api_path": "/api/pro/v0", "login_path": "/auth/token", "environment": "env-1"}
    assert [record.id for record in await devices_of(jamf(**platform))] == ["p1"]
    assert {path for path, _ in api.questions} == {"/auth/token", "/api/pro/v0/v2/mobile-devices/detail"}


def test_only_one_context_is_named(jamf):
    with pytest.raises(ValidationError, match="either `environment` or `platform_tenant`"):
        jamf(environment="a", platform_tenant="b")


def event(name, **about):
    return json.dumps({"webhook": {"webhookEvent": name}, "event": about}).encode()


async def test_a_webhook_only_says_which_device_to_read(jamf):
    told = event("MobileDeviceInventoryCompleted", jssID=1, username="mallory", udid="x")
    [record] = await jamf().receive({}, told)
    assert (record.id, record.owner, record.reported_at) == (
        "1",
        "ada@example.com",
        datetime(2026, 11, 24, 11, 59, tzinfo=UTC),
    )
    assert await jamf().receive({}, told) == [record]


async def test_a_webhook_about_a_device_that_is_no_longer_there_ends_it(jamf):
    assert await jamf().receive({}, event("MobileDeviceUnEnrolled", jssID=99)) == [
        report_by("mdm", "99", gone=True)
    ]


@pytest.mark.parametrize(
    "body",
    [event("ComputerCheckIn", jssID=1), event("MobileDeviceCheckIn"), event("RestAPIOperation", jssID=1)],
)
async def test_other_events_are_about_nothing(jamf, body, api):
    assert await jamf().receive({}, body) == []
    assert api.questions == []


@pytest.mark.parametrize("body", [b"{}", b"[]", b"no", event("")])
async def test_anything_but_an_event_is_refused(jamf, body):
    with ends_in(Trouble.SHAPE):
        await jamf().receive({}, body)


async def test_an_event_cannot_ask_for_more_than_a_device(jamf, api):
    with ends_in(Trouble.NAME):
        await jamf().receive({}, event("MobileDeviceCheckIn", jssID='1" or mobileDeviceId=="2'))
    assert api.questions == []


DENY = {"com.example.deny": {"server_token": "7", "denied_apps": ("com.zhiliaoapp.musically",)}}


async def test_declarations_of_supervised_devices_tell_which_apps_cannot_run(jamf, api):
    first, second, third = await devices_of(jamf(declarations=DENY))
    assert (first.denied, first.denied_by, first.not_denied) == ({"tiktok"}, "com.example.deny 7", "")
    assert first.denied_at == datetime(2026, 11, 24, 9, 29, tzinfo=UTC)
    assert first.denied_until == datetime(2026, 12, 1, 9, 29, tzinfo=UTC)
    assert (second.denied, second.not_denied) == (frozenset(), "declaration-not-reported")
    assert (third.denied, third.not_denied) == (frozenset(), "not-supervised")
    assert third.denied_at == datetime(2026, 11, 23, 22, 15, tzinfo=UTC)
    assert [path for path, _ in api.questions if "/ddm/" in path] == [
        "/api/v1/ddm/b6b1d7a0-0000-4000-8000-000000000001/status-items"
    ]


async def test_without_declarations_no_status_is_asked_for(jamf, api):
    assert {record.denied_at for record in await devices_of(jamf())} == {None}
    assert not [path for path, _ in api.questions if "/ddm/" in path]
