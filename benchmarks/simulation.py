"""How long a plan over many devices takes, and how much memory. Run as a module; prints one JSON object.

A store is filled with devices of four kinds, two for each person, of which one in twenty has a listed app and one in five was seen
of late; then ``mailgate policy plan`` compares the shipped rules with rules that keep out another fifth of the phones.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Annotated

import typer

from benchmarks.agents import LAPTOP, PHONE
from benchmarks.peers.mailgate import write_config
from mailgate.classify import classify
from mailgate.config import load_bundle
from mailgate.model import (
    Access,
    AppsReport,
    Decision,
    DeviceRecord,
    Effect,
    Kind,
    Posture,
    Reason,
    RequestFacts,
    User,
)
from mailgate.rollout import draft_of
from mailgate.store import Act, Store
from mailgate.store.device import new_id

BATCH = 5000
SOURCE = "https://mdm.example.com"
KINDS = ((Kind.PHONE, "ios"), (Kind.PHONE, "android"), (Kind.TABLET, "ipados"), (Kind.LAPTOP, "windows"))
LISTED = '"prohibited" in device.lists'


def main(
    devices: Annotated[int, typer.Option(help="How many devices.")] = 1_000_000,
    workers: Annotated[int, typer.Option(help="Processes that decide.")] = 2,
    keep: Annotated[
        Path | None, typer.Option(help="A folder for the store, used again where it is there.")
    ] = None,
) -> None:
    """Fill a store and plan over it."""
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as made:
        folder = keep or Path(made)
        config = folder / "mailgate.yaml"
        if not config.exists():
            folder.mkdir(parents=True, exist_ok=True)
            write_config(folder, {"listen": "127.0.0.1:0", "upstream": "http://127.0.0.1:9"})
            asyncio.run(fill(config, devices))
        candidate = folder / "candidate.yaml"
        rules = Path(
            load_bundle(config).rules.texts["policy.yaml"]
            and config.parent / load_bundle(config).settings.files.policy
        )
        candidate.write_text(rules.read_text().replace(LISTED, f'({LISTED} || device.os == "android")'))
        print(json.dumps(timed(config, candidate, workers)))


async def fill(config: Path, count: int) -> None:
    """Put devices and sightings into the store, and the files in force."""
    bundle, now, random = load_bundle(config), datetime.now(UTC), Random(7)
    store = await Store.open(bundle.settings.store.get_secret_value())
    running = asyncio.create_task(store.run())
    await store.policies.activate(draft_of(bundle.rules), Act(now, "file", "policy-activated"))
    for start in range(0, count, BATCH):
        await store.devices.take(list(records(start, min(count, start + BATCH), random, now)), now)
        for number in range(start, min(count, start + BATCH), 5):
            see(store, number, now)
        await store.ledger.flush()
    await store.close()
    await running


def records(first: int, end: int, random: Random, now: datetime) -> Iterator[DeviceRecord]:
    for number in range(first, end):
        kind, os_name = KINDS[number % len(KINDS)]
        apps = frozenset({"tiktok"}) if random.random() < 0.05 else frozenset[str]()
        looked = now - timedelta(minutes=random.randrange(1400))
        yield DeviceRecord(
            source=SOURCE,
            id=f"device-{number}",
            owner=f"person-{number // 2}@example.com",
            kind=kind,
            os=os_name,
            os_version=f"{17 + number % 3}.{number % 7}",
            managed=True,
            status="affirming",
            apps=AppsReport(apps, True, looked),
            expires=now + timedelta(days=7),
            eas_ids=(f"EAS{number:07}",),
            keys=(f"key-{number}",),
        )


def see(store: Store, number: int, now: datetime) -> None:
    agent = LAPTOP if number % len(KINDS) == len(KINDS) - 1 else PHONE
    facts = RequestFacts(headers={"user-agent": agent})
    posture = Posture(device_id=new_id((SOURCE, f"device-{number}")))
    access = Access(facts, classify(facts), posture, now, User(f"person-{number // 2}@example.com"))
    store.ledger.record(access, Decision(Effect.ALLOW, Reason.RULE_MATCHED, "clean-handheld", "p"))


def timed(config: Path, candidate: Path, workers: int) -> dict[str, float]:
    """Run the plan as a command, and watch it."""
    command = [sys.executable, "-m", "mailgate", "policy", "plan", str(candidate), "--json"]
    command += ["--config", str(config), "--workers", str(workers)]
    before, started = os.times(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        peak = 0
        assert process.stdout is not None
        output = process.stdout.read()
    after, seconds = os.times(), time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    made = json.loads(output)
    return {
        "devices": made["totals"]["devices"],
        "newly_blocked": made["newly"]["block"]["devices"],
        "seconds": round(seconds, 1),
        "cpu_seconds": round(
            after.children_user + after.children_system - before.children_user - before.children_system, 1
        ),
        "largest_process_mib": peak // 1024,
    }


if __name__ == "__main__":
    typer.run(main)
