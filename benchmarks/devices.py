"""Measures a million devices: the time and memory of their import, and what each further one costs a decision.

``make bench-devices`` runs it. ``--store`` names a PostgreSQL database to fill; without it SQLite is measured, in a
temporary folder. Prints one JSON object.
"""

import json
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.agents import PHONE
from benchmarks.decisions import PEER, request
from benchmarks.machine import facts
from benchmarks.million_devices import timed
from benchmarks.peers.mailgate import write_config
from benchmarks.publish import keep_devices
from mailgate.app.service import Service
from mailgate.devices.device import Report
from mailgate.devices.trust import report_by
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.gateway.logs import configure_logs
from mailgate.model import AppsReport, Kind
from mailgate.store import Store

FEW, MANY = 1_000, 1_000_000
AT_ONCE = 10_000
ASKED = 1_000
"""How many decisions are timed, each about another device that is not in memory."""
COLUMNS = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def main(
    count: Annotated[int, typer.Option(help="How many devices are stored.")] = MANY,
    store: Annotated[str, typer.Option(help="An empty PostgreSQL database; left out: SQLite.")] = "",
    keep: Annotated[bool, typer.Option(help="Write the results to their file and the docs.")] = False,
) -> None:
    """Measure, and print one JSON object."""
    configure_logs("error")
    with Progress(*COLUMNS, console=Console(stderr=True), refresh_per_second=1) as progress:
        found = uvloop.run(measure(count, store, progress))
    print(json.dumps(found, indent=2))
    if keep:
        keep_devices("PostgreSQL" if store else "SQLite", found)


async def measure(count: int, url: str, progress: Progress) -> dict[str, Any]:
    """Import a few devices, decide about them, then import all others, and decide again."""
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as folder:
        url = url or f"sqlite:///{folder}/devices.db"
        machine = facts()
        settings = {"listen": f"{PEER}:0", "upstream": f"http://{PEER}:9", "store": url}
        config = write_config(Path(folder), settings)
        await fill(url, range(FEW), progress)
        few = await decide(config, FEW)
        before, started, used = peak(), time.perf_counter(), time.process_time()
        await fill(url, range(FEW, count), progress)
        seconds, used = time.perf_counter() - started, time.process_time() - used
        grown = peak() - before
        started = time.perf_counter()
        await fill(url, range(min(count, MANY // 10)), progress)
        again = time.perf_counter() - started
        many = await decide(config, count)
        return {
            "machine": machine,
            "devices": count,
            "import_seconds": round(seconds, 1),
            "import_processor_seconds": round(used, 1),
            "import_per_second": round((count - FEW) / seconds),
            "import_memory_growth_mib": round(grown, 1),
            "same_again_per_second": round(min(count, MANY // 10) / again),
            "decision_few_us": few,
            "decision_many_us": many,
            "p99_many_vs_few": round(many["p99"] / few["p99"], 2),
        }


async def fill(url: str, numbers: range, progress: Progress) -> None:
    """Store records in batches, one after the other, like a connector."""
    store, now = await Store.open(url), datetime(2026, 12, 1, tzinfo=UTC)
    task = progress.add_task("taking records", total=len(numbers))
    for start in numbers[::AT_ONCE]:
        portion = range(start, min(start + AT_ONCE, numbers.stop))
        await store.devices.ingest([record(number, now) for number in portion], now)
        progress.advance(task, len(portion))
    await store.close()


def record(number: int, now: datetime) -> Report:
    """A phone as a device management reports it; every hundredth has a listed app."""
    apps = frozenset({"tiktok"} if number % 100 == 0 else ())
    spread = number * 2_654_435_761 % 2**32  # real ids come in no order
    return report_by(
        "intune",
        f"{spread:08x}-7a1b-4c2d-9e3f-{number:012x}",
        owner=f"person{number}@example.com",
        kind=Kind.PHONE,
        os="ios",
        os_version="18.6.2",
        managed=True,
        status="affirming",
        apps=AppsReport(apps, complete=True, at=now),
        serial=f"C{spread:08X}{number % 100:02d}",
        udid=f"{spread:08X}-{number:016X}",
        eas_ids=(eas_id(number),),
    )


def eas_id(number: int) -> str:
    return f"ApplC{number * 2_654_435_761 % 2**32:08X}{number % 100:02d}"


async def decide(config: Path, count: int) -> dict[str, float]:
    """Microseconds for a decision about a stored phone that was not requested before; ``processor``: of the gate's
    processor time."""
    service = await Service.start(config)
    try:
        for each in mail_apps(Random(1), count, 100):
            await timed(service.gate, each)
        samples = [await timed(service.gate, each) for each in mail_apps(Random(2), count, ASKED)]
    finally:
        await service.stop()
    cuts = statistics.quantiles([each.passed for each in samples], n=100)
    processor = statistics.median(each.used for each in samples)
    return {"median": round(cuts[49]), "p99": round(cuts[98]), "processor": round(processor)}


def mail_apps(random: Random, count: int, asked: int) -> Iterator[Incoming]:
    for number in random.sample(range(count), min(asked, count)):
        target = f"/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId={eas_id(number)}&DeviceType=iPhone"
        yield request(PHONE, target=target)


def peak() -> float:
    """The most memory in MiB that this process has used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    typer.run(main)
