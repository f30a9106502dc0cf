"""The processor time of a request by stage (``sampler.py``), under the load of ``make bench``: ``python -m benchmarks.parts``."""

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.comparison import Comparison, Plan
from benchmarks.processes import begun
from benchmarks.report import finish, of_parts
from benchmarks.sampler import BEGIN, DUMP, asked
from benchmarks.site import serve_site

LOADS = {
    "mixed": ("mixed", "gate"),
    "fresh": ("fresh", "gate"),
    "probed": ("probed", "gate_probing"),
    "asked by nginx": ("mixed", "asks"),
    "refused, page": ("refused_page", "gate_10"),
    "refused, ActiveSync": ("refused_activesync", "gate_10"),
    "attested": ("attested", "gate_devices"),
}
THREADS = "threads beside the loop: the store, the log"


def main(
    seconds: Annotated[int, typer.Option(help="How long each load takes.")] = 2,
    only: Annotated[str, typer.Option(help="Only these loads.", metavar="LOAD,…")] = "",
    keep: Annotated[bool, typer.Option(help="Write the table into the docs.")] = False,
) -> None:
    """Measure, and print the table."""
    chosen = {load: cell for load, cell in LOADS.items() if not only or load in only}
    with begun() as run:
        found = {"machine": run.machine, "loads": measure(chosen, run.folder, seconds)}
    finish("parts", of_parts, found, keep)


def measure(chosen: dict[str, tuple[str, str]], run: Path, seconds: int) -> dict[str, Any]:
    """For each load the processor time of a request in the gate, in µs, and that of each stage."""
    mixes, systems = (tuple(dict.fromkeys(names)) for names in zip(*chosen.values(), strict=True))
    found = {}
    with serve_site(run, gate="benchmarks.sampler") as site, ExitStack() as stack:
        comparison = Comparison(Plan(1, seconds, 0), site, lambda **_: None, mixes, systems)
        comparison.start(stack)
        for load, (mix, system) in chosen.items():
            comparison.warm(mix, system)
            found[load] = _staged(comparison, mix, system)
    return found


def _staged(comparison: Comparison, mix: str, system: str) -> dict[str, Any]:
    running = comparison.running[system]
    gate = running.pids[-1]
    comparison.running[system] = replace(running, pids=(gate,))
    os.kill(gate, BEGIN)
    taken = comparison.sample(mix, system, 1)
    spent = asked(gate, running.folder, DUMP)
    each = {stage: seconds / taken.count * 1e6 for stage, seconds in spent.items()}
    each[THREADS] = max(0.0, taken.cpu_us - sum(each.values()))
    return {"whole": taken.cpu_us, "stages": each}


if __name__ == "__main__":
    typer.run(main)
