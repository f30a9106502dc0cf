"""Which names a source may bring, and whose word counts how much."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.store.examples import NOW

from mailgate.devices.device import Report
from mailgate.devices.names import CERT, EAS, KEY, SERIAL, UDID
from mailgate.devices.trust import (
    ENROLLED,
    is_placeholder,
    is_self_reported,
    linking_names,
    rank,
    report_by,
    source_name,
    source_of,
    told_state,
    without_look,
)
from mailgate.model import AppsReport, AttestationResult, Kind, Posture, PostureState

WHOLE: dict[str, Any] = {
    "serial": " c02xk1abcd",
    "udid": "{aaaa-bbbb-cccc}",
    "eas_ids": ("ApplX1", "validate"),
    "keys": ("k1", ""),
    "certificates": ("c1",),
}


NO_NAMES = {"serial": "unknown", "udid": "0", "eas_ids": ("validate", b"VALIDATE".hex()), "keys": ("",)}
EVERY_NAME = {
    (SERIAL, "C02XK1ABCD"),
    (UDID, "AAAABBBBCCCC"),
    (EAS, "applx1"),
    (EAS, b"applx1".hex()),
    (KEY, "k1"),
    (CERT, "c1"),
}


@pytest.mark.parametrize(
    ("source", "told", "names"),
    [
        ("intune", WHOLE, EVERY_NAME),
        # else a laptop could enrol as a colleague's phone, or as the own blocked one
        (ENROLLED, WHOLE, {(KEY, "k1"), (CERT, "c1")}),
        ("intune", WHOLE | NO_NAMES, {(CERT, "c1")}),
    ],
    ids=["the company's, of every kind", "a device's own, of what it proves", "no placeholders"],
)
def test_a_source_brings_the_names_it_may_vouch_for(
    source: str, told: dict[str, Any], names: set[tuple[str, str]]
) -> None:
    assert report_by(source, "7", **told).names == names


def test_a_report_says_what_its_source_says_and_nothing_else() -> None:
    assert report_by("intune", "7") == Report("intune", "7")
    assert not report_by("intune", "7").adds
    told: dict[str, Any] = {
        "owner": "ada", "kind": Kind.PHONE, "os": "ios", "os_version": "26.1", "managed": False, "status": "warning", "gone": True, "adds": True
    }  # fmt: skip
    report = report_by("intune", "7", **told, expires=NOW)
    assert (report, report.adds) == (Report("intune", "7", **told, expires_at=NOW), True)


def test_a_report_tells_its_apps_and_the_time_of_its_look() -> None:
    seen = report_by("intune", "7", apps=AppsReport(frozenset({"tiktok"}), False, NOW))
    assert (seen.apps, seen.apps_complete, seen.reported_at) == ({"tiktok"}, False, NOW)
    assert (seen.looked_from, seen.lag) == (None, timedelta())
    late = report_by("intune", "7", apps=AppsReport(frozenset(), True, NOW, timedelta(hours=7)))
    assert (late.apps_complete, late.reported_at, late.looked_from) == (True, NOW, NOW - timedelta(hours=7))
    for each in (seen, late):
        assert without_look(each) == report_by("intune", "7")


def test_characters_that_no_database_keeps_are_escaped() -> None:
    report = report_by("intune", "a\0b", keys=("k\ud800",), eas_ids=("\0ab\0",))
    assert (report.id, (KEY, "k\\ud800") in report.names) == ("a\\x00b", True)
    assert not any("\0" in text for _, text in report.names)


BOTH = frozenset({(CERT, "c1"), *((KEY, f"k{number}") for number in range(1, 9))})


@pytest.mark.parametrize(
    ("source", "names", "linking"),
    [(ENROLLED, BOTH, {(KEY, "k1")}), (ENROLLED, frozenset(), set()), ("intune", BOTH, BOTH)],
    ids=["its own", "none", "the company's"],
)
def test_a_devices_own_word_links_it_by_one_name(
    source: str, names: frozenset[tuple[str, str]], linking: set[tuple[str, str]]
) -> None:
    """Else whoever holds the key of a phone and the certificate of a laptop would make the two one."""
    assert linking_names(Report(source, "e", names=names)) == linking


SOURCES = ("apple", "jamf", ENROLLED)


@pytest.mark.parametrize(
    ("precedence", "ranks"),
    [
        ((), (0, 0, 1)),
        (("jamf",), (1, 0, 2)),
        (("jamf", "apple"), (1, 0, 3)),
        (("another",), (1, 1, 2)),
        ((ENROLLED, "jamf", "apple"), (2, 1, 4)),
    ],
)
def test_a_devices_own_word_counts_least_whatever_the_settings_say(
    precedence: tuple[str, ...], ranks: tuple[int, ...]
) -> None:
    assert tuple(rank(source, precedence) for source in SOURCES) == ranks
    assert [is_self_reported(source) for source in SOURCES] == [False, False, True]


@pytest.mark.parametrize(
    ("state", "kind", "sources", "told"),
    [
        (PostureState.STALE, Kind.LAPTOP, (ENROLLED,), "asleep"),
        (PostureState.STALE, Kind.LAPTOP, (ENROLLED, "intune"), "stale"),
        (PostureState.STALE, Kind.LAPTOP, ("intune",), "stale"),
        (PostureState.STALE, Kind.LAPTOP, (), "stale"),
        (PostureState.STALE, Kind.PHONE, (ENROLLED,), "stale"),
        (PostureState.STALE, None, (ENROLLED,), "stale"),
        (PostureState.PARTIAL, Kind.LAPTOP, (ENROLLED,), "partial"),
    ],
)
def test_a_computer_whose_browser_is_closed_is_asleep_and_nothing_else_is(
    state: PostureState, kind: Kind | None, sources: tuple[str, ...], told: str
) -> None:
    assert told_state(Posture(state, kind=kind, sources=sources)) == told


def test_a_report_signed_by_a_gate_is_the_devices_own_word() -> None:
    proof = AttestationResult("e", "https://mail.example.com")
    assert source_of(proof) == "https://mail.example.com"
    assert source_of(replace(proof, self_reported=True)) == ENROLLED


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("jamf", "jamf"),
        ("https://mdm.example.com", "mdm.example.com"),
        ("https://a.example/eu/", "a.example/eu"),
    ],
)
def test_a_source_is_called_by_its_host_or_its_name(source: str, name: str) -> None:
    assert source_name(source) == name


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SERIAL, "000000000000"),
        (SERIAL, "ffffffff"),
        (SERIAL, "........"),
        (SERIAL, "0-0-0-0"),
        (SERIAL, "{00000000-0000-0000-0000-000000000000}"),
        (EAS, "{03000200-0400-0500-0006-000700080009}"),
        (UDID, "00000000-0000-0000-0000-000000000000"),
        (UDID, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
        (UDID, "1234567"),
        (EAS, "abc"),
        (EAS, "0000000000000000"),
        (KEY, ""),
        (CERT, "AAAAAAAAAAA"),
    ],
)
def test_a_filler_or_a_short_text_names_nothing(kind: str, text: str) -> None:
    assert is_placeholder(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SERIAL, "C02XK1ABCD"),
        (SERIAL, "R58M"),
        (UDID, "00008110-001A2D3E4F50801E"),
        (UDID, "12345679"),
        (EAS, "ApplDNPX2"),
        (EAS, "ab12"),
        (CERT, "c1"),
        (KEY, "k1"),
        (EAS, "androidc1234567"),
        (KEY, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
    ],
)
def test_a_name_is_a_name(kind: str, text: str) -> None:
    assert not is_placeholder(kind, text)


@pytest.mark.parametrize(
    "written",
    [
        "|-| |...|{}",
        "0|1|xxxxxxxxxxxx",
        "N/A|na|n.a.",
        "nil|None|not applicable|Not Available|null|undefined",
        "Not Specified|NotSpecified|unspecified|invalid|Default string|defaultstring|empty",
        "OEM|O.E.M.|serial|SerialNumber|Serial Number|System Serial Number|SystemSerialNumber",
        "Chassis Serial Number|To Be Filled By O.E.M.|ToBeFilledByO.E.M.|To be filled by OEM",
        "unknown",
        "validate",
        "EMULATOR",
        "android",
        "0123456789|1234567890|123456789|12345678",
        "0123456789ABCDEF",
        "020000000000|02:00:00:00:00:00",
        "03000200-0400-0500-0006-000700080009",
        "9774d56d682e549c",
        "ABC",
    ],
)
def test_a_placeholder_names_nothing_in_any_case_and_spacing(written: str) -> None:
    for text in written.split("|"):
        assert is_placeholder(SERIAL, text)
        assert is_placeholder(SERIAL, f" {text.upper()}\t")
