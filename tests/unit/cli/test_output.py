"""What commands print."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from operator import itemgetter
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from mailgate.cli.check import check
from mailgate.cli.output import print_json, print_rows, table_of, tell

ID = "0193e5c2b7c74d0f"
LONG = "somebody-with-a-long-name@branch.of.the.company.example.com"


def printed(width: int) -> str:
    written = StringIO()
    columns = {"id": itemgetter(0), "whom": itemgetter(1), "people": itemgetter(2)}
    table = table_of([(ID, LONG, 7)], columns, whole=("id",), numbers=("people",))
    Console(file=written, width=width).print(table)
    return written.getvalue()


@pytest.mark.parametrize("width", [50, 80, 200])
def test_nothing_is_cut_and_what_is_copied_stays_in_one_piece(width: int) -> None:
    text = printed(width)
    assert "…" not in text
    assert ID in text
    assert LONG in "".join(text.replace(ID, "").replace(" 7 ", "").split())


def block(width: int, *rows: tuple[str, str, str], terminal: bool = True) -> list[str]:
    written = StringIO()
    columns = {"number": itemgetter(0), "whom": itemgetter(1), "why": lambda row: Text(row[2])}
    console = Console(file=written, width=width, force_terminal=terminal, color_system=None)
    console.print(table_of(rows, columns))
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_where_words_would_break_each_row_is_a_block() -> None:
    found = block(
        40, ("1", "amber.field@example.com", "a new phone\nis ordered"), ("2", "", "unknown-application")
    )
    assert found == [
        "", "number 1", "  whom amber.field@example.com", "  why a new phone is ordered",
        "", "number 2", "  why unknown-application",
    ]  # fmt: skip


def test_where_a_row_would_take_many_lines_it_is_a_block() -> None:
    assert block(36, ("1", "amber", "one two three " * 8))[1:4] == [
        "number 1",
        "  whom amber",
        "  why one two three one two three",
    ]
    assert block(60, ("1", "amber", "one two three " * 8))[1].split() == ["number", "whom", "why"]


def test_scripts_read_a_table_however_long_its_rows_are() -> None:
    found = block(40, ("1", "amber.field@example.com", "one two three " * 8), terminal=False)
    assert found[1].split() == ["number", "whom", "why"]
    assert set(found[2].strip()) == {"─"}


def test_numbers_are_at_the_right() -> None:
    head, row = (line.rstrip() for line in printed(120).splitlines() if "people" in line or ID in line)
    assert head.endswith("people")
    assert row.endswith("7")
    assert len(head) == len(row)


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    at: datetime | None
    apps: tuple[str, ...] = ()


ROWS = [Row("a\x1b[31m", datetime(2026, 12, 1, 9, tzinfo=UTC), ("x", "y")), Row("b", None)]
COLUMNS = {"name": "name", "when": "at", "apps": "apps", "first": lambda row: row.apps[:1]}


def test_a_table_shows_fields_and_what_is_made_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS, COLUMNS, as_json=False, none="Nobody.")
    head, first, second = (line.split() for line in capsys.readouterr().out.splitlines() if line.strip(" ─"))
    assert (head, second) == (["name", "when", "apps", "first"], ["b"])
    assert first == ["a\N{REPLACEMENT CHARACTER}[31m", "2026-12-01", "09:00", "UTC", "x,", "y", "x"]


def test_the_same_rows_are_json_with_times_as_in_iso_8601(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(ROWS[1:], COLUMNS, as_json=True, none="Nobody.")
    print_json({"at": ROWS[0].at, "ö": 1})
    said = capsys.readouterr().out.splitlines()
    assert said == ['[{"name": "b", "at": null, "apps": []}]', '{"at": "2026-12-01T09:00:00+00:00", "ö": 1}']


@pytest.mark.parametrize(("as_json", "said"), [(False, "Nobody.\n"), (True, "[]\n")])
def test_an_empty_list_is_said(as_json: bool, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([], COLUMNS, as_json=as_json, none="Nobody.")
    assert capsys.readouterr().out == said


NOTE = "NOTE fleet: it clears devices whose apps it is known to see whole; `mailgate connectors sync` lists those"


@pytest.mark.parametrize(
    ("terminal", "expected"),
    [
        (False, NOTE),
        (True, "NOTE fleet: it clears devices whose apps it is\n  known to see whole; `mailgate connectors\n  sync` lists those"),
    ],
)  # fmt: skip
def test_a_sentence_breaks_between_words_at_a_terminal_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool, expected: str
) -> None:
    monkeypatch.setenv("COLUMNS", "46")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    tell(f"{NOTE}\n\n# version 5, policy f93157fb5803, of ada and of grace")
    first, _, last = capsys.readouterr().out.partition("\n\n")
    assert first == expected
    assert last.splitlines() == (
        ["# version 5, policy f93157fb5803, of ada and", "#   of grace"] if terminal else ["# version 5, policy f93157fb5803, of ada and of grace"]
    )  # fmt: skip


def test_nothing_is_wider_than_a_terminal_of_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    check(Path("config/examples/connectors/jamf/mailgate.yaml"), without_secrets=True)
    told = capsys.readouterr().out
    assert "NOTE connectors.jamf: it clears devices only" in told
    assert [line for line in told.splitlines() if len(line) > 80] == []
