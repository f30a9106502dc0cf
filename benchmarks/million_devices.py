"""Measures the cost of a million devices: a plan over them, and a decision about one of them compared with one among a
thousand.

Run as a module; prints one JSON object with figures as in ``latest.json``. The filled store is kept for half a day in
``benchmarks/.cache``.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Annotated, NamedTuple

import typer
import uvloop

from benchmarks.agents import PHONE
from benchmarks.decisions import request
from benchmarks.filled_store import eas_id, filled_store
from benchmarks.processes import leave_nothing_behind
from benchmarks.simulation import simulated
from mailgate.app.clock import utc_now
from mailgate.app.service import Service
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.handler import Gate
from mailgate.gateway.logs import configure_logs

FEW, MANY = 1_000, 1_000_000
DEVICES_A_TURN = 50
"""How many decisions one gate makes before the other's turn, so that disturbances of the machine affect both."""


def main(
    rounds: Annotated[int, typer.Option(help="Each asks both gates about a thousand devices.")] = 5,
    count: Annotated[int, typer.Option("--devices", help="How many devices.")] = MANY,
) -> None:
    """Fill, decide, plan."""
    leave_nothing_behind()
    configure_logs("error")
    started = time.perf_counter()
    large, small = asyncio.run(filled_store(count)), asyncio.run(filled_store(FEW))
    ready = time.perf_counter() - started
    for config in (large, small):
        in_memory(config.parent / "mailgate.db")
    few, many = uvloop.run(decide(rounds, [small, large], [FEW, count]))
    plan = simulated(large, workers=2)
    found = {
        "filling_s": ready,
        "decision_thousand_p50_us": median(few),
        "decision_million_p50_us": median(many),
        "decision_thousand_p99_us": p99(few),
        "decision_million_p99_us": p99(many),
        "eas_cold_million_us": statistics.median(each.used for each in many),
        "million_vs_thousand_p99": p99(many) / p99(few),
        "simulate_million_s": plan["seconds"],
        "simulate_million_cpu_s": plan["cpu_seconds"],
        "simulate_million_mib": plan["all_processes_mib"],
    }
    print(json.dumps(found))


def in_memory(path: Path) -> None:
    """Read a file once, so that the system has it in memory. A store that was made an hour ago would otherwise be read
    from the disk."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


class DecisionTime(NamedTuple):
    """The microseconds of one decision: of wall time, and of this process's processor time with the store's threads."""

    passed: float
    used: float


async def decide(
    rounds: int, configs: list[Path], counts: list[int]
) -> tuple[list[DecisionTime], list[DecisionTime]]:
    """The times of single decisions about stored devices: with few of them in the store, and with many.

    None is in memory in either case: no device is requested twice before both gates are started again.
    """
    samples: tuple[list[DecisionTime], list[DecisionTime]] = ([], [])
    for number in range(rounds):
        few, many = await one_round(configs, counts, Random(number))
        samples[0].extend(few)
        samples[1].extend(many)
    return samples


async def one_round(configs: list[Path], counts: list[int], random: Random) -> list[list[DecisionTime]]:
    """One round: both gates in turn, each about as many devices as the smaller store has."""
    services = [await Service.start(config) for config in configs]
    asked = [mail_apps(random.sample(range(count), FEW)) for count in counts]
    samples: list[list[DecisionTime]] = [[] for _ in configs]
    try:
        for _ in range(FEW // DEVICES_A_TURN):
            for service, requests, taken in zip(services, asked, samples, strict=True):
                taken += [await timed(service.gate, each) for each in islice(requests, DEVICES_A_TURN)]
    finally:
        for service in services:
            await service.stop()
    return [taken[DEVICES_A_TURN:] for taken in samples]  # the first turn only warms up


def mail_apps(numbers: Iterable[int]) -> Iterator[Incoming]:
    """ActiveSync requests of these devices, which all claim to be phones. What distinguishes them is in the store."""
    for number in numbers:
        target = f"/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId={eas_id(number)}&DeviceType=iPhone"
        yield request(PHONE, target=target)


async def timed(gate: Gate, incoming: Incoming) -> DecisionTime:
    await asyncio.sleep(0)
    started, before = time.perf_counter(), time.process_time()
    access, _ = await gate.judge.verdict(incoming, utc_now())
    passed, used = time.perf_counter() - started, time.process_time() - before
    assert access.posture.device_id
    return DecisionTime(passed * 1e6, used * 1e6)


def median(samples: list[DecisionTime]) -> float:
    return statistics.median(each.passed for each in samples)


def p99(samples: list[DecisionTime]) -> float:
    return statistics.quantiles([each.passed for each in samples], n=100)[98]


if __name__ == "__main__":
    typer.run(main)
