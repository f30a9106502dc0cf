"""Measures the size of a device and a sighting: on disk, and in the memory of a gate that has loaded the device.

``python -m benchmarks.sizes`` measures SQLite, in a temporary folder; with the address of an empty PostgreSQL database
it measures that. Prints one JSON object.
"""

import asyncio
import json
import tempfile
import tracemalloc
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from benchmarks.agents import PHONE
from benchmarks.devices import eas_id, record
from benchmarks.machine import facts
from mailgate.devices.posture import PostureTerms
from mailgate.gateway.logs import configure_logs
from mailgate.model import (
    Access,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    PostureState,
    Reason,
    RequestFacts,
    User,
)
from mailgate.policy import AppCatalog
from mailgate.store import Store
from mailgate.store.address import store_url

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ASKED = 1_000
"""The number of requested devices, since watching memory is slow."""
ALLOWED = Decision(Effect.ALLOW, Reason.RULE_MATCHED, "clean-handheld", "3f2a9c7e11d0")
EAS = "/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId={}&DeviceType=iPhone"


def main(
    store: Annotated[str, typer.Argument(help="An empty PostgreSQL database; left out: SQLite.")] = "",
    count: Annotated[int, typer.Option(help="How many devices, and sightings.")] = 10_000,
) -> None:
    """Measure, and print one JSON object."""
    configure_logs("error")
    with tempfile.TemporaryDirectory(prefix="mailgate-bench-") as folder:
        print(json.dumps(asyncio.run(measure(store or f"sqlite:///{folder}/sizes.db", count)), indent=2))


async def measure(url: str, count: int) -> dict[str, Any]:
    """The bytes of each device, of each sighting with a mail app of its own, and of each device in memory."""
    machine, store = facts(), await Store.open(url)
    empty = stored(url)
    await store.devices.ingest([record(number, NOW) for number in range(count)], NOW)
    devices = stored(url)
    for number in range(count):
        store.ledger.record(access(number), ALLOWED)
        if number % 5_000 == 4_999:
            await store.ledger.flush()
    await store.ledger.flush()
    seen = stored(url)
    asked = min(count, ASKED)
    in_memory = await remembered(store, asked)
    await store.close()
    return {
        "machine": machine,
        "count": count,
        "bytes_a_device": (devices - empty) // count,
        "bytes_a_sighting_with_its_client": (seen - devices) // count,
        "bytes_a_device_in_memory": in_memory // asked,
    }


def access(number: int) -> Access:
    """A request of the mail app of one phone on one day."""
    request = RequestFacts("POST", EAS.format(eas_id(number)), headers={"user-agent": PHONE})
    client = Client(Kind.PHONE, handheld=True, os="ios", protocol="activesync", eas_id=eas_id(number))
    posture = Posture(PostureState.CLEAN, device_id=f"dev-{number:026d}")
    return Access(request, client, posture, NOW, User(f"person{number}@example.com"))


async def remembered(store: Store, count: int) -> int:
    """The memory of this many devices in bytes, each requested once by its ActiveSync id."""
    postures = store.postures(AppCatalog({}, {}), PostureTerms(NOW - datetime(2026, 11, 1, tzinfo=UTC)))
    clients = [Client(Kind.PHONE, handheld=True, eas_id=eas_id(number)) for number in range(count)]
    await postures.current(clients[0], None, NOW)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for client in clients:
        await postures.current(client, None, NOW)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return grown


def stored(url: str) -> int:
    """The size of the whole database in bytes."""
    engine = create_engine(store_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            query = "SELECT pg_database_size(current_database())"
            return int(connection.exec_driver_sql(query).scalar_one())
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages * connection.exec_driver_sql("PRAGMA page_size").scalar_one())


if __name__ == "__main__":
    typer.run(main)
