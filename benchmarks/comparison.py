"""One run: start everything, check everything, measure in interleaved rounds."""

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import isolated, memory, transfers, varied_traffic, wrk
from benchmarks.checks import check, check_transfers
from benchmarks.latency import summary
from benchmarks.machine import descriptors_allowed, facts
from benchmarks.peers import GATE, NGINX, PEERS, UNDER_A_RATE, VARIANTS, Peer, Running
from benchmarks.plan import Plan
from benchmarks.processes import NotInstalled, program
from benchmarks.ratios import Found, rounded, spread
from benchmarks.rounds import interleaved
from benchmarks.site import LARGE_BYTES, PAGE_BYTES, Site, serve_site
from benchmarks.websockets import messages_per_second
from mailgate.gateway.http1.connection_limits import connection_shares

HERE = Path(__file__).parent
BESIDE_IDLE = 256
"""The number of connections of other clients during the test: the gate ends idle ones before it refuses a new one."""
UPSTREAM = "upstream"
"""The name of the latency without any proxy."""
Measure = Callable[[int], float]
"""Takes one sample, given the number of the round."""
Watch = Callable[[str, int], None]
"""Called before each step, with the step and the number of all steps."""


@dataclass
class Comparison:
    """The started systems and the results so far."""

    plan: Plan
    site: Site
    watch: Watch
    running: dict[str, Running] = field(default_factory=dict)
    found: Found = field(default_factory=Found)
    latency: dict[str, dict[str, float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    traffic: varied_traffic.Varied = field(default_factory=varied_traffic.Varied)
    machine: dict[str, str | int | float] = field(default_factory=facts)

    @contextmanager
    def everything_started(self) -> Iterator[None]:
        """Start all systems. Raises NotStarted; a peer that is not installed is noted instead."""
        with ExitStack() as stack:
            for peer in PEERS:
                self.step(f"starting {peer.title}")
                try:
                    self.running[peer.name] = stack.enter_context(peer.start(self.site))
                    self.versions[peer.name] = peer.version()
                except NotInstalled as error:
                    self.found.missing[peer.name] = str(error)
            yield

    @property
    def steps(self) -> int:
        mixes = self.plan.mix_rounds * len(varied_traffic.loads(self.running))
        loads = self.plan.rounds * (len(PEERS) - 1 + 2 + 2) + self.plan.transfers * 4
        rates = self.plan.rate_rounds * (len(UNDER_A_RATE) + 1)
        return 2 * len(PEERS) + mixes + loads + rates + 1 + len(ISOLATED)

    def step(self, what: str) -> None:
        self.watch(what, self.steps)

    def check_all(self) -> None:
        """Check all systems. Raises WrongAnswer."""
        for peer in self._present():
            self.step(f"checking {peer.title}")
            check(peer, self.running[peer.name].port, self.site)

    def load_pages(self) -> None:
        """Load one page. Raises LoadFailed."""
        try:
            program("wrk")
        except NotInstalled as error:
            self.found.missing["wrk"] = str(error)
            return
        self._sample(self.plan.rounds, self._page_loads())

    def load_mixes(self) -> None:
        """Load the mixes. Raises LoadFailed."""
        chosen = varied_traffic.loads(self.running)
        found = varied_traffic.measure(
            self.running, chosen, self.plan.mix_rounds, self.plan.seconds, self.step
        )
        self.found.samples |= found.samples
        for kind in ("page", "problem", "activesync"):
            samples = found.samples[f"{varied_traffic.PREFIX}refused_{kind}_cpu.{GATE.name}"]
            self.found.absolute[f"refused_{kind}_us"] = statistics.median(samples)
        self.traffic = found

    def move_large_files(self) -> None:
        """Transfer large files. Raises WrongAnswer."""
        gate = self.running[GATE.name]
        before = _memory(gate.pid)
        for peer in self._sides():
            check_transfers(peer, self.running[peer.name].port, self.site)
        moves = (transfers.download, transfers.upload)
        measures = {
            f"{move.__name__}.{peer.name}": partial(_move, move, self.running[peer.name].port, self.site)
            for move in moves
            for peer in self._sides()
        }
        self._sample(self.plan.transfers, measures)
        if before is None:
            self.found.missing["rss_growth_mib"] = "this system does not tell a process's memory"
        else:
            self.found.absolute["rss_growth_mib"] = memory.peak(gate.pid) - before

    def exchange_messages(self) -> None:
        """Exchange WebSocket messages. Raises WrongAnswer."""
        ports = {f"websocket.{peer.name}": self.running[peer.name].port for peer in self._sides()}
        self._sample(self.plan.rounds, {name: partial(self._messages, port) for name, port in ports.items()})

    def hold_a_rate(self) -> None:
        """Measure the latencies of each system at the same rate, and of the upstream alone. Raises LoadFailed."""
        ports = {name: self.running[name].port for name in UNDER_A_RATE if name in self.running}
        ports[UPSTREAM] = self.site.port
        measures = {name: partial(self._latencies, port) for name, port in ports.items()}
        for name, rounds in interleaved(self.plan.rate_rounds, measures, self._rate_step).items():
            self.latency[name] = summary([each for samples in rounds for each in samples])
        for cut in ("p50", "p99", "p999"):
            self.found.absolute[f"latency_{cut}_ms"] = self.latency[GATE.name][cut] / 1000

    def keep_idle(self) -> None:
        """Keep idle connections. Raises LoadFailed."""
        self.step("idle connections")
        gate, room = self.running[GATE.name], connection_shares(descriptors_allowed()).mail - BESIDE_IDLE
        if room < BESIDE_IDLE:
            self.found.missing["idle_connection_kib"] = f"a gate may have {room} connections (ulimit -n)"
            return
        numbers = map(str, (gate.port, gate.pid, min(room, self.plan.idle)))
        self.found.absolute |= isolated.output_of_module("idle", *numbers)

    def results(self) -> dict[str, Any]:
        """The content of ``latest.json``."""
        sizes = {"connections": wrk.CONNECTIONS, "page_bytes": PAGE_BYTES, "large_bytes": LARGE_BYTES}
        return {
            "machine": self.machine,
            "plan": asdict(self.plan) | {"transfers": self.plan.transfers} | sizes,
            "versions": self.versions,
            "ratios": _rounded(self.found.all_ratios()),
            "absolute": _rounded(self.found.absolute),
            "latency_us": {name: _rounded(cuts) for name, cuts in self.latency.items()},
            "measured": {name: spread(values) for name, values in self.found.samples.items()},
            "hits": {mix: _rounded(caches) for mix, caches in self.traffic.hits.items()},
            "load_shares": _rounded(self.traffic.shares),
            "missing": self.found.all_missing(),
        }

    def _present(self) -> list[Peer]:
        return [peer for peer in PEERS if peer.name in self.running]

    def _sides(self) -> list[Peer]:
        return [peer for peer in (NGINX, GATE) if peer.name in self.running]

    def _sample(self, rounds: int, measures: Mapping[str, Measure]) -> None:
        self.found.samples |= interleaved(rounds, measures, self.step)

    def _page_loads(self) -> dict[str, Measure]:
        loads: dict[str, Measure] = {}
        for peer in (each for each in self._present() if each not in VARIANTS):
            loads[f"page.{peer.name}"] = partial(self._load, self.running[peer.name].port)
        gate = self.running[GATE.name].port
        loads["agents.repeated"] = partial(self._load, gate, script=HERE / "repeated_agent.lua")
        loads["agents.fresh"] = partial(self._load, gate, script=HERE / "fresh_agents.lua")
        return loads

    def _load(self, port: int, turn: int, script: Path | None = None) -> float:
        return wrk.requests_per_second(port, self.plan.seconds, script=script, arguments=(str(turn),))

    def _messages(self, port: int, _turn: int) -> float:
        return messages_per_second(port, self.plan.seconds)

    def _latencies(self, port: int, _turn: int) -> list[float]:
        numbers = map(str, (port, self.plan.rate, self.plan.rate_seconds))
        samples: list[float] = isolated.output_of_module("fixed_rate", *numbers)
        return samples

    def _rate_step(self, name: str) -> None:
        self.step(f"a fixed rate: {name}")


ISOLATED: dict[str, Callable[[Plan], Found]] = {
    "timing decisions": isolated.time_decisions,
    "a million devices": isolated.time_million,
    "taking rules back": isolated.time_retractions,
}


def compare(plan: Plan, run: Path, watch: Watch) -> dict[str, Any]:
    """The results of one run, in a directory of its own.

    Raises NotInstalled (without the upstream there is nothing to compare), NotStarted, WrongAnswer, LoadFailed.
    """
    with serve_site(run) as site:
        comparison = Comparison(plan, site, watch)
        with comparison.everything_started():
            comparison.check_all()
            comparison.load_mixes()
            comparison.load_pages()
            comparison.exchange_messages()
            comparison.hold_a_rate()
            comparison.move_large_files()
            comparison.keep_idle()
    for what, measure in ISOLATED.items():
        comparison.step(what)
        comparison.found.add(measure(plan))
    return comparison.results()


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: rounded(value) for name, value in figures.items()}


def _move(move: Callable[[int, Site], float], port: int, site: Site, _turn: int) -> float:
    return move(port, site)


def _memory(pid: int) -> float | None:
    """The memory of the process before the transfers; None if it cannot be read."""
    try:
        memory.forget_peak(pid)
        return memory.resident(pid)
    except OSError:
        return None
