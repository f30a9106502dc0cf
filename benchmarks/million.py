"""What a million devices cost: a plan over them, and a decision about one of them beside one among a thousand.

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
from benchmarks.filled import eas_id, filled
from benchmarks.processes import leave_nothing_behind
from benchmarks.simulation import simulated
from mailgate.app import Service, utc_now
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.handler import Gate
from mailgate.gateway.logs import configure_logs

FEW, MANY = 1_000, 1_000_000
TURN = 50
"""Decisions at one gate before it is the other's turn: what disturbs the machine disturbs both."""


def main(
    rounds: Annotated[int, typer.Option(help="Each asks both gates about a thousand devices.")] = 5,
    count: Annotated[int, typer.Option("--devices", help="How many devices.")] = MANY,
) -> None:
    """Fill, decide, plan."""
    leave_nothing_behind()
    configure_logs("error")
    started = time.perf_counter()
    large, small = asyncio.run(filled(count)), asyncio.run(filled(FEW))
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
    """Read a file once, so that the system has it in memory. A store that was made an hour ago would else be read from the disk."""
    with path.open("rb") as file:
        while file.read(1 << 20):
            pass


class Taken(NamedTuple):
    """Microseconds of one decision: until it was made, and of this process's processor time, the store's threads included."""

    passed: float
    used: float


async def decide(rounds: int, configs: list[Path], counts: list[int]) -> tuple[list[Taken], list[Taken]]:
    """What single decisions took about stored devices: with few of them in the store, and with many.

    None is in memory, with few no more than with many: no device is asked for twice before both gates are started anew.
    """
    samples: tuple[list[Taken], list[Taken]] = ([], [])
    for number in range(rounds):
        few, many = await one_round(configs, counts, Random(number))
        samples[0].extend(few)
        samples[1].extend(many)
    return samples


async def one_round(configs: list[Path], counts: list[int], random: Random) -> list[list[Taken]]:
    """Both gates in turn, each asked about as many devices as the smaller store has."""
    services = [await Service.start(config) for config in configs]
    asked = [mail_apps(random.sample(range(count), FEW)) for count in counts]
    samples: list[list[Taken]] = [[] for _ in configs]
    try:
        for _ in range(FEW // TURN):
            for service, requests, taken in zip(services, asked, samples, strict=True):
                taken += [await timed(service.gate, each) for each in islice(requests, TURN)]
    finally:
        for service in services:
            await service.stop()
    return [taken[TURN:] for taken in samples]  # the first turn only warms up


def mail_apps(numbers: Iterable[int]) -> Iterator[Incoming]:
    """ActiveSync requests of these devices, which all claim to be phones: what they are told from is in the store."""
    for number in numbers:
        target = f"/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId={eas_id(number)}&DeviceType=iPhone"
        yield request(PHONE, target=target)


async def timed(gate: Gate, incoming: Incoming) -> Taken:
    await asyncio.sleep(0)
    started, before = time.perf_counter(), time.process_time()
    access, _ = await gate.judge.verdict(incoming, utc_now())
    passed, used = time.perf_counter() - started, time.process_time() - before
    assert access.posture.device_id
    return Taken(passed * 1e6, used * 1e6)


def median(samples: list[Taken]) -> float:
    return statistics.median(each.passed for each in samples)


def p99(samples: list[Taken]) -> float:
    return statistics.quantiles([each.passed for each in samples], n=100)[98]


if __name__ == "__main__":
    typer.run(main)
