"""Names that name nothing."""

import pytest

from mailgate.devices.names import CERT, EAS, KEY, SERIAL, UDID
from mailgate.devices.placeholders import placeholder_reason


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
    assert placeholder_reason(kind, text)


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
    assert placeholder_reason(kind, text) == ""


@pytest.mark.parametrize(
    ("why", "written"),
    [
        ("nothing but filling", "|-| |...|{}"),
        ("one character again and again", "0|1|xxxxxxxxxxxx"),
        ("not available", "N/A|na|n.a."),
        ("nothing", "nil|None|not applicable|Not Available|null|undefined"),
        ("firmware without a serial number (DMI)", "Not Specified|NotSpecified|unspecified|invalid|Default string|defaultstring|empty"),
        ("firmware that its maker did not fill in (DMI)", "OEM|O.E.M.|serial|SerialNumber|Serial Number|System Serial Number|SystemSerialNumber"),
        ("firmware that its maker did not fill in (DMI)", "Chassis Serial Number|To Be Filled By O.E.M.|ToBeFilledByO.E.M.|To be filled by OEM"),
        ("Android's Build.UNKNOWN, which apps get that may not read the serial number", "unknown"),
        ("what Android's mail app calls itself while an account is set up", "validate"),
        ("an emulated phone", "EMULATOR"),
        ("a name of a system, not of a device", "android"),
        ("a test board's serial number", "0123456789|1234567890|123456789|12345678"),
        ("the serial number of many test boards and cheap tablets", "0123456789ABCDEF"),
        ("the one hardware address that Android and iOS give to every app", "020000000000|02:00:00:00:00:00"),
        ("the UUID of mainboards that their maker did not fill in (DMI)", "03000200-0400-0500-0006-000700080009"),
        ("the one Android id that a fault of Android 2.2 gave to many phones", "9774d56d682e549c"),
        ("too short", "ABC"),
    ],
)  # fmt: skip
def test_a_placeholder_names_nothing_in_any_case_and_spacing(why: str, written: str) -> None:
    for text in written.split("|"):
        assert placeholder_reason(SERIAL, text) == placeholder_reason(SERIAL, f" {text.upper()}\t") == why
