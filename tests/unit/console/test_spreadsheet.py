"""Every CSV is written in one way: names are read as they are written, and no cell runs."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import mailgate
from mailgate.console.spreadsheet import beginning, lines, saved_as

FORMULAS = tuple("=+-@\t\r＝＋－＠﹦﹢﹣﹫")
UNSEEN = "\ufeff\u3000\u2003\u00ad\u200e\x1b"
CELLS = st.text(st.sampled_from([*FORMULAS, *"\n;,|\"' ax", *UNSEEN]), max_size=12)


@pytest.mark.parametrize("sign", [*FORMULAS, "\n"])
def test_no_cell_is_a_formula(sign: str) -> None:
    rows = csv.reader(io.StringIO(lines([[f"{sign}1+1", f"1{sign}1"]]), newline=""))
    assert next(rows) == [f"'{sign}1+1", f"1{sign}1"]


def test_a_login_that_another_separator_would_make_a_formula_is_none() -> None:
    assert lines([["x;=cmd|' /C calc'!A0;y"]]) == "x;'=cmd|' /C calc'!A0;y\r\n"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=3), min_size=1, max_size=4))
@example(rows=[["x;=cmd|' /C calc'!A0;y"]])
@example(rows=[["\u3000=1", "x;\u200e=1"]])
@example(rows=[["a", 'x;"=1'], ["b", "x, =1"], ["c", "x\n=1"], ["d", ",;"], ["e", ";\t=1"]])
def test_no_reader_finds_a_cell_that_begins_as_a_formula(separator: str, rows: list[list[str]]) -> None:
    told = beginning(["person", "apps"]) + lines(rows)
    read = csv.reader(io.StringIO(told.removeprefix("\ufeff"), newline=""), delimiter=separator)
    assert not [cell for row in read for cell in row if cell.lstrip(" " + UNSEEN).startswith(FORMULAS)]


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_only_apostrophes_are_added(rows: list[list[str]]) -> None:
    read = csv.reader(io.StringIO(lines(rows), newline=""))
    assert [[cell.replace("'", "") for cell in row] for row in read] == [
        [cell.replace("'", "") for cell in row] for row in rows
    ]


def test_every_csv_is_written_here() -> None:
    package = Path(mailgate.__file__).parent
    writing = [
        each for each in package.rglob("*.py") if re.search(r"csv\.(Dict)?[wW]riter", each.read_text("utf-8"))
    ]
    assert [each.relative_to(package).as_posix() for each in writing] == ["console/spreadsheet.py"]


def test_a_csv_file_has_a_mark_its_columns_and_a_name() -> None:
    assert beginning(["person", "apps"]).encode() == b"\xef\xbb\xbfperson,apps\r\n"
    assert lines([["müller", 3], ["a, b", ""]]) == 'müller,3\r\n"a, b",\r\n'
    assert saved_as("devices") == 'attachment; filename="mailgate-devices.csv"'
