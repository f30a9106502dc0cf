"""One run: start everything, check everything, measure in interleaved rounds."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import transfers, wrk
from benchmarks.checks import check, check_transfers
from benchmarks.machine import facts
from benchmarks.peers import GATE, NGINX, PEERS, Peer, Running
from benchmarks.processes import ROOT, NotInstalled, environment, program, python_module
from benchmarks.ratios import not_measured, ratios_of, rounded, spread
from benchmarks.site import LARGE_BYTES, PAGE_BYTES, Site, serve_site

HERE = Path(__file__).parent
Measure = Callable[[int], float]
"""One sample; takes the number of the round."""
Watch = Callable[[str, int], None]
"""Told before each step: what it measures, and of how many steps the run is made."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: int

    @property
    def transfers(self) -> int:
        """A transfer takes a fraction of a second, so there are more of them."""
        return 3 * self.rounds


@dataclass
class Comparison:
    """What has been started and found so far."""

    plan: Plan
    site: Site
    watch: Watch
    running: dict[str, Running] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)
    absolute: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str | int | float] = field(default_factory=facts)

    @contextmanager
    def everything_started(self) -> Iterator[None]:
        """Raises NotStarted; a peer that is not installed is noted instead."""
        with ExitStack() as stack:
            for peer in PEERS:
                self.watch(f"starting {peer.title}", self.steps)
                try:
                    self.running[peer.name] = stack.enter_context(peer.start(self.site))
                    self.versions[peer.name] = peer.version()
                except NotInstalled as error:
                    self.missing[peer.name] = str(error)
            yield

    @property
    def steps(self) -> int:
        return 2 * len(PEERS) + self.plan.rounds * (len(PEERS) + 2) + self.plan.transfers * 4 + 1

    def check_all(self) -> None:
        """Raises WrongAnswer."""
        for peer in self._present():
            self.watch(f"checking {peer.title}", self.steps)
            check(peer, self.running[peer.name].port, self.site)

    def load_pages(self) -> None:
        """Raises LoadFailed."""
        try:
            program("wrk")
        except NotInstalled as error:
            self.missing["wrk"] = str(error)
            return
        self._interleave(self.plan.rounds, self._page_loads())

    def move_large_files(self) -> None:
        """Raises WrongAnswer."""
        gate, sides = self.running[GATE.name], [peer for peer in (NGINX, GATE) if peer.name in self.running]
        before = _memory(gate.pid)
        for peer in sides:
            check_transfers(peer, self.running[peer.name].port, self.site)
        self._interleave(self.plan.transfers, self._transfers(sides))
        if before is None:
            self.missing["rss_growth_mib"] = "this system does not tell a process's memory"
        else:
            self.absolute["rss_growth_mib"] = rounded(transfers.peak(gate.pid) - before)

    def results(self) -> dict[str, Any]:
        """What is written to ``latest.json``."""
        return {
            "machine": self.machine,
            "plan": {
                "rounds": self.plan.rounds,
                "seconds": self.plan.seconds,
                "connections": wrk.CONNECTIONS,
                "page_bytes": PAGE_BYTES,
                "transfers": self.plan.transfers,
                "large_bytes": LARGE_BYTES,
            },
            "versions": self.versions,
            "ratios": {name: rounded(ratio) for name, ratio in ratios_of(self.samples).items()},
            "absolute": self.absolute,
            "measured": {name: spread(values) for name, values in self.samples.items()},
            "missing": self.missing | not_measured(self.samples),
        }

    def _present(self) -> list[Peer]:
        return [peer for peer in PEERS if peer.name in self.running]

    def _page_loads(self) -> dict[str, Measure]:
        loads: dict[str, Measure] = {}
        for peer in self._present():
            loads[f"page.{peer.name}"] = partial(self._load, self.running[peer.name].port)
        gate = self.running[GATE.name].port
        loads["agents.repeated"] = partial(self._load, gate, script=HERE / "repeated_agent.lua")
        loads["agents.fresh"] = partial(self._load, gate, script=HERE / "fresh_agents.lua")
        return loads

    def _load(self, port: int, turn: int, script: Path | None = None) -> float:
        return wrk.requests_per_second(port, self.plan.seconds, script=script, arguments=(str(turn),))

    def _transfers(self, sides: list[Peer]) -> dict[str, Measure]:
        return {
            f"{move.__name__}.{peer.name}": partial(_move, move, self.running[peer.name].port, self.site)
            for move in (transfers.download, transfers.upload)
            for peer in sides
        }

    def _interleave(self, rounds: int, measures: Mapping[str, Measure]) -> None:
        """Every system once a round, each round starting with another one: nobody always goes first."""
        names = list(measures)
        for turn in range(rounds):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                self.watch(name, self.steps)
                self.samples.setdefault(name, []).append(measures[name](turn))


def compare(plan: Plan, run: Path, watch: Watch) -> dict[str, Any]:
    """The results of one run, in a directory of its own.

    Raises NotInstalled (without the upstream there is nothing to compare), NotStarted, WrongAnswer, LoadFailed.
    """
    with serve_site(run) as site:
        comparison = Comparison(plan, site, watch)
        with comparison.everything_started():
            comparison.check_all()
            comparison.load_pages()
            comparison.move_large_files()
    watch("timing decisions", comparison.steps)
    comparison.absolute |= time_decisions()
    return comparison.results()


def time_decisions() -> dict[str, float]:
    """In a process of its own, which nothing else runs in."""
    command = python_module("benchmarks.decisions")
    finished = subprocess.run(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True
    )
    return {name: rounded(value) for name, value in json.loads(finished.stdout).items()}


def _move(move: Callable[[int, Site], float], port: int, site: Site, _turn: int) -> float:
    return move(port, site)


def _memory(pid: int) -> float | None:
    """What the process holds before the transfers; None where that cannot be seen."""
    try:
        transfers.forget_peak(pid)
        return transfers.resident(pid)
    except OSError:
        return None
