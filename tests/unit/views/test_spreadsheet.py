"""Every CSV is written in one way: names are read as they are written, and no cell runs."""

import csv
import io

import pytest

from mailgate.views.spreadsheet import beginning, lines, saved_as


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_a_formula(sign: str) -> None:
    rows = csv.reader(io.StringIO(lines([[f"{sign}1+1", f"1{sign}"]]), newline=""))
    assert next(rows) == [f"'{sign}1+1", f"1{sign}"]


def test_a_file_begins_with_the_mark_of_utf_8_and_its_columns_and_has_a_name() -> None:
    assert beginning(["person", "apps"]).encode() == b"\xef\xbb\xbfperson,apps\r\n"
    assert lines([["müller", 3], ["a, b", ""]]) == 'müller,3\r\n"a, b",\r\n'
    assert saved_as("devices") == 'attachment; filename="mailgate-devices.csv"'
