"""The results of a soak, judged and written for the docs. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.plots import curve
from benchmarks.report import between, short
from benchmarks.slope import after, growth, thinned

BEGIN, END = "<!-- the soak writes from here -->", "<!-- the soak writes to here -->"
WARM_UP = 0.4
"""The part of the time in which caches may fill: proofs are remembered for two minutes, and user agents until there is
no new one."""
MOST_MIB, MOST_DESCRIPTORS = 6.0, 10.0
"""The growth from the warm-up to the end that is still allowed."""
POINTS = 120

Seen = tuple[float, float, int]
"""Minutes since the start, MiB of memory, open files and connections."""


def results_of(
    machine: Mapping[str, Any], seen: Sequence[Seen], counts: Mapping[str, int], wrong: Mapping[str, int]
) -> dict[str, Any]:
    """The content of ``soak.json``. Raises ValueError if there are too few looks."""
    memory = [(minutes, mib) for minutes, mib, _ in seen]
    files = [(minutes, float(number)) for minutes, _, number in seen]
    minutes = seen[-1][0]
    mib, descriptors = (growth(after(points, WARM_UP * minutes)) for points in (memory, files))
    return {
        "machine": dict(machine),
        "minutes": round(minutes, 1),
        "warm_up_minutes": round(WARM_UP * minutes, 1),
        "requests": dict(sorted(counts.items())),
        "wrong": dict(wrong),
        "memory": {
            "start_mib": round(memory[0][1], 1),
            "end_mib": round(memory[-1][1], 1),
            "growth_mib": round(mib, 2),
        },
        "descriptors": {"most": int(max(y for _, y in files)), "growth": round(descriptors, 2)},
        "passed": not wrong and mib <= MOST_MIB and descriptors <= MOST_DESCRIPTORS,
        "series": [[round(x, 2), round(y, 1)] for x, y in thinned(memory, POINTS)],
    }


def markdown(results: Mapping[str, Any]) -> str:
    """The text between the markers of the page."""
    memory, files, machine = results["memory"], results["descriptors"], results["machine"]
    asked, wrong = sum(results["requests"].values()), sum(results["wrong"].values())
    minutes, warm_up = short(results["minutes"]), short(results["warm_up_minutes"])
    lines = [
        f"- {minutes} minutes, of which {warm_up} to warm up.",
        f"- {machine['cores']} cores ({machine['cpu']}). Load average before: {machine['load_before']}.",
        "",
        "| what | measured | at most |",
        "|---|---:|---:|",
        f"| memory: growth after the warm-up | {memory['growth_mib']:.1f} MiB | {MOST_MIB:.0f} MiB |",
        f"| memory at the start, and at the end | {memory['start_mib']:.0f} and {memory['end_mib']:.0f} MiB | |",
        f"| open files and connections: growth | {files['growth']:.1f} | {MOST_DESCRIPTORS:.0f} |",
        f"| wrong answers, of {asked + wrong:,} | {wrong:,} | 0 |",
        "",
        "![The gate's memory over the soak](images/soak.svg)",
        "",
        "| caller | times |",
        "|---|---:|",
        *(f"| {name} | {number:,} |" for name, number in results["requests"].items()),
    ]
    return "\n".join(lines)


def replaced(page: str, results: Mapping[str, Any]) -> str:
    """The page with its part on the soak replaced. Raises ValueError if a marker is missing."""
    return between(page, BEGIN, END, markdown(results))


def picture(results: Mapping[str, Any]) -> str:
    points = [(minutes, mib) for minutes, mib in results["series"]]
    return curve("Memory of the gate under mixed traffic", "The first part is the warm-up.", points, "MiB")
