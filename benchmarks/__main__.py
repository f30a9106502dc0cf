"""``make bench``: compare, print, and keep the result."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from tests.servers import NotStarted

from benchmarks.comparison import CELLS, FULL, QUICK, QUICK_MIXES, QUICK_WITHOUT, compare
from benchmarks.peers import PEERS
from benchmarks.processes import NotInstalled, prepare, progress
from benchmarks.report import keep, of_figures, of_systems
from benchmarks.transfers import WrongAnswer
from benchmarks.wrk import LoadFailed


def main(
    quick: Annotated[
        bool, typer.Option(help="The main mixes in fewer, shorter rounds; nothing is kept.")
    ] = False,
    only: Annotated[str, typer.Option(help="Only these mixes; nothing is kept.", metavar="MIX,…")] = "",
    peers: Annotated[str, typer.Option(help="Only these systems; nothing is kept.", metavar="PEER,…")] = "",
) -> None:
    """Measure the gate beside its peers."""
    prepare()
    every = [peer.name for peer in PEERS]
    chosen, named = _known(only, list(CELLS)), _known(peers, every)
    if quick and not (chosen or named):
        chosen, named = QUICK_MIXES, tuple(name for name in every if name not in QUICK_WITHOUT)
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as run, progress() as shown:
        task = shown.add_task("starting the upstream")

        def watch(what: str, steps: int) -> None:
            shown.update(task, description=what, total=steps, advance=1)

        try:
            found = compare(QUICK if quick else FULL, Path(run), watch, chosen or CELLS, named)
        except NotInstalled as error:
            sys.exit(f"make bench needs nginx, wrk and Caddy (apt install nginx-light wrk): {error}.")
        except (NotStarted, WrongAnswer, LoadFailed) as error:
            sys.exit(f"bench: {error}")
    print(of_figures(found), of_systems(found), sep="\n\n")
    for name, why in found["missing"].items():
        print(f"{name} was not measured, so nothing is kept: {why}.")
    if not (quick or chosen or named or found["missing"]):
        keep("latest", found)


def _known(words: str, known: list[str]) -> tuple[str, ...]:
    named = tuple(each for each in words.split(",") if each)
    if wrong := [each for each in named if each not in known]:
        raise typer.BadParameter(f"there is no {', '.join(wrong)}; there are {', '.join(known)}")
    return named


if __name__ == "__main__":
    typer.run(main)
