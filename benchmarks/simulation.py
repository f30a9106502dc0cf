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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from sqlalchemy import create_engine, insert

from benchmarks.agents import LAPTOP, PHONE
from benchmarks.peers.mailgate import write_config
from mailgate.classify import classify
from mailgate.config import load_bundle
from mailgate.model import (
    Access,
    Decision,
    Effect,
    Kind,
    Posture,
    Reason,
    RequestFacts,
    User,
)
from mailgate.rollout import draft_of
from mailgate.store import Act, Store
from mailgate.store.database import prepare, store_url, writes
from mailgate.store.device import new_id
from mailgate.store.schema import devices, reports

BATCH = 5000
SOURCE = "https://mdm.example.com"
KINDS = ((Kind.PHONE, "ios"), (Kind.PHONE, "android"), (Kind.TABLET, "ipados"), (Kind.LAPTOP, "windows"))
LISTED = '"prohibited" in device.lists'


def main(
    count: Annotated[int, typer.Option("--devices", help="How many devices.")] = 1_000_000,
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
            asyncio.run(fill(config, count))
        bundle = load_bundle(config)
        rules = bundle.rules.texts["policy.yaml"].replace(LISTED, f'({LISTED} || device.os == "android")')
        (folder / "candidate.yaml").write_text(rules)
        print(json.dumps(timed(config, folder / "candidate.yaml", workers)))


async def fill(config: Path, count: int) -> None:
    """Put devices and sightings into the store, and the files in force."""
    bundle, now, random = load_bundle(config), datetime.now(UTC), Random(7)
    url = bundle.settings.store.get_secret_value()
    store = await Store.open(url)
    await store.policies.activate(draft_of(bundle.rules), Act(now, "file", "policy-activated"))
    engine = writes(create_engine(store_url(url)))
    prepare(engine)
    for start in range(0, count, BATCH):
        numbers = range(start, min(count, start + BATCH))
        with engine.begin() as connection:  # row by row, as reports come, would take a thousand times as long
            connection.execute(insert(devices), [device_row(number, now) for number in numbers])
            connection.execute(insert(reports), [report_row(number, random, now) for number in numbers])
        for number in numbers[::5]:
            see(store, number, now)
        await store.ledger.flush()
    engine.dispose()
    await store.close()


def device_row(number: int, now: datetime) -> dict[str, object]:
    seen = {"first_seen": now, "last_seen": now, "changed": 0}
    return {"key": number + 1, "id": new_id((SOURCE, f"device-{number}")), **seen}


def report_row(number: int, random: Random, now: datetime) -> dict[str, object]:
    kind, system = KINDS[number % len(KINDS)]
    return {
        "id": f"device-{number}",
        "source": SOURCE,
        "device": number + 1,
        "owner": f"person-{number // 2}@example.com",
        "person": f"person-{number // 2}@example.com",
        "kind": kind,
        "os": system,
        "os_version": f"{17 + number % 3}.{number % 7}",
        "managed": True,
        "status": "affirming",
        "apps": json.dumps(["tiktok"] if random.random() < 0.05 else []),
        "apps_complete": True,
        "reported_at": now - timedelta(minutes=random.randrange(1400)),
        "expires_at": now + timedelta(days=7),
        "gone": False,
        "names": json.dumps([["key", f"key-{number}"]]),
        "first_seen": now,
        "last_seen": now,
    }


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
