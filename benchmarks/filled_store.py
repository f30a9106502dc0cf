"""Fills a store with any number of devices, in seconds: a few are stored like a connector does, the rest are copies of
their rows under their own names.

The devices are of four kinds, two for each person; one in twenty has a listed app, and one in five was seen recently.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.agents import LAPTOP, PHONE
from benchmarks.peers.mailgate import write_config
from benchmarks.processes import ROOT
from mailgate.classify import classify
from mailgate.config import load_bundle
from mailgate.devices.device import Report, new_id
from mailgate.devices.names import EAS, eas_text
from mailgate.devices.trust import report_by
from mailgate.model import (
    Access,
    AppsReport,
    Decision,
    Effect,
    Kind,
    Posture,
    Reason,
    RequestFacts,
    User,
)
from mailgate.rollout import rule_texts_of
from mailgate.store import Act, Store

CACHE = ROOT / "benchmarks" / ".cache"
LAYOUT = 1
"""Increased when an earlier filled store can no longer be used."""
REUSED_FOR = timedelta(hours=12)
"""How long a filled store is reused, since the reports of its devices must not get stale."""
SOURCE = "https://mdm.example.com"
KINDS = ((Kind.PHONE, "ios"), (Kind.PHONE, "android"), (Kind.TABLET, "ipados"), (Kind.LAPTOP, "windows"))
SEEN = 5
"""One in this many devices was seen recently."""

MODELS = {
    "devices": "",
    "reports": "devices.key = reports.device",
    "sightings": "devices.id = sightings.device",
}
"""The tables whose rows are copied, and how their rows belong to devices."""

Row = dict[str, Any]


async def filled_store(count: int, cache: Path = CACHE) -> Path:
    """The settings of a store with this many devices, filled again if there is none to reuse."""
    name = key_of(count, migrations(), datetime.now(UTC))
    config = cache / name / "mailgate.yaml"
    if not config.exists():
        cache.mkdir(parents=True, exist_ok=True)
        for old in cache.glob(f"{count}-*"):
            shutil.rmtree(old)
        making = cache / f"{count}-making"
        making.mkdir()
        await fill(making, count)
        making.rename(cache / name)
        write_config(cache / name, SETTINGS)
    return config


SETTINGS = {"listen": "127.0.0.1:0", "upstream": "http://127.0.0.1:9"}


def key_of(count: int, steps: str, now: datetime) -> str:
    """The key of a filled store: two with one key are equal, and none is older than ``REUSED_FOR``."""
    half_day = int(now.timestamp() // REUSED_FOR.total_seconds())
    return f"{count}-{LAYOUT}-{steps}-{half_day}"


def migrations() -> str:
    """A hash of the migrations, in eight letters."""
    folder = ROOT / "proxy" / "mailgate" / "store" / "migrations" / "versions"
    steps = b"".join(path.read_bytes() for path in sorted(folder.glob("v*.py")))
    return sha256(steps).hexdigest()[:8]


async def fill(folder: Path, count: int) -> None:
    """Put devices and sightings into a new store, and the files in force."""
    bundle, now = load_bundle(write_config(folder, SETTINGS)), datetime.now(UTC)
    store = await Store.open(bundle.settings.store.get_secret_value())
    await store.policies.activate(rule_texts_of(bundle.rules), Act(now, "file", "policy-activated"))
    models = [_model(number, now) for number in range(len(KINDS))]
    await store.devices.ingest(models, now)
    for model in models:
        see(store, model, now)
    await store.ledger.flush()
    await store.close()
    copy_rows(folder / "mailgate.db", count)


def _model(number: int, now: datetime) -> Report:
    kind, system = KINDS[number]
    return report_by(
        SOURCE,
        f"device-{number}",
        owner=person(number),
        kind=kind,
        os=system,
        os_version="18.6",
        managed=True,
        status="affirming",
        apps=AppsReport(frozenset(), complete=True, at=now),
        eas_ids=(eas_id(number),),
    )


def see(store: Store, model: Report, now: datetime) -> None:
    """Record that a device was let in."""
    agent = LAPTOP if model.kind is Kind.LAPTOP else PHONE
    facts = RequestFacts(headers={"user-agent": agent})
    posture = Posture(device_id=new_id((SOURCE, model.id)))
    access = Access(facts, classify(facts), posture, now, User(model.owner))
    store.ledger.record(access, Decision(Effect.ALLOW, Reason.RULE_MATCHED, "clean-handheld", "p"))


def copy_rows(path: Path, count: int) -> None:
    """Make ``count`` devices from the first of each kind."""
    database = sqlite3.connect(path, isolation_level=None)
    database.row_factory = sqlite3.Row
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000", "foreign_keys=OFF"):
        database.execute(f"PRAGMA {pragma}")
    first = {name: _rows(database, name, by) for name, by in MODELS.items()}
    tables: Mapping[str, Iterator[Row]] = {
        "devices": (device_row(first["devices"], number) for number in range(count)),
        "reports": _report_rows(first["reports"], count),
        "device_names": (name_row(number) for number in range(count)),
        "sightings": (sighting_row(first["sightings"], number) for number in range(0, count, SEEN)),
    }
    database.execute("BEGIN")
    for table, rows in tables.items():
        database.execute(f"DELETE FROM {table}")
        _insert(database, table, rows)
    database.execute("COMMIT")
    database.execute("PRAGMA journal_mode=WAL")
    database.close()


def _rows(database: sqlite3.Connection, table: str, by: str) -> list[Row]:
    """One row of each kind, in the order of the kinds."""
    joined = f"JOIN devices ON {by}" if by else ""
    found = database.execute(f"SELECT {table}.* FROM {table} {joined} ORDER BY devices.key").fetchall()
    assert len(found) == len(KINDS)
    return [dict(row) for row in found]


def _insert(database: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    example = next(rows)
    names = ", ".join(f'"{name}"' for name in example)
    statement = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(example))})"
    database.execute(statement, tuple(example.values()))
    database.executemany(statement, (tuple(row.values()) for row in rows))


def device_row(models: list[Row], number: int) -> Row:
    device_id = new_id((SOURCE, f"device-{number}"))
    return models[number % len(models)] | {"key": number + 1, "id": device_id, "changed": 0}


def _report_rows(models: list[Row], count: int) -> Iterator[Row]:
    random = Random(7)
    return (report_row(models, number, listed=random.random() < 0.05) for number in range(count))


def report_row(models: list[Row], number: int, *, listed: bool) -> Row:
    return models[number % len(models)] | {
        "id": f"device-{number}",
        "device": number + 1,
        "owner": person(number),
        "person": person(number),
        "os_version": f"{17 + number % 3}.{number % 7}",
        "apps": '["tiktok"]' if listed else "[]",
        "names": json.dumps([[EAS, eas_text(eas_id(number))]]),
    }


def name_row(number: int) -> Row:
    return {"kind": EAS, "name": eas_text(eas_id(number)), "device": number + 1}


def sighting_row(models: list[Row], number: int) -> Row:
    device = new_id((SOURCE, f"device-{number}"))
    row_id = sha256(f"sighting-{number}".encode()).hexdigest()
    return models[number % len(models)] | {"id": row_id, "device": device, "user": person(number)}


def person(number: int) -> str:
    return f"person-{number // 2}@example.com"


def eas_id(number: int) -> str:
    """An ActiveSync id as a phone sends it. Real ids come in no order."""
    return f"ApplC{number * 2_654_435_761 % 2**32:08X}{number % 100:02d}"
