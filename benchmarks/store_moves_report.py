"""The times of moving a store, for the docs. Pure."""

from collections.abc import Mapping
from typing import Any

from benchmarks.report import between

BEGIN, END = "<!-- the moves are written from here -->", "<!-- the moves are written to here -->"


def markdown(found: Mapping[str, Any]) -> str:
    """The text between the markers: a row for each command."""
    machine = found["machine"]
    rows = max(step["rows"] or 0 for step in found["steps"].values())
    lines = [
        f"{found['devices']:,} devices in {rows:,} rows, {found['mib']:,} MiB in SQLite.",
        f"{machine['cores']} cores ({machine['cpu']}), Python {machine['python']}. Load average before: {machine['load_before']}.",
        "",
        "| command | time | processor time of the command | its memory |",
        "|---|---:|---:|---:|",
    ]
    for title, step in found["steps"].items():
        lines.append(
            f"| {title} | {step['seconds']:,} s | {step['processor_seconds']:,} s | {step['memory_mib']:,} MiB |"
        )
    return "\n".join(lines)


def replaced(page: str, found: Mapping[str, Any]) -> str:
    """The page with the part between the markers replaced. Raises ValueError if a marker is missing."""
    return between(page, BEGIN, END, markdown(found))
