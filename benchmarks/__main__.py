"""``make bench``: compare, print, and keep the result."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.chosen_mixes import UnknownName, measured, mixes_of, peers_of
from benchmarks.comparison import compare
from benchmarks.machine import descriptors_allowed
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.processes import NotInstalled, NotStarted, leave_nothing_behind
from benchmarks.publish import keep as keep_results
from benchmarks.ratios import failures
from benchmarks.report import TITLES, terminal
from benchmarks.transfers import WrongAnswer
from benchmarks.wrk import LoadFailed


def main(
    quick: Annotated[
        bool, typer.Option(help="Fewer and shorter rounds: the same figures with less certainty.")
    ] = False,
    only: Annotated[
        str,
        typer.Option(help="Only these mixes, with commas between them; nothing is kept.", metavar="MIX,…"),
    ] = "",
    peers: Annotated[
        str, typer.Option(help="Only these systems; counts with --only.", metavar="PEER,…")
    ] = "",
    keep: Annotated[bool, typer.Option(help="Write the results to their file and the docs.")] = True,
) -> None:
    """Measure the gate beside its peers and write the ratios."""
    leave_nothing_behind()
    descriptors_allowed()
    console = Console()
    plan = QUICK if quick else FULL
    try:
        if only:
            console.print(_single(plan, only, peers, console))
            return
        results = _measured(plan, console)
    except (NotInstalled, NotStarted, WrongAnswer, LoadFailed, UnknownName) as error:
        console.print(f"bench: {error}", style="red", markup=False)
        raise typer.Exit(1) from None
    for table in terminal(results):
        console.print(table)
    for name, why in results["missing"].items():
        console.print(f"missing: {name}: {why}", markup=False)
    if keep:
        keep_results(results)
    for name in failures(results["ratios"]):
        console.print(f"bench: not reached: {TITLES[name]}", style="red", markup=False)
    if failures(results["ratios"]):
        raise typer.Exit(1)


def _single(plan: Plan, only: str, peers: str, console: Console) -> Table:
    mixes = mixes_of(only)
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as run:
        return measured(plan, mixes, peers_of(peers, mixes), Path(run), console)


def _measured(plan: Plan, console: Console) -> dict[str, Any]:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-bench-") as run,
        # few refreshes: the bar must not take the processor from what it measures
        Progress(*columns, console=console, refresh_per_second=2) as progress,
    ):
        task = progress.add_task("starting the upstream")

        def watch(what: str, steps: int) -> None:
            progress.update(task, description=what, total=steps, advance=1)

        return compare(plan, Path(run), watch)


if __name__ == "__main__":
    typer.run(main)
