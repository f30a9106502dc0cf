"""The times of the console's pages, for the terminal and for the docs. Pure."""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.report import between

BEGIN, END = "<!-- the console writes from here -->", "<!-- the console writes to here -->"
AT_MOST_MS = 200.0
"""The longest time that a page may take."""


@dataclass(slots=True)
class Page:
    """One address, and its times in milliseconds."""

    title: str
    address: str
    took: list[float] = field(default_factory=list)
    status: int = 0
    size: int = 0


def results_of(machine: Mapping[str, Any], devices: int, store: str, pages: list[Page]) -> dict[str, Any]:
    """The results of one store for ``console.json``."""
    return {
        "machine": dict(machine),
        "store": store,
        "devices": devices,
        "rounds": len(pages[0].took),
        "pages": {
            page.title: {
                "median_ms": round(statistics.median(page.took), 1),
                "worst_ms": round(max(page.took), 1),
                "kib": round(page.size / 1024, 1),
            }
            for page in pages
        },
    }


def rows_of(results: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """A line for each page, the slowest first."""
    pages = sorted(results["pages"].items(), key=lambda each: -each[1]["median_ms"])
    for title, told in pages:
        yield title, f"{told['median_ms']:.0f} ms", f"{told['worst_ms']:.0f} ms", f"{told['kib']:,.0f} KiB"


def markdown(kept: Mapping[str, Any]) -> str:
    """The text between the markers of the page: a column for each store."""
    stores = [kept[name] for name in ("SQLite", "PostgreSQL") if name in kept]
    lines = [
        f"- {each['store']}: {each['devices']:,} devices, {each['rounds']} rounds, {each['machine']['cores']} cores "
        f"({each['machine']['cpu']}). Load average before: {each['machine']['load_before']}."
        for each in stores
    ]
    heads = [f"{each['store']}: median | worst" for each in stores]
    lines += ["", f"| page | {' | '.join(heads)} |"]
    lines += [f"|---|{'---:|' * (2 * len(stores))}"]
    for title in sorted(stores[0]["pages"], key=lambda title: -stores[0]["pages"][title]["median_ms"]):
        cells = [
            f"{told['median_ms']:.0f} ms | {told['worst_ms']:.0f} ms" if told else " | "
            for told in (each["pages"].get(title) for each in stores)
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def replaced(page: str, kept: Mapping[str, Any]) -> str:
    """The page with its part on the console replaced. Raises ValueError if a marker is missing."""
    return between(page, BEGIN, END, markdown(kept))
