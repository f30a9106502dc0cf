"""Varied traffic at running systems: the rate, the processor time of a request, and the hits of the gate's caches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection

from benchmarks.isolated import output_of_module
from benchmarks.peers import BEHIND_PROXY, GATE, NGINX, PEERS, TWO_WORKERS, VARIANTS, Running
from benchmarks.rounds import interleaved
from benchmarks.traffic.hits import counted, rates
from benchmarks.traffic.load import Loaded
from benchmarks.traffic.mixes import MIXES
from benchmarks.wrk import LoadFailed

DIRECT = tuple(peer.name for peer in PEERS if peer not in VARIANTS)
SIDES: Mapping[str, tuple[str, ...]] = {
    "mixed": (*DIRECT, TWO_WORKERS.name),
    "proxied": (NGINX.name, BEHIND_PROXY.name),
    "repeated": (NGINX.name, GATE.name),
    "refused_page": (GATE.name,),
    "refused_problem": (GATE.name,),
    "refused_activesync": (GATE.name,),
}
"""The systems of a mix, if they are not all that serve clients directly."""
PREFIX = "traffic_"


@dataclass
class Varied:
    """The results. ``samples``: keyed as in the results; ``hits``: of a mix, by cache; ``shares``: the processor time
    of the load itself."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    hits: dict[str, dict[str, float]] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)


def sides(mix: str) -> tuple[str, ...]:
    return SIDES.get(mix, DIRECT)


def loads(running: Mapping[str, Running], mixes: tuple[str, ...] = tuple(MIXES)) -> list[tuple[str, str]]:
    """Every mix, with every running system that it is sent to."""
    return [(mix, name) for mix in mixes for name in sides(mix) if name in running]


def measure(
    running: Mapping[str, Running],
    chosen: list[tuple[str, str]],
    rounds: int,
    seconds: float,
    watch: Callable[[str], None],
) -> Varied:
    """Measure these mixes. Raises LoadFailed."""
    found = Varied()
    measures = {f"{mix}.{name}": partial(_one, running[name], mix, seconds, found) for mix, name in chosen}
    for load, taken in interleaved(rounds, measures, watch).items():
        mix, _, name = load.partition(".")
        found.samples[f"{PREFIX}{mix}.{name}"] = [each.rate for each in taken]
        found.samples[f"{PREFIX}{mix}_cpu.{name}"] = [each.cpu_us for each in taken]
        found.shares[load] = max(each.share for each in taken)
    return found


def _one(system: Running, mix: str, seconds: float, found: Varied, turn: int) -> Loaded:
    before = _counters(system)
    told = output_of_module(
        "traffic.load", str(system.port), mix, str(turn), str(seconds), *map(str, system.pids)
    )
    if system.admin:
        hits = rates(before, _counters(system))
        if not hits:
            raise LoadFailed(f"{mix}: the gate counts no looks in its cache of verdicts")
        found.hits[mix] = hits
    return Loaded(**told)


def _counters(system: Running) -> dict[tuple[str, str], float]:
    if not system.admin:
        return {}
    connection = HTTPConnection("127.0.0.1", system.admin, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return counted(text)
