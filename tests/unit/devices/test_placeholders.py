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
