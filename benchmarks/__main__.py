"""``make bench``: compare, print, and keep the result."""

import sys
from collections.abc import Iterable
from typing import Annotated

import typer
from tests.servers import NotStarted

from benchmarks.comparison import CELLS, FULL, QUICK, QUICK_MIXES, QUICK_WITHOUT, compare
from benchmarks.peers import PEERS
from benchmarks.processes import NotInstalled, begun
from benchmarks.report import finish, of_figures, of_systems
from benchmarks.wrk import WrongAnswer


def main(
    quick: Annotated[bool, typer.Option(help="The main mixes, in short rounds; nothing is kept.")] = False,
    only: Annotated[str, typer.Option(help="Only these mixes; nothing is kept.", metavar="MIX,…")] = "",
    peers: Annotated[str, typer.Option(help="Only these systems; nothing is kept.", metavar="PEER,…")] = "",
) -> None:
    """Measure the gate beside its peers."""
    chosen, named = _known(only, CELLS), _known(peers, PEERS)
    if quick and not (chosen or named):
        chosen, named = QUICK_MIXES, tuple(name for name in PEERS if name not in QUICK_WITHOUT)
    try:
        with begun() as run:
            found = compare(QUICK if quick else FULL, run, chosen, named)
    except (NotInstalled, NotStarted, WrongAnswer) as error:
        sys.exit(f"bench: {error}")
    print(of_systems(found), end="\n\n")
    for name, why in found["missing"].items():
        print(f"{name} was not measured, so nothing is kept: {why}.")
    finish("latest", of_figures, found, not (quick or chosen or named or found["missing"]))


def _known(words: str, known: Iterable[str]) -> tuple[str, ...]:
    named = tuple(each for each in words.split(",") if each)
    if wrong := [each for each in named if each not in known]:
        raise typer.BadParameter(f"there is no {', '.join(wrong)}; there are {', '.join(known)}")
    return named


if __name__ == "__main__":
    typer.run(main)
