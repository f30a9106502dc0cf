"""The tables of commands."""

from io import StringIO

import pytest
from rich.console import Console

from mailgate.cli.table import unclipped_table

ID = "0193e5c2b7c74d0f"
LONG = "somebody-with-a-long-name@branch.of.the.company.example.com"


def printed(width: int) -> str:
    written = StringIO()
    table = unclipped_table("id", "whom", "people", whole=("id",), numbers=("people",))
    table.add_row(ID, LONG, "7")
    Console(file=written, width=width).print(table)
    return written.getvalue()


@pytest.mark.parametrize("width", [50, 80, 200])
def test_nothing_is_cut_and_what_is_copied_stays_in_one_piece(width: int) -> None:
    text = printed(width)
    assert "…" not in text
    assert ID in text
    assert LONG in "".join(text.replace(ID, "").replace(" 7 ", "").split())


def test_numbers_are_at_the_right() -> None:
    head, row = (line.rstrip() for line in printed(120).splitlines() if "people" in line or ID in line)
    assert head.endswith("people")
    assert row.endswith("7")
    assert len(head) == len(row)
