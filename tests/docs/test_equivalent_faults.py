"""What ``tests/mutants/equivalent.yaml`` names is in the code that it is about."""

from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def test_each_fault_that_changes_nothing_is_of_a_line_that_is_there() -> None:
    rows = YAML(typ="safe").load((ROOT / "tests/mutants/equivalent.yaml").read_text("utf-8"))
    gone = [
        row
        for row in rows
        if _in_one_line(row["line"]) not in _in_one_line((ROOT / row["module"]).read_text("utf-8"))
    ]
    assert rows
    assert not gone
    assert all(row["fault"] != row["line"] and row["why"] for row in rows)
