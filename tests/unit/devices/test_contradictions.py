"""What sources do not agree on."""

from typing import Any

import pytest

from mailgate.devices.contradictions import contradictions, looks_like_placeholder, shared_name
from mailgate.devices.device import Report
from mailgate.devices.names import EAS
from mailgate.model import Kind, Reason
from mailgate.model.phrase import translate
from mailgate.texts import console_languages

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
        ({"kind": Kind.LAPTOP}, {"kind": Kind.UNKNOWN}, []),
        ({"kind": Kind.LAPTOP}, {"kind": None}, []),
        ({"kind": Kind.UNKNOWN}, {"kind": None}, []),
        ({"os": "ios"}, {"os": "android"}, [OS]),
        ({"os": "ios"}, {"os": "iPadOS"}, []),
        ({"os": "Android"}, {"os": "android"}, []),
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
def test_reports_contradict_each_other_in_kind_system_and_owner(
    one: dict[str, object], other: dict[str, object], expected: list[Reason]
) -> None:
    reports = [Report("jamf", "1", **one), Report("intune", "2", **other)]  # type: ignore[arg-type]
    for order in (reports, reports[::-1]):
        assert [each.reason for each in contradictions(order)] == expected
    assert contradictions(reports[:1]) == ()


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        (
            {"jamf": {"kind": Kind.PHONE}, "intune": {"kind": Kind.LAPTOP}, "google": {"kind": Kind.TABLET}},
            "kind: laptop says intune, phone or tablet says google and jamf",
        ),
        (
            {"jamf": {"os": "iPadOS"}, "intune": {"os": "macOS"}, "google": {"os": "ios"}},
            "operating system: ios or ipados says google and jamf, macos says intune",
        ),
        (
            {"jamf": {"owner": "Ada"}, "intune": {"owner": "bob"}, "google": {"owner": "ada@example.com"}},
            "owner: ada says google and jamf, bob says intune",
        ),
    ],
)
def test_the_words_name_who_says_what_each_source_once(told: dict[str, dict[str, Any]], detail: str) -> None:
    reports = [Report(source, own_id, **fields) for source, fields in told.items() for own_id in "12"]
    assert [each.detail for each in contradictions(reports)] == [detail]
    assert [each.about for each in contradictions(reports)] == [""]


@pytest.mark.parametrize(("count", "is_placeholder"), [(15, False), (16, True), (17, True)])
def test_sixteen_devices_of_one_source_are_no_device(count: int, is_placeholder: bool) -> None:
    others = [Report("intune", "x"), *(Report("jamf", f"gone {number}", gone=True) for number in range(9))]
    reports = [*(Report("jamf", str(number)) for number in range(count)), *others]
    assert looks_like_placeholder(reports, "jamf") is is_placeholder
    assert not looks_like_placeholder(reports, "intune")
    told = [(each.reason, each.about, each.detail) for each in contradictions(reports)]
    detail = "jamf has 16 devices or more of one name, which is probably a placeholder"
    assert told == ([(Reason.DEVICE_NAME_CONTRADICTED, "", detail)] if is_placeholder else [])


def test_one_of_two_sources_with_a_placeholder_is_named() -> None:
    reports = [Report(source, str(number)) for source in ("jamf", "intune") for number in range(16)]
    (found,) = contradictions(reports)
    assert found.detail.startswith("intune has")


def test_a_contradiction_is_told_in_the_readers_language() -> None:
    found = contradictions((Report("jamf", "1", kind=Kind.PHONE), Report("intune", "1", kind=Kind.LAPTOP)))
    german = [translate(each.detail, console_languages()["de"]) for each in found]
    assert german == ["Art: Laptop laut intune, Smartphone oder Tablet laut jamf"]


def test_a_shared_name_is_told_with_the_other_device() -> None:
    found = shared_name((EAS, "applx1"), ["abcd-efgh-ijkl"])
    assert (found.reason, found.about) == (Reason.DEVICE_NAME_CONTRADICTED, "eas applx1")
    assert found.detail == "the eas name applx1 is reported for abcd-efgh-ijkl too, which is another device"
    for others, told in (("cab", "a, b, c"), ("dcba", "a, b, c and 1 more"), ("edcba", "a, b, c and 2 more")):
        detail = shared_name((EAS, "applx1"), others).detail
        assert detail == f"the eas name applx1 is reported for {told} too, which is another device"
