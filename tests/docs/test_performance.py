"""``docs/performance.md`` shows the results that are kept."""

import json
from pathlib import Path

from benchmarks.report import replaced

ROOT = Path(__file__).parents[2]


def test_the_tables_are_those_of_the_last_run() -> None:
    results = json.loads((ROOT / "benchmarks" / "results" / "latest.json").read_text("utf-8"))
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    assert replaced(page, results) == page
