"""Each check by which an iPhone or iPad is believed that listed apps cannot run on it."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from tests.exchanges import VECTORS

from mailgate.config.sources.apis import Declaration
from mailgate.connectors.apple_mdm import plist
from mailgate.connectors.apple_restrictions import declared, declared_by_items, enrolment_in, restricted
from mailgate.connectors.http import as_json
from mailgate.devices.trust import report_by
from mailgate.model import Denial, Enrolment
from mailgate.model.times import happened

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WEEK = timedelta(days=7)
TIKTOK, SHEIN = "com.zhiliaoapp.musically", "com.zzkko"
APPS = {"tiktok": (TIKTOK,)}
REPORT = as_json(plist((VECTORS / "apple-mdm/status-report.plist").read_bytes())["Data"])
ANSWER = plist((VECTORS / "apple-mdm/restrictions.plist").read_bytes())
DENY = {"com.example.deny": Declaration(server_token="7", denied_apps=(TIKTOK,))}
ITEM = {"identifier": "com.example.deny", "server-token": "7", "active": True, "valid": "valid"}


def report(*items, full=True, enrolment="supervised"):
    said = deepcopy(REPORT) | {"FullReport": full}
    said["StatusItems"]["mdm"] = {"enrollment-type": enrolment} if enrolment else {}
    said["StatusItems"]["management"]["declarations"]["configurations"] = list(items)
    return said


def judged(said, known=DENY, apps=APPS):
    found = declared(said, known, apps, AT)
    return (found.apps, found.failed) if found else None


def test_a_declaration_that_is_applied_has_its_token_its_time_and_its_end():
    assert declared(REPORT, DENY, APPS, AT) == Denial(
        frozenset(APPS), AT, AT + WEEK, "com.example.deny 7", ""
    )


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (report(ITEM), ({"tiktok"}, "")),
        (report(ITEM, full=False), ({"tiktok"}, "")),
        (report(ITEM, enrolment=""), ({"tiktok"}, "")),
        (report(ITEM, enrolment="device"), (set(), "not-supervised")),
        (report(ITEM, enrolment="user"), (set(), "not-supervised")),
        (report(ITEM, enrolment="none"), (set(), "not-supervised")),
        (report(), (set(), "declaration-not-reported")),
        (report(ITEM | {"identifier": "com.example.other"}), (set(), "declaration-not-reported")),
        (report(ITEM | {"_removed": True}, full=False), (set(), "declaration-not-reported")),
        (report(ITEM | {"_removed": True}, ITEM, full=False), ({"tiktok"}, "")),
        (report(ITEM | {"server-token": "8"}), (set(), "declaration-outdated")),
        (report(ITEM, ITEM | {"server-token": "8"}), (set(), "declaration-outdated")),
        (report(ITEM | {"server-token": None}), (set(), "declaration-outdated")),
        (report(ITEM | {"valid": "invalid"}), (set(), "declaration-invalid")),
        (report(ITEM | {"valid": "unknown"}), (set(), "declaration-invalid")),
        (report(ITEM | {"active": False}), (set(), "declaration-inactive")),
        (report(ITEM | {"active": "true"}), (set(), "declaration-inactive")),
        ({"FullReport": True, "StatusItems": {}}, (set(), "declaration-not-reported")),
        (report(full=False), None),
        (report(full=False, enrolment=""), None),
        (report(full=False, enrolment="device"), (set(), "not-supervised")),
        (report(ITEM | {"identifier": "com.example.other"}, full=False), None),
        ({"StatusItems": []}, None),
        ([], None),
    ],
)
def test_a_device_is_believed_only_what_it_reports_of_the_known_version(said, expected):
    assert judged(said) == expected


def test_the_first_of_the_checks_that_fail_is_named():
    other = {"com.example.more": Declaration(server_token="1", denied_apps=(SHEIN,))}
    inactive = ITEM | {"identifier": "com.example.more", "server-token": "1", "active": False}
    apps = APPS | {"shein": (SHEIN,)}
    assert judged(report(ITEM, inactive), DENY | other, apps) == ({"tiktok"}, "declaration-inactive")
    assert judged(report(ITEM), DENY | other, apps) == ({"tiktok"}, "declaration-not-reported")
    assert judged(report(ITEM), DENY, apps) == ({"tiktok"}, "app-not-blocked")


@pytest.mark.parametrize(
    ("content", "apps", "denied"),
    [
        ({"denied_apps": (TIKTOK,)}, {"tiktok": (TIKTOK, "com.ss.iphone.ugc.Ame")}, set()),
        ({"denied_apps": (TIKTOK,)}, {"tiktok": ("com.Zhiliaoapp.musically",)}, set()),
        ({"denied_apps": (TIKTOK,)}, {"nameless": ()}, set()),
        ({"allowed_apps": ("com.example.mail",)}, APPS, {"tiktok"}),
        ({"allowed_apps": ()}, APPS, {"tiktok"}),
        ({"allowed_apps": (TIKTOK,)}, APPS, set()),
        ({"allowed_apps": (TIKTOK,)}, {"tiktok": ("com.Zhiliaoapp.musically",)}, set()),
        ({"allowed_apps": (TIKTOK,), "denied_apps": (TIKTOK,)}, APPS, {"tiktok"}),
        ({"allowed_apps": ("com.example.mail",)}, {"nameless": ()}, set()),
        ({}, APPS, set()),
    ],
)
def test_an_app_is_kept_out_if_all_its_identifiers_are(content, apps, denied):
    assert (
        judged(report(ITEM), {"com.example.deny": Declaration(server_token="7", **content)}, apps)[0]
        == denied
    )


@pytest.mark.parametrize(
    ("word", "enrolment"),
    [("none", "none"), ("supervised", "supervised"), ("device", "device-enrolment"), ("user", "user-enrolment"),
     ("", "unknown"), ("new", "unknown")],
)  # fmt: skip
def test_the_kind_of_enrolment_is_told(word, enrolment):
    assert enrolment_in(report(enrolment=word)) is Enrolment(enrolment)


def test_an_app_that_restrictions_in_effect_block_cannot_run():
    expected = Denial(frozenset(APPS), AT, by="com.example.apps")
    assert restricted(ANSWER, APPS, AT) == expected


def everywhere(**restrictions):
    return {"GlobalRestrictions": restrictions}


@pytest.mark.parametrize(
    ("answer", "denied"),
    [
        (everywhere(union={"blacklistedAppBundleIDs": {"values": [TIKTOK]}}), {"tiktok"}),
        (everywhere(intersection={"allowListedAppBundleIDs": {"values": ["com.example.mail"]}}), {"tiktok"}),
        (everywhere(intersection={"whitelistedAppBundleIDs": {"values": [TIKTOK]}}), set()),
        (everywhere(union={"blockedAppBundleIDs": {"values": [SHEIN, 7]}}), set()),
        (everywhere(union={"blockedAppBundleIDs": {"values": TIKTOK}}), set()),
        (everywhere(union=[TIKTOK]), set()),
        (everywhere(), set()),
        ({"ProfileRestrictions": {"p": {"union": {"blockedAppBundleIDs": {"values": [TIKTOK]}}}}}, set()),
    ],
)
def test_only_restrictions_in_effect_count(answer, denied):
    found = restricted(answer, APPS, AT)
    assert (found.apps, found.failed) == (denied, "" if denied else "app-not-blocked")


WRITTEN = "{active=true, identifier=com.example.deny, valid=valid, server-token=7}"


def by_items(configurations, *more):
    item = {
        "key": "management.declarations.configurations",
        "value": configurations,
        "lastUpdateTime": "2026-11-24T09:30:00.000",
    }
    found = declared_by_items({"statusItems": [item, *more]}, DENY, APPS)
    return (found.apps, found.failed, found.at) if found else None


@pytest.mark.parametrize(
    ("configurations", "expected"),
    [
        ([ITEM], ({"tiktok"}, "", AT)),
        (WRITTEN, ({"tiktok"}, "", AT)),
        (f"[{{active=true, identifier=com.example.other, valid=valid, server-token=1}}, {WRITTEN}]", ({"tiktok"}, "", AT)),
        (WRITTEN.replace("true", "false"), (set(), "declaration-inactive", AT)),
        (WRITTEN.replace("=7", "=8"), (set(), "declaration-outdated", AT)),
        (WRITTEN.replace("=valid", "=true"), (set(), "declaration-invalid", AT)),
        ("{active=true, identifier=com.example.deny, reasons=[{code=x, details={a=b}}], valid=valid, server-token=7}",
         (set(), "declaration-not-reported", AT)),
        ("", (set(), "declaration-not-reported", AT)),
        (None, None),
    ],
)  # fmt: skip
def test_status_items_at_jamf_are_read_as_json_and_as_text(configurations, expected):
    assert by_items(configurations) == expected


def test_status_items_of_a_clock_that_is_wrong_say_nothing():
    """Dated by every run as of then, they would never grow old."""
    item = {
        "key": "management.declarations.configurations",
        "value": [ITEM],
        "lastUpdateTime": "2026-11-25T09:30:01Z",
    }
    kept = report_by("mdm", "7", denial=declared_by_items({"statusItems": [item]}, DENY, APPS)).received(AT)
    assert happened(kept.denied_at, AT) is None


def test_status_items_without_a_time_or_a_list_say_nothing():
    kind = {"key": "mdm.enrollment-type", "value": "device", "lastUpdateTime": "2026-11-24T09:30:00Z"}
    assert by_items([ITEM], kind) == (set(), "not-supervised", AT)
    assert (
        declared_by_items(
            {"statusItems": [{"key": "management.declarations.configurations", "value": [ITEM]}]},
            DENY,
            APPS,
        )
        is None
    )
    assert declared_by_items({"statusItems": [kind]}, DENY, APPS) is None
    assert declared_by_items(None, DENY, APPS) is None
