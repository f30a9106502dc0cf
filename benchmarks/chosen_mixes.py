"""A few mixes at a few systems, for work on the gate: ``python -m benchmarks --only mixed --peers nginx,gate
--quick``."""

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.peers import GATE, NGINX, PEERS, Running
from benchmarks.plan import Plan
from benchmarks.processes import NotInstalled
from benchmarks.site import serve_site
from benchmarks.traffic.mixes import MIXES
from benchmarks.varied_traffic import PREFIX, Varied, loads, measure, sides

HEADINGS = ("mix", "system", "req/s", "µs", "× rate", "× µs", "load")
ALIASES = {"gate": GATE.name}


class UnknownName(Exception):
    """The name of no mix or system. The text lists the known names."""


def mixes_of(words: str) -> tuple[str, ...]:
    """The named mixes. Raises UnknownName."""
    return _known(words, list(MIXES), "mix")


def peers_of(words: str, mixes: Sequence[str]) -> tuple[str, ...]:
    """The named systems; by default all systems of the mixes. Raises UnknownName."""
    named = ",".join(ALIASES.get(each, each) for each in words.split(",") if each)
    asked = {name for mix in mixes for name in sides(mix)}
    every = [peer.name for peer in PEERS]
    return _known(named, every, "peer") if named else tuple(name for name in every if name in asked)


def measured(
    plan: Plan, mixes: tuple[str, ...], peers: tuple[str, ...], run: Path, console: Console
) -> Table:
    """Measure, and return the table. Raises NotInstalled (of the upstream), NotStarted, LoadFailed."""
    with serve_site(run) as site, ExitStack() as stack:
        running: dict[str, Running] = {}
        for peer in (each for each in PEERS if each.name in peers):
            try:
                running[peer.name] = stack.enter_context(peer.start(site))
            except NotInstalled as error:
                console.print(f"missing: {error}", markup=False)
        chosen = loads(running, mixes)
        return table(measure(running, chosen, plan.mix_rounds, plan.seconds, lambda _: None), chosen)


def table(found: Varied, chosen: Sequence[tuple[str, str]]) -> Table:
    """Rates and processor times, each as a multiple of nginx's if nginx got the same requests. 80 columns hold it."""
    title = "Median of all rounds, and as a multiple of nginx's"
    shown = Table(title=title, caption=_caption(found), box=SIMPLE_HEAD, padding=0)
    for heading in HEADINGS:
        shown.add_column(heading, justify="left" if heading in HEADINGS[:2] else "right", no_wrap=True)
    for mix, name in chosen:
        shown.add_row(*row(found, mix, name))
    return shown


def row(found: Varied, mix: str, name: str) -> list[str]:
    figures = [_median(found, f"{mix}{kind}", name) for kind in ("", "_cpu")]
    nginx = [_median(found, f"{mix}{kind}", NGINX.name) for kind in ("", "_cpu")]
    beside = [f"{mine / its:.2f}" if its else "" for mine, its in zip(figures, nginx, strict=True)]
    share = found.shares[f"{mix}.{name}"]
    return [mix, name, f"{figures[0]:,.0f}", f"{figures[1]:,.0f}", *beside, f"{share:.0%}"]


def _caption(found: Varied) -> str:
    """The hits of the gate's caches, if it counts them."""
    return "\n".join(
        f"{mix}: {cache} had {share:.1%}"
        for mix, caches in found.hits.items()
        for cache, share in caches.items()
    )


def _median(found: Varied, mix: str, name: str) -> float:
    samples = found.samples.get(f"{PREFIX}{mix}.{name}")
    return statistics.median(samples) if samples else 0.0


def _known(words: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    named = tuple(each for each in words.split(",") if each)
    wrong = [each for each in named if each not in known]
    if wrong:
        raise UnknownName(f"no {what} is called {', '.join(wrong)}; there are {', '.join(known)}")
    return named
