"""``make bench``: compare, print, and keep the result."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.comparison import CELLS, FULL, QUICK, QUICK_MIXES, QUICK_WITHOUT, compare
from benchmarks.machine import allow_descriptors
from benchmarks.peers import PEERS
from benchmarks.processes import NotInstalled, NotStarted, leave_nothing_behind
from benchmarks.report import keep as keep_results
from benchmarks.report import terminal
from benchmarks.transfers import WrongAnswer
from benchmarks.wrk import LoadFailed

COLUMNS = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def main(
    quick: Annotated[
        bool, typer.Option(help="The main mixes in fewer, shorter rounds; nothing is kept.")
    ] = False,
    only: Annotated[str, typer.Option(help="Only these mixes; nothing is kept.", metavar="MIX,…")] = "",
    peers: Annotated[str, typer.Option(help="Only these systems; nothing is kept.", metavar="PEER,…")] = "",
) -> None:
    """Measure the gate beside its peers."""
    leave_nothing_behind()
    allow_descriptors()
    console = Console()
    every = [peer.name for peer in PEERS]
    chosen, named = _known(only, list(CELLS)), _known(peers, every)
    if quick and not (chosen or named):
        chosen, named = QUICK_MIXES, tuple(name for name in every if name not in QUICK_WITHOUT)
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-bench-") as run,
        # few refreshes: the bar must not take the processor from what it measures
        Progress(*COLUMNS, console=console, refresh_per_second=1, transient=True) as progress,
    ):
        task = progress.add_task("starting the upstream")

        def watch(what: str, steps: int) -> None:
            progress.update(task, description=what, total=steps, advance=1)

        try:
            found = compare(QUICK if quick else FULL, Path(run), watch, chosen or CELLS, named)
        except NotInstalled as error:
            console.print(
                f"make bench needs nginx, wrk and Caddy (apt install nginx-light wrk): {error}.", style="red"
            )
            raise typer.Exit(1) from None
        except (NotStarted, WrongAnswer, LoadFailed) as error:
            console.print(f"bench: {error}", style="red", markup=False)
            raise typer.Exit(1) from None
    for table in terminal(found):
        console.print(table)
    whole = not (quick or chosen or named or found["missing"])
    for name, why in found["missing"].items():
        console.print(f"{name} was not measured, so nothing is kept: {why}.", markup=False)
    if whole:
        keep_results(found)


def _known(words: str, known: list[str]) -> tuple[str, ...]:
    named = tuple(each for each in words.split(",") if each)
    if wrong := [each for each in named if each not in known]:
        raise typer.BadParameter(f"there is no {', '.join(wrong)}; there are {', '.join(known)}")
    return named


if __name__ == "__main__":
    typer.run(main)
