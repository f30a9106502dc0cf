"""Each check by which a policy of Android Management is believed to keep listed apps from a phone."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from tests.exchanges import VECTORS
from tests.unit.connectors.around import CATALOG, answer, client_of, ends_in, tools
from tests.unit.connectors.run_store import PolicyShelf

from mailgate.connectors import android_policy
from mailgate.connectors.android_policy import (
    ReadPolicies,
    blocked_yet_there,
    denial,
    policy_of,
    stored_policy,
)
from mailgate.connectors.setup import Setup
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import Denial
from mailgate.wire import ApiResponse

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
AT = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TIKTOK, LITE, SHEIN = "com.zhiliaoapp.musically", "com.zhiliaoapp.musically.go", "com.zzkko"
APPS = {"tiktok": (TIKTOK, LITE), "shein": (SHEIN,)}
PHONE = {
    "ownership": "COMPANY_OWNED",
    "managementMode": "PROFILE_OWNER",
    "apiLevel": 36,
    "state": "ACTIVE",
    "appliedState": "ACTIVE",
    "policyName": "enterprises/E/policies/cope",
    "appliedPolicyName": "enterprises/E/policies/cope",
    "appliedPolicyVersion": "12",
    "lastStatusReportTime": "2026-11-29T08:00:00Z",
    "policyCompliant": True,
}
MANAGED = PHONE | {"managementMode": "DEVICE_OWNER"}
BLOCKED = [{"packageName": each, "installType": "BLOCKED"} for each in (TIKTOK, LITE, SHEIN)]
COPE = {
    "version": "12",
    "addUserDisabled": True,
    "personalUsagePolicies": {
        "personalPlayStoreMode": "BLOCKLIST",
        "privateSpacePolicy": "PRIVATE_SPACE_DISALLOWED",
        "personalApplications": BLOCKED,
    },
}
FULLY = {"version": "12", "playStoreMode": "BLACKLIST", "applications": BLOCKED}
SIDELOADED = {"advancedSecurityOverrides": {"untrustedAppsPolicy": "ALLOW_INSTALL_IN_PERSONAL_PROFILE_ONLY"}}


def changed(thing, path, said):
    """A copy with another value at a path like ``a.b``; without it if there is none."""
    copy = inner = deepcopy(thing)
    *parents, last = path.split(".")
    for each in parents:
        inner = inner[each]
    inner.pop(last, None)
    return copy if said is None else (inner.update({last: said}), copy)[1]


def judged(device, *policies, apps=APPS, now=NOW):
    versions = {policy.number: policy for policy in map(policy_of, policies) if policy is not None}
    found = denial(device, versions, apps, now, DAY)
    return (found.apps, found.failed) if found else None


EVERY = frozenset(APPS)
ALLOWLIST = changed(COPE, "personalUsagePolicies.personalPlayStoreMode", "ALLOWLIST")


def test_a_denial_has_its_basis_and_its_time():
    assert denial(PHONE, {12: policy_of(COPE)}, APPS, NOW, DAY) == Denial(EVERY, AT, by="cope 12")


@pytest.mark.parametrize(
    ("device", "policy"),
    [
        (PHONE, COPE),
        (PHONE | {"policyCompliant": False}, COPE),
        (PHONE | {"policyName": None}, COPE),
        (PHONE, changed(COPE, "personalUsagePolicies.personalPlayStoreMode", None)),
        (PHONE, ALLOWLIST),
        (PHONE, changed(ALLOWLIST, "personalUsagePolicies.personalApplications", [])),
        (PHONE, COPE | {"playStoreMode": "BLACKLIST", "applications": BLOCKED}),
        (MANAGED, FULLY),
        (changed(MANAGED, "apiLevel", None), FULLY),
        (MANAGED, {"version": "12"}),
        (MANAGED, FULLY | {"advancedSecurityOverrides": {"developerSettings": "DEVELOPER_SETTINGS_DISABLED"}}),
    ],
    ids=["COPE", "not compliant otherwise", "the person's policy", "the default mode", "an allow list",
         "an empty allow list", "all of the store at work", "fully managed", "fully managed, no level",
         "the default store", "the default in words"],
)  # fmt: skip
def test_every_listed_app_is_kept_out(device, policy):
    assert judged(device, policy) == (EVERY, "")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"ownership": "PERSONALLY_OWNED"}, "not-company-owned"),
        ({"ownership": None}, "not-company-owned"),
        ({"managementMode": "MANAGEMENT_MODE_UNSPECIFIED"}, "management-unknown"),
        ({"managementMode": "DEVICE_OWNER", "apiLevel": 29}, "management-unknown"),
        ({"managementMode": "DEVICE_OWNER", "apiLevel": None}, "management-unknown"),
        ({"state": "DISABLED"}, "not-active"),
        ({"appliedState": "PROVISIONING"}, "not-active"),
        ({"state": None, "appliedState": None}, "not-active"),
        ({"policyName": "enterprises/E/policies/open"}, "other-policy-due"),
        ({"appliedPolicyVersion": "11"}, "policy-version-unknown"),
        ({"appliedPolicyVersion": "13"}, "policy-version-unknown"),
        ({"appliedPolicyVersion": ""}, "policy-version-unknown"),
        ({"appliedPolicyVersion": "-12"}, "policy-version-unknown"),
        ({"lastStatusReportTime": "2026-11-28T09:00:00Z"}, "report-too-old"),
        ({"lastStatusReportTime": "2026-11-30T09:00:01Z"}, "report-too-old"),
    ],
)
def test_a_device_that_fails_a_check_proves_nothing(change, why):
    assert judged(PHONE | change, COPE) == (frozenset(), why)


@pytest.mark.parametrize(
    ("device", "policy", "path", "said", "why"),
    [
        (PHONE, COPE, "personalUsagePolicies", None, "app-not-blocked"),
        (PHONE, COPE, "personalUsagePolicies.personalApplications", [], "app-not-blocked"),
        (PHONE, COPE, "personalUsagePolicies.personalPlayStoreMode", "WHITELIST_2", None),
        (PHONE, COPE, "playStoreMode", "BLACKLIST", "app-not-blocked"),
        (MANAGED, FULLY, "applications", [], "app-not-blocked"),
        (MANAGED, FULLY, "playStoreMode", "OPEN", None),
        (PHONE, COPE, "personalUsagePolicies.privateSpacePolicy", None, "private-space-allowed"),
        (PHONE, COPE, "personalUsagePolicies.privateSpacePolicy", "PRIVATE_SPACE_ALLOWED", "private-space-allowed"),
        (PHONE, COPE, "addUserDisabled", None, "other-users-allowed"),
        (PHONE, COPE, "advancedSecurityOverrides", {"untrustedAppsPolicy": "ALLOW_INSTALL_DEVICE_WIDE"}, "untrusted-apps-allowed"),
        (PHONE, COPE, "advancedSecurityOverrides", SIDELOADED["advancedSecurityOverrides"], "untrusted-apps-allowed"),
        (MANAGED, FULLY, "advancedSecurityOverrides", {"untrustedAppsPolicy": "a new word"}, "untrusted-apps-allowed"),
        (MANAGED, FULLY, "advancedSecurityOverrides", {"developerSettings": "DEVELOPER_SETTINGS_ALLOWED"}, "developer-settings-allowed"),
        (MANAGED, FULLY, "debuggingFeaturesAllowed", True, "developer-settings-allowed"),
        (PHONE, COPE, "version", "x", "policy-unread"),
        (PHONE, COPE, "addUserDisabled", "yes", "policy-unread"),
        (MANAGED, {"version": "12"}, "applications", [{"installType": "BLOCKED"}], "policy-unread"),
        (MANAGED, {"version": "12"}, "playStoreMode", 1, "policy-unread"),
        (MANAGED, {"version": "12"}, "advancedSecurityOverrides", "none", "policy-unread"),
    ],
)  # fmt: skip
def test_a_policy_that_fails_a_check_keeps_nothing_out(device, policy, path, said, why):
    expected = (EVERY, "") if why is None else (frozenset(), why)
    assert judged(device, changed(policy, path, said)) == expected


@pytest.mark.parametrize(
    "kind", ["AVAILABLE", "INSTALL_TYPE_UNSPECIFIED", "FORCE_INSTALLED", "KIOSK", "CUSTOM", "NEW"]
)
@pytest.mark.parametrize("store", ["WHITELIST", "BLACKLIST"])
def test_an_app_is_kept_out_by_no_other_install_type_than_blocked(kind, store):
    policy = {
        "version": "12",
        "playStoreMode": store,
        "applications": [*BLOCKED[1:], {"packageName": TIKTOK, "installType": kind}],
    }
    assert judged(MANAGED, policy) == ({"shein"}, "app-not-blocked")
    twice = policy | {"applications": [*BLOCKED, {"packageName": TIKTOK, "installType": kind}]}
    assert judged(MANAGED, twice) == ({"shein"}, "app-not-blocked")


def test_only_an_app_whose_packages_are_all_known_and_blocked_is_kept_out():
    grown = APPS | {"weibo": ("com.sina.weibo",), "nameless": ()}
    assert judged(PHONE, COPE, apps=grown) == (EVERY, "app-not-blocked")
    assert judged(PHONE, COPE, apps={"tiktok": (TIKTOK, "com.Zzkko")}) == (frozenset(), "app-not-blocked")
    assert judged(PHONE, ALLOWLIST, apps={"nameless": ()}) == (frozenset(), "app-not-blocked")


OTHER_CASE = {"tiktok": ("com.Zhiliaoapp.Musically",)}


@pytest.mark.parametrize(
    ("device", "policy"),
    [
        (PHONE, changed(ALLOWLIST, "personalUsagePolicies.personalApplications", [{"packageName": TIKTOK, "installType": "AVAILABLE"}])),
        (MANAGED, {"version": "12", "applications": [{"packageName": TIKTOK, "installType": "AVAILABLE"}]}),
        (MANAGED, FULLY),
    ],
    ids=["an allow list", "the default store", "blocked under another name"],
)  # fmt: skip
def test_an_app_that_is_listed_in_another_case_is_not_kept_out_by_that(device, policy):
    assert judged(device, policy, apps=OTHER_CASE) == (frozenset(), "app-not-blocked")
    assert judged(device, policy | {"applications": [], "playStoreMode": "WHITELIST"}, apps=OTHER_CASE)[
        0
    ] == (OTHER_CASE.keys() if device is MANAGED else set())


def test_the_word_of_a_device_on_an_app_in_another_case_counts():
    there = PHONE | detail(packageName=TIKTOK, nonComplianceReason="APP_INSTALLED")
    shut = changed(ALLOWLIST, "personalUsagePolicies.personalApplications", [])
    assert blocked_yet_there(there, OTHER_CASE) == {"tiktok"}
    assert judged(there, shut, apps=OTHER_CASE) == (frozenset(), "blocked-app-installed")
    pending = PHONE | detail(packageName=TIKTOK)
    assert judged(pending, shut, apps=OTHER_CASE) == (frozenset(), "policy-not-applied")


OPEN = changed(COPE, "personalUsagePolicies.personalApplications", [])


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([COPE], (EVERY, "")),
        ([COPE, COPE | {"version": "13"}], (EVERY, "")),
        ([COPE, COPE | SIDELOADED | {"version": "13"}], (frozenset(), "newer-policy-open")),
        ([COPE, OPEN | {"version": "13"}, COPE | {"version": "14"}], (frozenset(), "newer-policy-open")),
        ([COPE, COPE | {"version": "14"}], (frozenset(), "policy-version-unknown")),
        ([OPEN, COPE | {"version": "13"}], (frozenset(), "app-not-blocked")),
        ([OPEN | {"version": "11"}, COPE], (EVERY, "")),
        ([COPE | {"version": "13"}], (frozenset(), "policy-version-unknown")),
    ],
    ids=["its own", "the newer one is as strict", "the newer one has a side door", "one between is open",
         "one between was never read", "only the newer one is strict", "an older one is open", "its own was never read"],
)  # fmt: skip
def test_a_device_is_judged_by_its_own_version_and_newer_ones_only_take_away(policies, expected):
    assert judged(PHONE, *policies) == expected


def detail(**said):
    return {
        "nonComplianceDetails": [
            {"settingName": "personalUsagePolicies", "nonComplianceReason": "PENDING"} | said
        ]
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (detail(), (frozenset(), "policy-not-applied")),
        (detail(fieldPath="privateSpacePolicy"), (frozenset(), "policy-not-applied")),
        (detail(fieldPath="personalApplications[0]"), ({"shein"}, "policy-not-applied")),
        (detail(fieldPath="personalUsagePolicies.personalApplications[2].installType"), ({"tiktok"}, "policy-not-applied")),
        (detail(fieldPath="personalApplications[3]"), (frozenset(), "policy-not-applied")),
        (detail(packageName=LITE), ({"shein"}, "policy-not-applied")),
        (detail(packageName="com.example.other"), (EVERY, "")),
        (detail(settingName="passwordPolicies"), (EVERY, "")),
        (detail(settingName="applications", packageName=SHEIN, nonComplianceReason=None), ({"tiktok"}, "policy-not-applied")),
        (detail(settingName="addUserDisabled"), (frozenset(), "policy-not-applied")),
        (detail(settingName="playStoreMode"), (frozenset(), "policy-not-applied")),
        (detail(settingName="advancedSecurityOverrides"), (frozenset(), "policy-not-applied")),
        (detail(settingName="x", packageName=TIKTOK, nonComplianceReason="APP_INSTALLED"), ({"shein"}, "blocked-app-installed")),
        ({"nonComplianceDetails": "no list"}, (frozenset(), "policy-not-applied")),
        ({"nonComplianceDetails": ["no detail"]}, (frozenset(), "policy-not-applied")),
        (detail(fieldPath="privateSpacePolicy", nonComplianceReason="API_LEVEL") | {"apiLevel": 34}, (EVERY, "")),
        (detail(fieldPath="privateSpacePolicy", nonComplianceReason="PENDING") | {"apiLevel": 34}, (frozenset(), "policy-not-applied")),
        (detail(fieldPath="privateSpacePolicy", nonComplianceReason="API_LEVEL") | {"apiLevel": 35}, (frozenset(), "policy-not-applied")),
        (detail(fieldPath="privateSpacePolicy", nonComplianceReason="API_LEVEL") | {"apiLevel": None}, (frozenset(), "policy-not-applied")),
        (detail(fieldPath="personalPlayStoreMode", nonComplianceReason="API_LEVEL") | {"apiLevel": 34}, (frozenset(), "policy-not-applied")),
        ({"nonComplianceDetails": []}, (EVERY, "")),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_hold_keeps_those_apps_out_no_longer(said, expected):
    assert judged(PHONE | said, COPE) == expected


def test_a_blocked_app_that_is_there_all_the_same_is_found():
    there = detail(packageName=TIKTOK, nonComplianceReason="APP_INSTALLED")
    assert blocked_yet_there(PHONE | there, APPS) == {"tiktok"}
    assert blocked_yet_there(PHONE | detail(packageName=TIKTOK), APPS) == frozenset()
    assert blocked_yet_there(PHONE, APPS) == frozenset()


def test_a_clock_that_is_ahead_dates_nothing_later_than_now():
    ahead = PHONE | {"lastStatusReportTime": "2026-11-29T20:00:00Z"}
    told = denial(ahead, {12: policy_of(COPE)}, APPS, NOW, DAY)
    assert report_by("mdm", "7", denial=told).received(NOW).denied_last == NOW
    assert denial(changed(PHONE, "lastStatusReportTime", None), {12: policy_of(COPE)}, APPS, NOW, DAY) is None


def test_of_a_policy_only_what_decides_is_stored():
    secret = COPE | {"openNetworkConfiguration": {"Passphrase": "Zq7"}, "name": "enterprises/E/policies/cope"}
    text = policy_of(secret).model_dump_json(by_alias=True, exclude_defaults=True)
    assert "Zq7" not in text
    assert stored_policy(text) == policy_of(COPE)
    assert stored_policy("{}") is None
    assert stored_policy("x") is None


COPE_POLICY = json.loads((VECTORS / "android-management/cope.json").read_text())
NAME = "enterprises/E/policies/cope"


class Policies:
    """The policies of an enterprise, each in its current version; 0 if there is none."""

    def __init__(self, **versions):
        self.now = versions
        self.asked = []

    async def ask(self, question):
        name = question.url.partition("/policies/")[2].partition("?")[0]
        self.asked.append(name)
        version = self.now[name]
        if isinstance(version, SourceError):
            raise version
        found = answer(COPE_POLICY["policy"] | {"version": str(version), "openNetworkConfiguration": {}})
        return found if version else ApiResponse(404, {}, b"{}")

    async def close(self):
        """Nothing is open."""


def phone(applied="12", policy="cope", **more):
    return {
        "ownership": "COMPANY_OWNED",
        "appliedPolicyName": f"enterprises/E/policies/{policy}",
        "appliedPolicyVersion": applied,
    } | more


@pytest.fixture
def shelf():
    return PolicyShelf()


@pytest.fixture
def reading(shelf):
    """The policies that are read in a run of their own from this API."""

    def begun(api):
        setup = Setup("mdm", CATALOG, tools(), policies=shelf)
        return ReadPolicies(setup, client_of(api, "https://google.example.com"), "E")

    return begun


async def run(policies, *devices):
    for device in devices:
        await policies.learn(device)
    changed = await policies.read_again()
    await policies.keep_needed()
    return changed


async def test_a_policy_is_read_when_it_is_first_seen_and_at_the_end(reading):
    api = Policies(cope=12, open=3)
    policies = reading(api)
    assert await run(policies, phone(), phone(), phone("3", "open")) == set()
    assert api.asked == ["cope", "open", "cope", "open"]
    assert [*policies.versions(NAME)] == [12]


async def test_a_policy_that_was_changed_meanwhile_is_told(reading):
    api = Policies(cope=12, open=3)
    policies = reading(api)
    await policies.learn(phone())
    await policies.learn(phone("3", "open"))
    api.now["cope"] = 13
    assert await policies.read_again() == {NAME}
    assert sorted(policies.versions(NAME)) == [12, 13]
    api.now["cope"] = 0
    assert await policies.read_again() == {NAME}
    assert policies.versions(NAME) == {}


async def test_versions_are_kept_until_no_device_has_them_or_an_older_one(reading, shelf):
    for current, applied, kept in [
        (11, "11", {11}),
        (12, "11", {11, 12}),
        (13, "11", {11, 12, 13}),
        (13, "12", {12, 13}),
    ]:
        await run(reading(Policies(cope=current)), phone(applied), phone("13"))
        assert set(shelf.kept["mdm", NAME]) == kept
    assert all("openNetworkConfiguration" not in text for text in shelf.kept["mdm", NAME].values())
    await run(reading(Policies(open=1)), phone("1", "open"))
    assert [*shelf.kept] == [("mdm", "enterprises/E/policies/open")]


async def test_a_policy_that_was_made_anew_has_no_older_versions(reading):
    await run(reading(Policies(cope=12)), phone("12"))
    policies = reading(Policies(cope=1))
    await run(policies, phone("12"))
    assert [*policies.versions(NAME)] == [1]


async def test_a_policy_that_was_made_anew_and_counts_as_far_has_no_older_versions(reading, shelf):
    await run(reading(Policies(cope=11)), phone("11"))
    await run(reading(Policies(cope=12)), phone("11"))
    shelf.kept["mdm", NAME][12] = '{"version":"12","playStoreMode":"BLACKLIST"}'
    policies = reading(Policies(cope=12))
    await run(policies, phone("12"))
    assert [(each.number, each.play_store_mode) for each in policies.versions(NAME).values()] == [(12, "")]


@pytest.mark.parametrize(
    "device",
    [
        phone(ownership="PERSONALLY_OWNED"),
        phone(appliedPolicyName="enterprises/other/policies/cope"),
        phone(appliedPolicyName="cope"),
        phone(appliedPolicyName=None),
        {},
    ],
)
async def test_no_policy_is_read_that_can_prove_nothing(reading, device):
    api = Policies(cope=12)
    await run(reading(api), device)
    assert api.asked == []


async def test_a_single_device_is_stored_with_its_new_version_alone(reading, shelf):
    await run(reading(Policies(cope=12)), phone())
    for applied, asked in [("12", []), ("13", ["cope"])]:
        api = Policies(cope=13)
        policies = reading(api)
        await policies.learn(phone(applied), anew=False)
        await policies.keep_new()
        assert api.asked == asked
    assert set(shelf.kept["mdm", NAME]) == {12, 13}


async def test_a_failure_leaves_the_stored_versions(reading):
    await run(reading(Policies(cope=12)), phone())
    policies = reading(Policies(cope=SourceError(Trouble.TOO_BIG)))
    with ends_in(Trouble.TOO_BIG):
        await policies.learn(phone("13"), anew=False)
    assert [*policies.versions(NAME)] == [12]


async def test_no_more_policies_are_read_than_the_limit(reading, shelf, monkeypatch):
    monkeypatch.setattr(android_policy, "MAX_POLICIES", 2)
    api = Policies(a=1, b=5, c=1)
    policies = reading(api)
    await run(policies, phone("1", "a"), phone("5", "b"), phone("1", "c"))
    assert api.asked == ["a", "b", "a", "b"]
    assert policies.versions("enterprises/E/policies/c") == {}
    api.now = {"a": 2, "b": 6}
    await run(reading(api), phone("1", "a"), phone("5", "b"))
    assert sum(map(len, shelf.kept.values())) == 2
