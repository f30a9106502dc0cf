"""Measures the time and memory of a plan over many devices. Run as a module; prints one JSON object.

``mailgate policy plan`` compares the shipped rules with rules that keep out another fifth of the phones, over a store
that ``filled_store.py`` makes.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.filled_store import filled_store
from benchmarks.memory import tree_mib
from benchmarks.processes import environment, leave_nothing_behind
from mailgate.config import load_bundle

LISTED = '"prohibited" in device.lists'
LOOK = 0.5
"""The seconds between two looks at the memory."""


def main(
    count: Annotated[int, typer.Option("--devices", help="How many devices.")] = 1_000_000,
    workers: Annotated[int, typer.Option(help="Processes that decide.")] = 2,
) -> None:
    """Plan over a filled store."""
    leave_nothing_behind()
    print(json.dumps(simulated(asyncio.run(filled_store(count)), workers)))


def simulated(config: Path, workers: int) -> dict[str, float]:
    """Run the plan as a command, and watch it."""
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as folder:
        candidate = Path(folder) / "candidate.yaml"
        rules = load_bundle(config).rules.texts["policy.yaml"]
        candidate.write_text(rules.replace(LISTED, f'({LISTED} || device.os == "android")'))
        command = [sys.executable, "-m", "mailgate", "policy", "plan", str(candidate), "--json"]
        command += ["--config", str(config), "--workers", str(workers)]
        return timed(command, Path(folder) / "plan.json")


def timed(command: list[str], output: Path) -> dict[str, float]:
    """Seconds, processor seconds and memory of a plan; raises CalledProcessError."""
    before, started, most = os.times(), time.perf_counter(), 0.0
    with (
        output.open("wb") as file,
        subprocess.Popen(command, stdout=file, env=environment()) as process,
    ):
        try:
            while process.poll() is None:
                most = max(most, tree_mib(process.pid))
                time.sleep(LOOK)
        except BaseException:
            process.terminate()
            raise
    after, seconds = os.times(), time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    made = json.loads(output.read_bytes())
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {
        "devices": made["totals"]["devices"],
        "newly_blocked": made["newly"]["block"]["devices"],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used, 1),
        "all_processes_mib": round(most),
    }


if __name__ == "__main__":
    typer.run(main)
