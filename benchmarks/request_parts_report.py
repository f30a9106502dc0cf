"""The processor time of a request by part, for the docs. Pure."""

from collections.abc import Mapping
from typing import Any

from benchmarks.report import between

BEGIN, END = "<!-- the parts are written from here -->", "<!-- the parts are written to here -->"
TITLES = {
    "mixed": "mixed",
    "fresh": "fresh",
    "refused_page": "refused by a page",
    "refused_problem": "by a problem document",
    "refused_activesync": "by an ActiveSync status",
}
REST = "everything else: calls between these, the event loop, both connections"


def markdown(found: Mapping[str, Any]) -> str:
    """The text between the markers: a row for each part, a column for each load, in µs."""
    machine, loads = found["machine"], found["loads"]
    parts = [part for part in next(iter(loads.values())) if part != "whole"]
    rows = {part: [load[part] for load in loads.values()] for part in parts}
    rows[REST] = [load["whole"] - sum(load[part] for part in parts) for load in loads.values()]
    rows["**the whole**"] = [load["whole"] for load in loads.values()]
    where = f"{machine['cores']} cores ({machine['cpu']}), Python {machine['python']}"
    lines = [
        f"Microseconds of one request. {where}. Load average before: {machine['load_before']}.",
        "",
        f"| part | {' | '.join(TITLES[load] for load in loads)} |",
        f"|---|{'---:|' * len(loads)}",
    ]
    lines += [f"| {part} | {' | '.join(map(_cell, spent))} |" for part, spent in rows.items()]
    return "\n".join(lines)


def _cell(spent: float) -> str:
    return "" if abs(spent) < 0.05 else f"{spent:.1f}"


def replaced(page: str, found: Mapping[str, Any]) -> str:
    """The page with the part between the markers replaced. Raises ValueError if a marker is missing."""
    return between(page, BEGIN, END, markdown(found))
