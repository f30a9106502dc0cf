"""An hour under everything at once: ``make bench-soak STORE=postgresql://…``, an empty database; without it SQLite.

What two gates on one store carry is told in ``docs/performance.md``, into which ``--keep`` writes the table: what each gate
holds and how many rows there are, noted once a minute.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Annotated, Any

import typer
import uvloop
from aiohttp import web
from rich.progress import Progress
from tests.admins import admins
from tests.integration.connectors.api import serving
from tests.servers import free_port
from tests.unit.store.filling import rows_of

from benchmarks import mixes, peers, wrk
from benchmarks.devices import ADMIN, logged_in
from benchmarks.machine import memory_mib
from benchmarks.mixes import owner
from benchmarks.peers import Running
from benchmarks.people import HOST, LAPTOP, eas_id
from benchmarks.processes import begun
from benchmarks.report import finish, of_soak
from benchmarks.sampler import COUNT, asked
from benchmarks.site import Site, serve_site
from mailgate.atomic_files import write_atomically

IDLE, STREAMS, SLOW = 5_200, 4, 20
"""Connections, streams of the console, and slow answers, at both gates together."""
PAUSE = 50
"""The most seconds between two requests of a connection: less than the gate's ``keep_alive``."""
PHONES, REPORTED = 200, 1_000


def main(
    minutes: Annotated[int, typer.Option(min=4, help="How long it takes.")] = 60,
    store: Annotated[str, typer.Option(help="An empty PostgreSQL database; left out: SQLite.")] = "",
    keep: Annotated[bool, typer.Option(help="Write the table into the docs.")] = False,
) -> None:
    """Load two gates, and print what they held at the beginning and at the end."""
    with begun() as run, serve_site(run.folder, gate="benchmarks.sampler") as site:
        soak = Soak(site, store or f"sqlite:///{run.folder}/soak.db", run.shown)
        notes = uvloop.run(soak.run(minutes))
    told = f"{'PostgreSQL' if store else 'SQLite'}. {run.machine}"
    finish("soak", of_soak, {"machine": told, **notes}, keep)


def held(gate: Running) -> dict[str, float]:
    """What a gate holds now. Files are connections too; tasks, threads and objects are counted by the gate."""
    [pid] = gate.pids
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return {"memory, MiB": memory_mib([pid]), "open files": files, **asked(pid, gate.folder, COUNT)}


@dataclass
class Soak:
    site: Site
    store: str
    shown: Progress
    results: Counter[str] = field(default_factory=Counter)
    """How many requests ended in which way."""

    async def run(self, minutes: int) -> dict[str, Any]:
        notes: list[dict[str, Any]] = []
        async with AsyncExitStack() as stopping:
            fleet = await stopping.enter_async_context(serving(fleet_api))
            gates = [stopping.enter_context(self.gate(name, fleet)) for name in ("one", "other")]
            load = [asyncio.create_task(self.slow(gates[n % 2].port, n)) for n in range(SLOW)]
            load += [asyncio.create_task(self.watch(gates[n % 2].admin)) for n in range(STREAMS)]
            people = [
                asyncio.create_task(self.people(gate, turn, minutes)) for turn, gate in enumerate(gates)
            ]
            started = time.monotonic()
            for minute in self.shown.track(range(1, minutes + 1), description="under load"):
                await asyncio.sleep(max(0.0, started + 60 * minute - time.monotonic()))
                for gate in gates:
                    change_rules(gate.folder, minute)
                    report_phones(gate.folder)
                hold = [await asyncio.to_thread(held, each) for each in gates]
                tables = await asyncio.to_thread(rows_of, self.store)
                counted = {name: len(rows) for name, rows in tables.items() if rows}
                notes.append({"minute": minute, "gates": hold, "rows": counted})
            await asyncio.gather(*people)
            for each in load:
                each.cancel()
            await asyncio.gather(*load, return_exceptions=True)
        return {"notes": notes, "requests": dict(self.results)}

    async def people(self, gate: Running, turn: int, minutes: int) -> None:
        """Connections that are idle but for a request now and then: of people with browsers, and of their phones' mail apps."""
        records = (*mixes.mixed(), *mixes.clean_phones(range(PHONES)))
        file = gate.folder / "requests"
        file.write_bytes(b"".join(each.encode("latin-1") + mixes.END for each in records))
        load = wrk.command(gate.port, file, turn, 60 * minutes, IDLE // 2, "shuffled", str(PAUSE))
        running = await asyncio.create_subprocess_exec(*load, stdout=PIPE, stderr=STDOUT)
        told, _ = await running.communicate()
        found = wrk.said(told.decode())
        self.results.update({f"status {status}": times for status, times in found.statuses.items()})
        self.results["broken"] += found.broken

    async def slow(self, port: int, number: int) -> None:
        """Answers that trickle, each on a connection of its own."""
        fields = {"Host": HOST, "User-Agent": LAPTOP, "Connection": "close"}
        while True:
            await self.read("slow", port, mixes.written("GET", f"/slow/{number}.html", fields))

    async def watch(self, admin: int) -> None:
        """The overview of the console, which stays open."""
        while True:
            fields = {"Host": f"127.0.0.1:{admin}", "Cookie": await asyncio.to_thread(logged_in, admin)}
            await self.read("console", admin, mixes.written("GET", "/console/now/stream", fields))
            await asyncio.sleep(1)

    async def read(self, what: str, port: int, request: str) -> None:
        """Read an answer for as long as it lasts."""
        try:
            reader, said = await asyncio.open_connection("127.0.0.1", port)
            said.write(request.encode())
            self.results[f"{what}, status {(await reader.readline()).split()[1].decode()}"] += 1
            while await reader.read(65536):
                pass
            said.close()
        except (OSError, IndexError) as error:
            self.results[f"{what}, {type(error).__name__}"] += 1
            await asyncio.sleep(1)

    @contextmanager
    def gate(self, name: str, fleet: str) -> Iterator[Running]:
        folder, admin = self.site.run / name, free_port()
        folder.mkdir()
        report_phones(folder)
        (folder / "token").write_text("secret")
        (folder / "token").chmod(0o600)
        phones = {"type": "file", "path": "phones.jsonl", "every": "1m"}
        system = {"type": "fleet", "base_url": fleet, "token": {"file": "token"}, "every": "1m"}
        settings = {
            "admin_listen": f"127.0.0.1:{admin}",
            "store": self.store,
            "admins": admins(**{ADMIN: "viewer"}),
            "connectors": {"phones": phones, "fleet": system},
        }
        with peers.gate(self.site, name, rules=1, **settings) as running:
            yield replace(running, admin=admin)


def change_rules(folder: Path, minute: int) -> None:
    """Change a title, so that the rules are read again and are a new version."""
    path = folder / "policy.yaml"
    head, _, rest = path.read_text().partition("\n")
    kept = rest if head.startswith("#") else f"{head}\n{rest}"
    write_atomically(path, f"# minute {minute}\n{kept}")


def report_phones(folder: Path) -> None:
    """Write an inventory: each phone was looked at just now."""
    now = datetime.now(UTC).isoformat()
    told = {"os": "ios", "apps": [], "apps_complete": True, "reported_at": now}
    lines = (
        told | {"id": f"phone-{number}", "owner": owner(number), "eas_ids": [eas_id(number)]}
        for number in range(REPORTED)
    )
    write_atomically(folder / "phones.jsonl", "".join(f"{json.dumps(each)}\n" for each in lines))


async def fleet_api(request: web.Request) -> web.Response:
    """An inventory over HTTP, in the form of Fleet's."""
    if request.path.endswith("/count"):
        return web.json_response({"count": REPORTED})
    size, at = int(request.query["per_page"]), int(request.query["page"])
    system = {"platform": "windows", "os_version": "Windows 11", "software": []}
    hosts = [
        system | {"id": number, "uuid": f"{number:032X}", "hostname": f"laptop-{number}"}
        for number in range(at * size, min((at + 1) * size, REPORTED))
    ]
    return web.json_response({"hosts": hosts})


if __name__ == "__main__":
    typer.run(main)
