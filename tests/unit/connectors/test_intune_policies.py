"""For which apps Intune's verdict on a device vouches, and what keeps it from meaning what it should."""

from dataclasses import replace

import pytest
from tests.exchanges import MARKER, Exchanges
from tests.unit.connectors.around import CATALOG, answer, ends_in, runtime, settings_of, setup
from tests.unit.connectors.test_intune import BASE, VALUES, read

from mailgate.config.sources.apis import IntuneSettings
from mailgate.connectors import Setup, Trouble
from mailgate.connectors.intune import Intune
from mailgate.model import Compliance
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
    return await Intune(Setup("mdm", catalog, runtime(), lambda _: wire), settings).device("d5")


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
    told = map(str, await Intune(Setup("mdm", CATALOG, runtime(), lambda _: wire), settings).shortcomings())
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
