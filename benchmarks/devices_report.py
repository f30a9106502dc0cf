"""The cost of a million devices, for the docs. Pure."""

from collections.abc import Mapping
from typing import Any

from benchmarks.report import between

BEGIN, END = "<!-- the devices are written from here -->", "<!-- the devices are written to here -->"
STORES = ("SQLite", "PostgreSQL")
ROWS: Mapping[str, tuple[str, str]] = {
    "import_seconds": ("time for all devices but the first thousand", "s"),
    "import_processor_seconds": ("the gate's processor time for them, SQLite's work included", "s"),
    "import_per_second": ("new devices a second", ""),
    "same_again_per_second": ("devices a second that say what is known", ""),
    "import_memory_growth_mib": ("memory that the import adds", "MiB"),
    "p99_many_vs_few": ("decision about a phone not in memory, p99: with all stored / with a thousand", "×"),
}
DECISION = {
    "median": "the same with all stored, median",
    "p99": "the same with all stored, p99",
    "processor": "the same with all stored, processor time of the gate",
}


def markdown(kept: Mapping[str, Any]) -> str:
    """The text between the markers: a column for each store."""
    stores = {name: kept[name] for name in STORES if name in kept}
    lines = [
        f"- {name}: {each['devices']:,} devices, {each['machine']['cores']} cores ({each['machine']['cpu']})"
        f", Python {each['machine']['python']}. Load average before: {each['machine'].get('load_before', 'not told')}."
        for name, each in stores.items()
    ]
    lines += ["", f"| what | {' | '.join(stores)} |", f"|---|{'---:|' * len(stores)}"]
    for key, (title, unit) in ROWS.items():
        lines.append(_row(title, [each.get(key) for each in stores.values()], unit))
    for key, title in DECISION.items():
        lines.append(_row(title, [each["decision_many_us"].get(key) for each in stores.values()], "µs"))
    return "\n".join(lines)


def replaced(page: str, kept: Mapping[str, Any]) -> str:
    """The page with the part between the markers replaced. Raises ValueError if a marker is missing."""
    return between(page, BEGIN, END, markdown(kept))


def _row(title: str, values: list[float | None], unit: str) -> str:
    cells = ["not measured" if value is None else f"{value:,} {unit}".rstrip() for value in values]
    return f"| {title} | {' | '.join(cells)} |"
