"""Sends mixed traffic to one gate for minutes, and checks whether its memory or its open files grow: ``python -m
benchmarks.soak``.

Growth is that of the straight line through all measurements after the warm-up. Fails on growth and on wrong answers.
"""

import asyncio
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
import uvloop

from benchmarks.machine import descriptors_allowed, facts
from benchmarks.memory import descriptors, resident
from benchmarks.peers import Running
from benchmarks.peers.mailgate import SHIPPED, write_config
from benchmarks.processes import ROOT, free_port, leave_nothing_behind, python_module, serving
from benchmarks.site import Site, serve_site
from benchmarks.soak_report import picture, replaced, results_of
from benchmarks.soak_traffic import Traffic
from mailgate.attest import mint
from mailgate.attest.jose import Key

RESULTS = ROOT / "benchmarks" / "results" / "soak.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "images" / "soak.svg"
SAMPLE_SECONDS = 1.0
"""The seconds between two looks at the gate."""


@dataclass
class Sample:
    """The state of the gate at one moment, in minutes since the start."""

    minutes: float
    mib: float
    descriptors: int


def main(
    minutes: Annotated[float, typer.Option(help="How long.")] = 10.0,
    keep: Annotated[bool, typer.Option(help="Write the results to their file and the docs.")] = True,
) -> None:
    """Soak, print the results, and exit with 1 if something grows or was answered wrongly."""
    leave_nothing_behind()
    descriptors_allowed()
    issuer, machine = mint.make_key(secrets.token_bytes(32), "issuer"), facts()
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-soak-") as folder,
        serve_site(Path(folder)) as site,
        gate(Path(folder) / "gate", site, issuer) as (running, rules),
    ):
        looks, traffic = uvloop.run(soak(minutes, running, rules, site, issuer))
    points = [(look.minutes, look.mib, look.descriptors) for look in looks]
    results = results_of(machine, points, traffic.counts, traffic.wrong)
    print(json.dumps({name: value for name, value in results.items() if name != "series"}, indent=2))
    if keep:
        write(results)
    if not results["passed"]:
        raise typer.Exit(1)


def write(results: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(results) + "\n")
    PAGE.write_text(replaced(PAGE.read_text("utf-8"), results), "utf-8")
    PICTURE.write_text(picture(results), "utf-8")


@contextmanager
def gate(folder: Path, site: Site, issuer: Key) -> Iterator[tuple[Running, Path]]:
    """Run a gate that trusts the issuer. Yields it, and the file of its rules."""
    shutil.copytree(SHIPPED, folder)
    (folder / mint.JWKS_FILE).write_text(mint.jwks(issuer))
    port = free_port()
    settings = {
        "listen": f"127.0.0.1:{port}",
        "upstream": f"http://{site.address}",
        "files": {"apps": "apps.yaml", "policy": "policy.yaml"},
        "attestation": {"issuers": [{"issuer": mint.TEST_ISSUER, "jwks": mint.JWKS_FILE}]},
    }
    command = python_module("mailgate", "run", "--config", str(write_config(folder, settings)))
    with serving(command, port, folder / "log") as pid:
        yield Running(port, pid), folder / "policy.yaml"


async def soak(
    minutes: float, running: Running, rules: Path, site: Site, issuer: Key
) -> tuple[list[Sample], Traffic]:
    """The looks at the gate, and the traffic with its counts."""
    looks: list[Sample] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as client:
        traffic = Traffic(client, f"http://127.0.0.1:{running.port}", site, issuer, rules)
        watching = asyncio.ensure_future(watch(running.pid, looks))
        await traffic.run(minutes * 60)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    return looks, traffic


async def watch(pid: int, looks: list[Sample]) -> None:
    """Look at the gate until cancelled. Raises OSError if it has ended."""
    started = time.monotonic()
    while True:
        looks.append(Sample((time.monotonic() - started) / 60, resident(pid), descriptors(pid)))
        await asyncio.sleep(SAMPLE_SECONDS)


if __name__ == "__main__":
    typer.run(main)
