"""Names that name nothing."""

import pytest

from mailgate.devices.names import CERT, EAS, KEY, SERIAL, UDID
from mailgate.devices.placeholders import PLACEHOLDERS, placeholder_reason


@pytest.mark.parametrize("text", PLACEHOLDERS)
def test_every_placeholder_names_nothing_in_any_case_and_between_spaces(text: str) -> None:
    assert placeholder_reason(SERIAL, f" {text.upper()} ") == PLACEHOLDERS[text]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SERIAL, "000000000000"),
        (SERIAL, "ffffffff"),
        (SERIAL, "........"),
        (SERIAL, "0-0-0-0"),
        (SERIAL, "02:00:00:00:00:00"),
        (SERIAL, "{00000000-0000-0000-0000-000000000000}"),
        (SERIAL, "03000200-0400-0500-0006-000700080009"),
        (EAS, "{03000200-0400-0500-0006-000700080009}"),
        (SERIAL, "ABC"),
        (UDID, "00000000-0000-0000-0000-000000000000"),
        (UDID, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
        (UDID, "1234567"),
        (EAS, "abc"),
        (EAS, "0000000000000000"),
        (KEY, ""),
        (CERT, "AAAAAAAAAAA"),
    ],
)
def test_what_is_filling_or_too_short_names_nothing(kind: str, text: str) -> None:
    assert placeholder_reason(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (SERIAL, "C02XK1ABCD"),
        (SERIAL, "R58M"),
        (UDID, "00008110-001A2D3E4F50801E"),
        (UDID, "12345679"),
        (EAS, "ApplDNPX2"),
        (EAS, "androidc1234567"),
        (KEY, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
    ],
)
def test_a_name_is_a_name(kind: str, text: str) -> None:
    assert placeholder_reason(kind, text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "0", "1", "N/A", "na", "nil", "None", "not applicable", "Not Available", "Not Specified", "NotSpecified", "null", "undefined",
        "unknown", "unspecified", "invalid", "Default string", "defaultstring", "empty", "OEM", "O.E.M.", "serial", "SerialNumber",
        "Serial Number", "System Serial Number", "SystemSerialNumber", "Chassis Serial Number", "To Be Filled By O.E.M.", "ToBeFilledByO.E.M.",
        "To be filled by OEM", "xxxxxxxxxxxx", "validate", "EMULATOR", "android", "0123456789", "0123456789ABCDEF", "1234567890", "123456789",
        "12345678", "020000000000", "03000200040005000006000700080009", "9774d56d682e549c",
    ],
)  # fmt: skip
def test_what_firmware_and_emulators_write_in_place_of_a_name_names_nothing(text: str) -> None:
    assert placeholder_reason(SERIAL, text)
