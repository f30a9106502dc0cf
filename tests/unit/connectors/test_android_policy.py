"""Each check by which a policy of Android Management is believed to keep listed apps from a phone."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from mailgate.connectors.android_policy import blocked_yet_there, denial, policy_of, stored_policy
from mailgate.model import Denial

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
    assert denial(ahead, {12: policy_of(COPE)}, APPS, NOW, DAY).at == NOW
    assert denial(changed(PHONE, "lastStatusReportTime", None), {12: policy_of(COPE)}, APPS, NOW, DAY) is None


def test_of_a_policy_only_what_decides_is_stored():
    secret = COPE | {"openNetworkConfiguration": {"Passphrase": "Zq7"}, "name": "enterprises/E/policies/cope"}
    text = policy_of(secret).model_dump_json(by_alias=True, exclude_defaults=True)
    assert "Zq7" not in text
    assert stored_policy(text) == policy_of(COPE)
    assert stored_policy("{}") is None
    assert stored_policy("x") is None
