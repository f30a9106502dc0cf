"""An hour under everything at once: ``make bench-soak STORE=postgresql://…``, an empty database; without it SQLite.

What two gates on one store carry is told in ``docs/performance.md``, into which ``--keep`` writes the table: what each gate
holds and how many rows there are, noted once a minute.
"""

import asyncio
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Annotated, Any

import typer
import uvloop
from aiohttp import web
from sqlalchemy import create_engine, func, select
from tests.admins import admins
from tests.integration.connectors.api import serving as serving_api
from tests.servers import free_port

from benchmarks import mixes, wrk
from benchmarks.devices import ADMIN, logged_in
from benchmarks.gate import write_config
from benchmarks.machine import facts, memory_mib
from benchmarks.mixes import owner
from benchmarks.people import HOST, LAPTOP, eas_id
from benchmarks.processes import prepare, progress, python_module, serving
from benchmarks.report import keep as keep_results
from benchmarks.report import soak_markdown
from benchmarks.sampler import COUNT, asked
from benchmarks.site import Site, serve_site
from mailgate.atomic_files import write_atomically
from mailgate.store.migrate import store_url
from mailgate.store.schema import metadata

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
    prepare()
    machine = facts()
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-soak-") as run,
        progress() as shown,
        serve_site(Path(run), gate="benchmarks.sampler") as site,
    ):
        task = shown.add_task("under load", total=minutes)
        soak = Soak(site, store or f"sqlite:///{run}/soak.db", lambda: shown.advance(task))
        notes = uvloop.run(soak.run(minutes))
    found = {"machine": machine, "store": "PostgreSQL" if store else "SQLite", **notes}
    print(soak_markdown(found))
    if keep:
        keep_results("soak", found)


@dataclass
class Gate:
    pid: int
    config: Path
    port: int
    admin: int

    def held(self) -> dict[str, float]:
        """What it holds now: memory in MiB, open files and connections, tasks of its loop."""
        return {
            "memory_mib": memory_mib([self.pid]),
            "files": len(os.listdir(f"/proc/{self.pid}/fd")),
            **asked(self.pid, self.config.parent, COUNT),
        }


@dataclass
class Soak:
    site: Site
    store: str
    advance: Callable[[], object]
    results: Counter[str] = field(default_factory=Counter)
    """How many requests ended in which way."""

    async def run(self, minutes: int) -> dict[str, Any]:
        notes: list[dict[str, Any]] = []
        async with AsyncExitStack() as stopping:
            fleet = await stopping.enter_async_context(serving_api(fleet_api))
            gates = [stopping.enter_context(self.gate(name, fleet)) for name in ("one", "other")]
            load = [asyncio.create_task(each) for each in self.load(gates)]
            people = [
                asyncio.create_task(self.people(gate, turn, minutes)) for turn, gate in enumerate(gates)
            ]
            started = time.monotonic()
            for minute in range(1, minutes + 1):
                await asyncio.sleep(max(0.0, started + 60 * minute - time.monotonic()))
                for gate in gates:
                    change_rules(gate.config, minute)
                    report_phones(gate.config.parent)
                held = [await asyncio.to_thread(each.held) for each in gates]
                notes.append({"minute": minute, "gates": held, "rows": await asyncio.to_thread(self.rows)})
                self.advance()
            await asyncio.gather(*people)
            for each in load:
                each.cancel()
            await asyncio.gather(*load, return_exceptions=True)
        return {"notes": notes, "requests": dict(self.results)}

    def load(self, gates: list[Gate]) -> Iterator[Coroutine[Any, Any, None]]:
        for number in range(SLOW):
            yield self.slow(gates[number % 2].port, number)
        for number in range(STREAMS):
            yield self.watch(gates[number % 2].admin)

    async def people(self, gate: Gate, turn: int, minutes: int) -> None:
        """Connections that are idle but for a request now and then: of people with browsers, and of their phones' mail apps."""
        records = (*mixes.mixed(), *mixes.clean_phones(range(PHONES)))
        file = gate.config.with_name("requests")
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
    def gate(self, name: str, fleet: str) -> Iterator[Gate]:
        folder, port, admin = self.site.run / name, free_port(), free_port()
        folder.mkdir()
        report_phones(folder)
        (folder / "token").write_text("secret")
        (folder / "token").chmod(0o600)
        system = {"type": "fleet", "base_url": fleet, "token": {"file": "token"}, "every": "1m"}
        settings = {
            "listen": f"127.0.0.1:{port}",
            "admin_listen": f"127.0.0.1:{admin}",
            "upstream": f"http://{self.site.address}",
            "store": self.store,
            "admins": admins(**{ADMIN: "viewer"}),
            "connectors": {
                "phones": {"type": "file", "path": "phones.jsonl", "every": "1m"},
                "fleet": system,
            },
        }
        config = write_config(folder, settings, rules=1)
        command = python_module(self.site.gate, "run", "--config", str(config))
        with serving(command, port, folder / "log") as pid:
            yield Gate(pid, config, port, admin)

    def rows(self) -> dict[str, int]:
        """The rows of each table that has some."""
        engine, tables = create_engine(store_url(self.store)), metadata.sorted_tables
        with engine.connect() as connection:
            counted = [connection.scalar(select(func.count()).select_from(each)) or 0 for each in tables]
        engine.dispose()
        return {table.name: count for table, count in zip(tables, counted, strict=True) if count}


def change_rules(config: Path, minute: int) -> None:
    """Change a title, so that the rules are read again and are a new version."""
    path = config.with_name("policy.yaml")
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
