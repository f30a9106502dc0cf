"""Which names a source may bring, and whose word counts how much."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.store.examples import NOW

from mailgate.devices.device import Report
from mailgate.devices.names import CERT, EAS, KEY, SERIAL, UDID
from mailgate.devices.trust import ENROLLED, linking_names, rank, report_by, source_name, source_of
from mailgate.model import AppsReport, AttestationResult

WHOLE: dict[str, Any] = {
    "serial": " c02xk1abcd",
    "udid": "{aaaa-bbbb-cccc}",
    "eas_ids": ("ApplX1", "validate"),
    "keys": ("k1", ""),
    "certificates": ("c1",),
}


def test_a_source_of_the_company_brings_every_kind_of_name() -> None:
    assert report_by("intune", "7", **WHOLE).names == {
        (SERIAL, "C02XK1ABCD"),
        (UDID, "AAAABBBBCCCC"),
        (EAS, "applx1"),
        (EAS, b"applx1".hex()),
        (KEY, "k1"),
        (CERT, "c1"),
    }


def test_a_device_that_enrolled_brings_only_what_it_proves() -> None:
    """Else a laptop could enrol as a colleague's phone, or as the own blocked one."""
    assert report_by(ENROLLED, "7", **WHOLE).names == {(KEY, "k1"), (CERT, "c1")}


def test_placeholders_are_no_names() -> None:
    empty = {"serial": "unknown", "udid": "0", "eas_ids": ("validate", b"VALIDATE".hex()), "keys": ("",)}
    assert report_by("intune", "7", **WHOLE | empty).names == {(CERT, "c1")}


def test_what_it_looked_at_and_when() -> None:
    seen = report_by("intune", "7", apps=AppsReport(frozenset({"tiktok"}), False, NOW))
    assert (seen.apps, seen.apps_complete, seen.reported_at) == ({"tiktok"}, False, NOW)
    blind = report_by("intune", "7")
    assert (blind.apps, blind.apps_complete, blind.reported_at) == (frozenset(), None, None)


def test_what_no_database_keeps_is_written_as_its_escape() -> None:
    report = report_by("intune", "a\0b", keys=("k\ud800",), eas_ids=("\0ab\0",))
    assert (report.id, (KEY, "k\\ud800") in report.names) == ("a\\x00b", True)
    assert not any("\0" in text for _, text in report.names)


def test_a_devices_own_word_links_it_by_one_name() -> None:
    """Else whoever holds the key of a phone and the certificate of a laptop would make the two one."""
    both = Report(ENROLLED, "e", names=frozenset({(CERT, "c1"), (KEY, "k1"), (KEY, "l1")}))
    assert linking_names(both) == {(KEY, "k1")}
    assert linking_names(replace(both, names=frozenset())) == frozenset()
    assert linking_names(replace(both, source="intune")) == both.names


@pytest.mark.parametrize(
    ("precedence", "expected"),
    [
        ((), ["intune", "jamf", ENROLLED]),
        (("jamf",), ["jamf", "intune", ENROLLED]),
        ((ENROLLED, "jamf", "intune"), ["jamf", "intune", ENROLLED]),
    ],
)
def test_a_devices_own_word_counts_least_whatever_the_settings_say(
    precedence: tuple[str, ...], expected: list[str]
) -> None:
    sources = ["intune", "jamf", ENROLLED]
    assert sorted(sources, key=lambda source: rank(source, precedence)) == expected


def test_sources_that_are_not_listed_are_all_alike() -> None:
    assert rank("intune", ()) == rank("jamf", ())
    assert rank("intune", ("a",)) == rank("jamf", ("a",)) == 1


def test_what_a_gate_only_signed_is_the_devices_own_word() -> None:
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
