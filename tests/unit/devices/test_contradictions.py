"""What sources do not agree on."""

from dataclasses import replace

import pytest

from mailgate.console.languages import console_languages
from mailgate.devices.contradictions import contradictions, in_words, shared_name
from mailgate.devices.device import Contradiction, Device, Report
from mailgate.devices.names import EAS
from mailgate.model import Kind, Reason
from mailgate.model.phrase import translate

KIND, OS, OWNER = (
    Reason.DEVICE_KIND_CONTRADICTED,
    Reason.DEVICE_OS_CONTRADICTED,
    Reason.DEVICE_OWNER_CONTRADICTED,
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({}, {}, []),
        ({"kind": Kind.PHONE}, {"kind": Kind.LAPTOP}, [KIND]),
        ({"kind": Kind.PHONE}, {"kind": Kind.TABLET}, []),
        ({"kind": Kind.PHONE}, {"kind": Kind.UNKNOWN}, []),
        ({"kind": Kind.LAPTOP}, {"kind": None}, []),
        ({"os": "ios"}, {"os": "android"}, [OS]),
        ({"os": "ios"}, {"os": "iPadOS"}, []),
        ({"os": "macos"}, {"os": "ios"}, [OS]),
        ({"os": "ios"}, {"os": ""}, []),
        ({"owner": "ada"}, {"owner": "bob"}, [OWNER]),
        ({"owner": "Ada@example.com"}, {"owner": "ada@example.com"}, []),
        ({"owner": "ada"}, {"owner": "ada@example.com"}, []),
        ({"owner": "ada@example.org"}, {"owner": "ada@example.com"}, [OWNER]),
        ({"owner": "ada"}, {"owner": ""}, []),
        ({"owner": "ada"}, {"owner": "bob", "gone": True}, []),
        ({"apps": frozenset({"tiktok"})}, {"apps_complete": True}, []),
        ({"kind": Kind.PHONE, "os": "ios"}, {"kind": Kind.LAPTOP, "os": "macos"}, [KIND, OS]),
    ],
)
def test_what_contradicts(one: dict[str, object], other: dict[str, object], expected: list[Reason]) -> None:
    reports = [Report("jamf", "1", **one), Report("intune", "2", **other)]  # type: ignore[arg-type]
    for order in (reports, reports[::-1]):
        assert [each.reason for each in contradictions(order)] == expected
    assert contradictions(reports[:1]) == ()


def test_the_words_name_who_says_what() -> None:
    reports = [
        Report(source, "1", kind=kind)
        for source, kind in (("jamf", Kind.PHONE), ("intune", Kind.LAPTOP), ("google", Kind.TABLET))
    ]
    (found,) = contradictions(reports)
    assert found.detail == "kind: laptop says intune, phone or tablet says google and jamf"


def test_what_the_store_has_in_english_is_told_anew_from_the_reports() -> None:
    reports = (Report("jamf", "1", kind=Kind.PHONE), Report("intune", "1", kind=Kind.LAPTOP))
    kept = tuple(replace(each, detail=str(each.detail)) for each in contradictions(reports))
    older = Contradiction(Reason.DEVICE_OWNER_CONTRADICTED, "", "owner: …")
    found, left = in_words(Device("abcd", reports, findings=(*kept, older)))
    german = console_languages()["de"]
    assert translate(found.detail, german) == "Art: Laptop laut intune, Smartphone oder Tablet laut jamf"
    assert left.detail == "owner: …"


def test_a_shared_name_is_told_with_the_other_device() -> None:
    found = shared_name((EAS, "applx1"), ["abcd-efgh-ijkl"])
    assert (found.reason, found.about) == (Reason.DEVICE_NAME_CONTRADICTED, "eas applx1")
    assert found.detail == "the eas name applx1 is reported for abcd-efgh-ijkl too, which is another device"
    assert "reported for a, b, c and 2 more too" in shared_name((EAS, "applx1"), "edcba").detail
