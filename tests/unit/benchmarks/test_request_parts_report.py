"""Where the time of a request goes: a row for each part, a column for each load, and the rest that no part has."""

from typing import Any

import pytest
from benchmarks.request_parts_report import BEGIN, END, markdown, replaced

FOUND: dict[str, Any] = {
    "machine": {"cores": 2, "cpu": "A CPU", "python": "3.13.5", "load_before": 0.5},
    "loads": {
        "mixed": {"whole": 70.0, "head": 10.0, "page": 0.0},
        "refused_page": {"whole": 300.0, "head": 11.0, "page": 40.0},
    },
}


def test_each_part_has_a_row_and_each_load_a_column() -> None:
    text = markdown(FOUND)
    assert "| part | mixed | refused by a page |" in text
    assert "| head | 10.0 | 11.0 |" in text
    assert "| page |  | 40.0 |" in text
    assert "| **the whole** | 70.0 | 300.0 |" in text


def test_what_no_part_has_is_said() -> None:
    assert "both connections | 60.0 | 249.0 |" in markdown(FOUND)


def test_it_stands_between_its_markers() -> None:
    assert replaced(f"a\n{BEGIN}old{END}\nb", FOUND) == f"a\n{BEGIN}\n\n{markdown(FOUND)}\n\n{END}\nb"
    with pytest.raises(ValueError, match="no part"):
        replaced("nothing", FOUND)
