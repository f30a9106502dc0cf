"""Measures how long a store of many devices takes to back up, to check, to copy to PostgreSQL and back, and to upgrade.

``python -m benchmarks.store_moves --store postgresql://…`` runs the commands of an operator on a store that ``filled_store.py``
makes, and on that database, which has to be empty. With ``--keep`` the figures and the table in ``docs/performance.md``
are written again.
"""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.filled_store import SETTINGS, filled_store
from benchmarks.machine import facts
from benchmarks.peers.mailgate import write_config
from benchmarks.processes import ROOT, environment, python_module
from benchmarks.store_moves_report import markdown, replaced

DOCS = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results" / "moving.json"
ROWS = re.compile(r"^([\d,]+) rows", re.MULTILINE)
MEASURE = """
import json, resource, subprocess, sys
code = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump({"processor_seconds": round(used.ru_utime + used.ru_stime, 1), "memory_mib": round(used.ru_maxrss / 1024)}, file)
sys.exit(code)
"""
"""Runs the command from a small process, since the peak memory of a process includes the time before it became the
command."""


def main(
    store: Annotated[str, typer.Option(help="An empty PostgreSQL database.")],
    count: Annotated[int, typer.Option("--devices", help="How many devices.")] = 1_000_000,
    keep: Annotated[bool, typer.Option(help="Write the results to their file and the docs.")] = False,
) -> None:
    """Fill a store, run the commands one after the other, and print a table."""
    console = Console(stderr=True)
    console.print(f"Filling a store with {count:,} devices")
    config = asyncio.run(filled_store(count))
    machine = facts()
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-", dir=config.parent) as folder:
        steps = {}
        for title, command in commands(config, store, Path(folder)).items():
            console.print(title)
            steps[title] = timed(command, Path(folder) / "used.json")
        size = (config.parent / "mailgate.db").stat().st_size
    found = {"machine": machine, "devices": count, "mib": round(size / 2**20), "steps": steps}
    print(markdown(found))
    if keep:
        RESULTS.write_text(json.dumps(found, indent=2) + "\n")
        DOCS.write_text(replaced(DOCS.read_text("utf-8"), found), "utf-8")


def commands(config: Path, store: str, folder: Path) -> dict[str, list[str]]:
    """The commands of an operator, in order."""
    sqlite, there = f"sqlite:///{config.parent}/mailgate.db", f"file:{folder}/store.url"
    back = f"sqlite:///{folder}/back.db"
    (folder / "store.url").write_text(store)
    (folder / "there").mkdir()
    moved = write_config(folder / "there", SETTINGS | {"store": store})
    return {
        "`store backup`, of SQLite": _store("backup", folder / "backup.db", "--config", config),
        "`store check`, of SQLite": _store("check", "--config", config),
        "`store copy`, SQLite to PostgreSQL": _store("copy", sqlite, there),
        "`store backup`, of PostgreSQL": _store("backup", folder / "moved.db", "--config", moved),
        "`store check`, of PostgreSQL": _store("check", "--config", moved),
        "`store copy`, PostgreSQL to SQLite": _store("copy", there, back),
        "upgrade of SQLite": python_module("benchmarks.upgrading", back),
        "upgrade of PostgreSQL": python_module("benchmarks.upgrading", store),
    }


def _store(*arguments: str | Path) -> list[str]:
    return python_module("mailgate", "store", *map(str, arguments))


def timed(command: list[str], used: Path) -> dict[str, Any]:
    """Run one command to its end. Returns its time, its processor time, its peak memory, and the number of rows that it
    printed.

    ``used`` is a file to write to.
    """
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURE, str(used), *command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise typer.Exit(done.returncode)
    rows = ROWS.search(done.stdout)
    return {
        "seconds": round(time.perf_counter() - started, 1),
        **json.loads(used.read_text()),
        "rows": int(rows[1].replace(",", "")) if rows else None,
    }


if __name__ == "__main__":
    typer.run(main)
