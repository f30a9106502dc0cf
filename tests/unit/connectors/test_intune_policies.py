"""For which apps Intune's verdict on a device vouches, and what keeps it from meaning what it should."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import (
    CATALOG,
    Scripted,
    answer,
    client_of,
    ends_in,
    settings_of,
    setup,
    tools,
)
from tests.unit.connectors.test_intune import BASE, VALUES, read

from mailgate.config.sources.apis import IntuneSettings
from mailgate.connectors.intune import Intune
from mailgate.connectors.intune_policies import AppProfile, app_profiles, hidden_apps, states_of
from mailgate.connectors.setup import Setup
from mailgate.devices.trust import report_by
from mailgate.errors import Trouble
from mailgate.model import Compliance, Denial
from mailgate.policy import AppCatalog

IOS, ANDROID = "BYOD iOS: prohibited apps", "BYOD Android: prohibited apps"
STATES = "/v1.0/deviceManagement/managedDevices/{}/deviceCompliancePolicyStates"


@pytest.fixture
def api():
    return Exchanges("intune", BASE)


def intune(api, *policies, catalog=CATALOG):
    settings = settings_of(IntuneSettings, VALUES | {"app_policies": policies}, client_secret="graph-s3cret")
    return Intune(setup(api, None, catalog), settings)


async def test_the_apps_of_a_policy_that_was_met_after_its_last_change_were_looked_for(api):
    records = await read(intune(api, IOS, ANDROID))
    assert {name: record.compliance_apps for name, record in records.items()} == {
        "d1": frozenset(), "d2": frozenset(), "d3": frozenset({"tiktok"}), "d4": frozenset(),
    }  # fmt: skip
    assert MARKER not in repr(records)


async def test_only_devices_that_are_seen_in_part_are_asked(api):
    await read(intune(api, IOS, ANDROID))
    asked = [path for path, _ in api.questions if path.endswith("deviceCompliancePolicyStates")]
    assert asked == [STATES.format("d3"), STATES.format("d4")]


async def test_without_named_policies_nothing_is_asked(api):
    assert not (await read(intune(api)))["d3"].compliance_apps
    assert not [path for path, _ in api.questions if "olic" in path]


async def test_a_setting_in_error_makes_a_good_word_unknown(api):
    """Graph keeps the last state for a week then."""
    assert (await read(intune(api)))["d3"].compliance is Compliance.COMPLIANT
    assert (await read(intune(api, ANDROID)))["d3"].compliance is Compliance.COMPLIANT
    assert (await read(intune(api, IOS)))["d4"].compliance is Compliance.UNKNOWN


SYNCED = "2026-11-24T11:00:00Z"
POLICY = {
    "@odata.type": "#microsoft.graph.iosCompliancePolicy", "displayName": IOS, "version": 7,
    "lastModifiedDateTime": "2026-11-20T09:00:00Z", "restrictedApps": [{"name": "TikTok", "appId": "com.zhiliaoapp.musically"}],
}  # fmt: skip
MET = {"displayName": IOS, "state": "compliant", "version": 7}
TWO_IDS = AppCatalog(
    {"tiktok": replace(CATALOG.apps["tiktok"], ios=("com.zhiliaoapp.musically", "com.ss.iphone.ugc.Ame"))},
    CATALOG.lists,
)
"""A policy has to look for an app under all of its ids: the phone may have it under the other one."""
DEVICE = {
    "id": "d5", "operatingSystem": "iOS", "managedDeviceOwnerType": "personal", "deviceEnrollmentType": "userEnrollment",
    "lastSyncDateTime": SYNCED, "complianceState": "compliant",
}  # fmt: skip


class OnePolicy:
    """Graph with one device, one policy and the device's states."""

    def __init__(self, device, policies, states):
        self._answers = {"managedDevices/d5": device, "deviceCompliancePolicies": {"value": policies},
                         "deviceCompliancePolicyStates": {"value": states}}  # fmt: skip

    async def ask(self, question):
        path = question.url.partition("?")[0]
        found = next((body for end, body in self._answers.items() if path.endswith(end)), None)
        return answer(found or {"access_token": "t", "expires_in": 3600})

    async def close(self):
        """Do nothing, since nothing is open."""


async def record_of(device=DEVICE, policy=POLICY, states=(MET,), more=(), catalog=CATALOG):
    settings = settings_of(IntuneSettings, VALUES | {"app_policies": (IOS,)}, client_secret="graph-s3cret")
    wire = OnePolicy(device, [policy, *more], list(states))
    return await Intune(Setup("mdm", catalog, tools(), lambda _: wire), settings).device("d5")


@pytest.mark.parametrize(
    ("changes", "looked_for"),
    [
        ({}, True),
        ({"states": [MET | {"state": "remediated"}]}, True),
        ({"states": [MET | {"version": None}]}, True),
        ({"states": [{"displayName": "other", "state": "nonCompliant"}, MET]}, True),
        ({"states": [MET, MET]}, True),
        ({"states": [MET, MET | {"state": "nonCompliant"}]}, False),
        ({"more": [POLICY | {"displayName": "other"}]}, True),
        ({"more": [POLICY | {"restrictedApps": []}]}, False),
        ({"more": [POLICY | {"@odata.type": "#microsoft.graph.androidWorkProfileCompliancePolicy"}]}, False),
        ({"policy": POLICY | {"restrictedApps": [{"appId": "COM.zhiliaoapp.musically"}]}}, True),
        ({"catalog": TWO_IDS}, False),
        ({"catalog": TWO_IDS, "policy": POLICY | {"restrictedApps": [*POLICY["restrictedApps"], {"appId": "com.ss.iphone.ugc.Ame"}]}}, True),
        ({"states": []}, False),
        *(({"states": [MET | {"state": word}]}, False) for word in ("nonCompliant", "unknown", "notApplicable", "notAssigned", "error", "conflict", "Compliant")),
        ({"states": [MET | {"version": 6}]}, False),
        ({"states": [MET | {"displayName": "other"}]}, False),
        ({"device": DEVICE | {"lastSyncDateTime": "2026-11-20T08:59:59Z"}}, False),
        ({"device": DEVICE | {"lastSyncDateTime": None}}, False),
        ({"policy": POLICY | {"lastModifiedDateTime": None}}, False),
        ({"policy": POLICY | {"lastModifiedDateTime": "2026-11-24T11:00:00Z"}}, False),
        ({"policy": POLICY | {"restrictedApps": []}}, False),
        ({"policy": POLICY | {"restrictedApps": [{"name": "TikTok"}]}}, False),
        ({"policy": POLICY | {"@odata.type": "#microsoft.graph.androidWorkProfileCompliancePolicy"}}, False),
        ({"policy": POLICY | {"@odata.type": "#microsoft.graph.androidCompliancePolicy"}}, False),
    ],
)  # fmt: skip
async def test_a_policy_vouches_only_for_what_it_looked_for_in_time(changes, looked_for):
    record = await record_of(**changes)
    assert record.compliance_apps == (frozenset({"tiktok"}) if looked_for else frozenset())


async def test_a_name_that_policies_share_is_told():
    settings = settings_of(IntuneSettings, VALUES | {"app_policies": (IOS,)}, client_secret="graph-s3cret")
    wire = OnePolicy({}, [POLICY, POLICY | {"version": 8}], [])
    told = map(str, await Intune(Setup("mdm", CATALOG, tools(), lambda _: wire), settings).shortcomings())
    assert f"Intune has several compliance policies that are called {IOS}, so none of them counts" in told


@pytest.mark.parametrize("state", ["error", "conflict"])
async def test_a_fault_takes_only_a_good_word(state):
    fault = [MET, MET | {"displayName": "other", "state": state}]
    assert (await record_of(states=fault)).compliance is Compliance.UNKNOWN
    bad = DEVICE | {"complianceState": "noncompliant"}
    assert (await record_of(device=bad, states=fault)).compliance is Compliance.NONCOMPLIANT


async def test_missing_ids_are_said_by_name(api):
    [told] = map(str, await intune(api, IOS, ANDROID).shortcomings())
    assert told.startswith("Intune counts devices without a compliance policy as compliant; set ")
    grown = AppCatalog(
        {
            **CATALOG.apps,
            "chess": replace(
                CATALOG.apps["tiktok"], key="chess", name="Chess", ios=("com.chess",), android=()
            ),
        },
        {"prohibited": ("tiktok", "chess", "moomoo")},
    )
    said = list(map(str, await intune(api, IOS, ANDROID, "Windows", "gone", catalog=grown).shortcomings()))
    assert said[:-1] == [
        "Intune has no compliance policy that is called gone",
        "no policy of `app_policies` looks for Chess on ios, so `device.compliance_apps` is false there",
        "the compliance policy Windows is of a system of which Intune looks for no apps",
    ]


async def test_the_right_to_read_settings_is_only_needed_with_named_policies(api):
    api._entries = [entry for entry in api._entries if entry["path"] != "/v1.0/deviceManagement"] + [
        {"path": "/v1.0/deviceManagement", "answers": [{"status": 403}]}
    ]
    assert list(await intune(api).shortcomings()) == []
    with ends_in(Trouble.RIGHT):
        await intune(api, IOS).shortcomings()


async def test_a_tenant_that_is_strict_has_nothing_to_be_said():
    api = Exchanges("intune", BASE)
    api._entries = [entry for entry in api._entries if entry["path"] != "/v1.0/deviceManagement"] + [
        {"path": "/v1.0/deviceManagement", "answers": [{"body": {"settings": {"secureByDefault": True}}}]}
    ]
    assert list(await intune(api, IOS, ANDROID).shortcomings()) == []


AT = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
NOW = AT + timedelta(hours=1)
TIKTOK, SHEIN = "com.zhiliaoapp.musically", "com.zzkko"
APPS = {"tiktok": (TIKTOK,)}
PHONE = {"id": "d1", "isSupervised": True, "lastSyncDateTime": "2026-11-24T10:00:00Z"}
PROFILE = AppProfile("No TikTok", AT - timedelta(days=1), "3", frozenset({TIKTOK}))
STATE = {"displayName": "No TikTok", "platformType": "iOS", "state": "compliant", "version": 3}
OTHER = STATE | {"displayName": "Wi-Fi", "state": "error"}


def judged(device=PHONE, states=(STATE, OTHER), profiles=(PROFILE,), apps=APPS):
    found = hidden_apps(device, states, profiles, apps, NOW)
    return (found.apps, found.failed) if found else None


def test_a_profile_that_is_applied_has_its_version_its_time_and_its_end():
    expected = Denial(frozenset(APPS), AT, AT + timedelta(hours=24), "No TikTok 3", "")
    assert hidden_apps(PHONE, [STATE], [PROFILE], APPS, NOW) == expected
    ahead = PHONE | {"lastSyncDateTime": "2026-11-25T10:00:00Z"}
    kept = report_by("mdm", "7", denial=hidden_apps(ahead, [STATE], [PROFILE], APPS, NOW)).received(NOW)
    assert (kept.denied_last, kept.denied_until) == (NOW, kept.denied_at + timedelta(hours=24))


@pytest.mark.parametrize(
    "state", ["error", "conflict", "nonCompliant", "notApplicable", "unknown", "remediated", "", None]
)
def test_only_a_profile_that_is_applied_counts(state):
    assert judged(states=[STATE | {"state": state}]) == (set(), "policy-not-applied")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"device": PHONE | {"isSupervised": False}}, (set(), "not-supervised")),
        ({"device": PHONE | {"isSupervised": None}}, (set(), "not-supervised")),
        ({"device": PHONE | {"lastSyncDateTime": "0001-01-01T00:00:00Z"}}, None),
        ({"profiles": []}, (set(), "policy-unread")),
        ({"states": []}, (set(), "policy-not-applied")),
        ({"states": [STATE | {"version": 2}]}, (set(), "policy-not-applied")),
        ({"states": [STATE | {"version": None}]}, (set(), "policy-not-applied")),
        ({"states": [STATE, STATE | {"state": "error"}]}, (set(), "policy-not-applied")),
        ({"profiles": [PROFILE._replace(changed=AT)]}, (set(), "policy-not-applied")),
        ({"profiles": [PROFILE._replace(changed=None)]}, (set(), "policy-not-applied")),
        ({"apps": APPS | {"shein": (SHEIN,)}}, ({"tiktok"}, "app-not-blocked")),
        ({"apps": APPS | {"shein": (SHEIN,)}, "profiles": [PROFILE, PROFILE._replace(name="More", hidden=frozenset({SHEIN}))]},
         ({"tiktok"}, "policy-not-applied")),
        ({"profiles": [PROFILE._replace(hidden=frozenset(), shown=frozenset({"com.example.mail"}))]}, ({"tiktok"}, "")),
        ({"profiles": [PROFILE._replace(hidden=frozenset(), shown=frozenset({TIKTOK}))]}, (set(), "app-not-blocked")),
    ],
)  # fmt: skip
def test_each_check_that_fails_is_named(given, expected):
    assert judged(**given) == expected


def test_a_profile_whose_change_is_ahead_is_not_known_to_be_applied():
    ahead = PHONE | {"lastSyncDateTime": "2026-11-24T18:00:00Z"}
    changed = PROFILE._replace(changed=NOW)
    assert judged(ahead, profiles=[changed]) == (set(), "policy-not-applied")


def profile(kind, name="No TikTok", **more):
    apps = [
        {"@odata.type": "microsoft.graph.appListItem", "name": "TikTok", "appId": TIKTOK},
        {"name": "x", "appId": None},
    ]
    said = {
        "displayName": name,
        "version": 3,
        "lastModifiedDateTime": "2026-11-23T10:00:00Z",
        "appsVisibilityListType": kind,
    }
    return (
        said
        | {"@odata.type": "#microsoft.graph.iosGeneralDeviceConfiguration", "appsVisibilityList": apps}
        | more
    )


@pytest.mark.parametrize(
    ("kind", "hidden", "shown"),
    [
        ("appsNotInListCompliant", {TIKTOK}, None),
        ("appsInListCompliant", set(), {TIKTOK}),
        ("none", set(), None),
    ],
)
async def test_the_named_profiles_are_read_with_their_apps(kind, hidden, shown):
    android = {"@odata.type": "#microsoft.graph.androidDeviceOwnerGeneralDeviceConfiguration"}
    other = profile(kind, "Android", **android)
    wire = Scripted(answer({"value": [profile(kind), profile(kind, "Another"), other]}))
    found = await app_profiles(client_of(wire, "https://graph.microsoft.com"), ["No TikTok", "Android"])
    assert found == [PROFILE._replace(hidden=frozenset(hidden), shown=shown)]


@pytest.mark.parametrize("more", [{}, {"@odata.type": "#microsoft.graph.iosWiFiConfiguration"}])
async def test_no_profile_counts_whose_name_another_one_has(more):
    """A state names its profile by that alone, and may be the other one's."""
    wire = Scripted(answer({"value": [profile("appsNotInListCompliant"), profile("none", **more)]}))
    assert await app_profiles(client_of(wire, "https://graph.microsoft.com"), ["No TikTok"]) == []


async def test_the_states_of_a_device_are_read_page_by_page():
    base = "https://graph.microsoft.com"
    wire = Scripted(
        answer({"value": [STATE], "@odata.nextLink": f"{base}/next"}), answer({"value": [OTHER]}), answer({})
    )
    client = client_of(wire, base)
    assert await states_of(client, "d/1") == [STATE, OTHER]
    assert "/managedDevices/d%2F1/deviceConfigurationStates" in wire.questions[0].url
    with ends_in(Trouble.SHAPE):
        await states_of(client, "d1")
