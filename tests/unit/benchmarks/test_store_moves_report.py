"""What moving a store took stands in a row for each command."""

from typing import Any

from benchmarks.store_moves_report import markdown

STEP: dict[str, Any] = {"seconds": 61.5, "processor_seconds": 40.0, "memory_mib": 120, "rows": None}
FOUND: dict[str, Any] = {
    "machine": {"cores": 2, "cpu": "A CPU", "python": "3.13.5", "load_before": 0.5},
    "devices": 1_000_000,
    "mib": 1234,
    "steps": {"`store check`": STEP, "`store copy`": STEP | {"rows": 6_200_000, "seconds": 1061.5}},
}


def test_each_command_has_a_row() -> None:
    text = markdown(FOUND)
    assert text.startswith("1,000,000 devices in 6,200,000 rows, 1,234 MiB in SQLite.\n2 cores (A CPU)")
    assert "| `store check` | 61.5 s | 40.0 s | 120 MiB |" in text
    assert "| `store copy` | 1,061.5 s | 40.0 s | 120 MiB |" in text
