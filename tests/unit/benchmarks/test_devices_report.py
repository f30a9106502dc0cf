"""What a million devices cost stands in a column for each store, and what was not measured says so."""

from typing import Any

from benchmarks.devices_report import markdown

ONE: dict[str, Any] = {
    "machine": {"cores": 2, "cpu": "A CPU", "python": "3.13.5", "load_before": 0.5},
    "devices": 1_000_000,
    "import_seconds": 600.1,
    "import_processor_seconds": 300.0,
    "import_per_second": 1665,
    "import_memory_growth_mib": 30.7,
    "same_again_per_second": 2000,
    "decision_many_us": {"median": 350, "p99": 900, "processor": 321},
    "p99_many_vs_few": 1.05,
}


def test_each_store_has_a_column() -> None:
    text = markdown({"PostgreSQL": ONE, "SQLite": ONE | {"decision_many_us": {"median": 300, "p99": 800}}})
    assert "| what | SQLite | PostgreSQL |" in text
    assert "| new devices a second | 1,665 | 1,665 |" in text
    assert "| the same with all stored, processor time of the gate | not measured | 321 µs |" in text
    assert "- SQLite: 1,000,000 devices, 2 cores (A CPU), Python 3.13.5. Load average before: 0.5." in text
