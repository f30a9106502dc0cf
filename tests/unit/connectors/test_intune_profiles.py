"""Profiles of Intune keep apps from running in the version that a device has applied."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.connectors.around import Scripted, answer, client_of, ends_in

from mailgate.connectors import Trouble
from mailgate.connectors.intune_profiles import AppProfile, app_profiles, hidden_apps, states_of
from mailgate.model import Denial

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
    assert hidden_apps(ahead, [STATE], [PROFILE], APPS, NOW).at == NOW


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
        ({"device": PHONE | {"lastSyncDateTime": "2026-11-25T11:00:01Z"}}, None),
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
