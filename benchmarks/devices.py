"""Measures a million devices: ``make bench-devices``.

Imports them as a connector does, times decisions about phones that are not in memory with a thousand stored and with all,
a plan over all of them, and every page of the console. ``--store`` names an empty PostgreSQL database; without it SQLite is
measured, in a temporary folder. ``--keep`` writes the table into ``docs/performance.md``.
"""

import asyncio
import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
import uvloop
from aiohttp.web import RouteDef
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from tests.servers import free_port

from benchmarks.gate import fill, write_config
from benchmarks.machine import facts, memory_mib
from benchmarks.people import LAPTOP, PHONE, eas_id
from benchmarks.processes import environment, prepare, python_module, serving
from benchmarks.report import devices_markdown, kept
from benchmarks.report import keep as keep_results
from mailgate.app import utc_now
from mailgate.app.service import Service
from mailgate.classify import classify
from mailgate.config import load_bundle
from mailgate.console.site import ROUTES
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.trusted_headers import Origin
from mailgate.logs import configure_logs
from mailgate.model import Access, Decision, Effect, Posture, Reason, RequestFacts, User
from mailgate.rollout.person import hash_of
from mailgate.store import EnrolledKey, Store
from mailgate.store.device_rows import SORT_COLUMNS

FEW, MANY = 1_000, 1_000_000
ASKED = 1_000
"""How many decisions are timed, each about another device that is not in memory."""
SIGHTINGS = 200_000
LAPTOPS = 10_000
"""How many browsers have enrolled; half of their people have asked for mail without the extension since."""
ROUNDS = 5
"""How often each page is asked for."""
ADDRESS, ADMIN, SECRET = "127.0.0.1", "ada", "the secret of a bench"
COLUMNS = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
SHUT = '"prohibited" in device.lists'
"""A part of the shipped rules. The plan's rules keep out every phone of one person in ten besides."""
NOT_PAGES = frozenset(
    {
        "now-stream",
        "audit-verify",
        "devices-export",
        "extension-export",
        "people",
        "login-oidc",
        "login-oidc-back",
    }
)
"""Pages that stay open, that read a whole list, that need an object, and that only redirect to a provider."""
LOOKED_AT = (
    *(f"/devices?sort={sign}{sort}" for sort in SORT_COLUMNS for sign in ("", "-")),
    *(f"/devices?state={state}" for state in ("clean", "listed", "stale", "missing", "lost")),
    *(f"/devices?app={app}" for app in ("tiktok", "webull")),
    *(f"/devices?name={name}" for name in ("person123@example.com", "person12", "nobody", eas_id(FEW))),
    *(f"/find?q={words}" for words in ("person12", "on123@", "nobody", "a")),
    *(
        "/devices?mail=kept-out&sort=person",
        "/devices?kind=phone&before=7d&sort=reported_at",
        "/devices?os=ios",
    ),
    *("/people?login=person123@example.com", "/?range=24h", "/?range=14d", "/?range=60d"),
    *("/sightings?rule=clean-handheld", "/sightings?rule=nothing", "/sightings?user=person123@example.com"),
    *(f"/extension?state={state}" for state in ("missing", "silent", "revoked")),
    *(
        f"/extension?{asked}"
        for asked in ("name=laptop9", "name=nobody", "browser=Google+Chrome+142", "heard=week")
    ),
    "/policy/rules/prohibited-app",
)
"""The addresses that are asked for besides every page whose address has nothing but its name."""


def main(
    count: Annotated[int, typer.Option(help="How many devices are stored.")] = MANY,
    store: Annotated[str, typer.Option(help="An empty PostgreSQL database; left out: SQLite.")] = "",
    keep: Annotated[bool, typer.Option(help="Write the results into their file and the docs.")] = False,
) -> None:
    """Measure, and print tables."""
    prepare()
    configure_logs("error")
    name = "PostgreSQL" if store else "SQLite"
    with (
        Progress(*COLUMNS, console=Console(stderr=True), refresh_per_second=1) as progress,
        tempfile.TemporaryDirectory(prefix="mailgate-bench-") as folder,
    ):
        found = measure(count, store or f"sqlite:///{folder}/devices.db", Path(folder), progress)
    Console().print(devices_markdown({name: found}), markup=False)
    if keep:
        keep_results("devices.json", kept("devices.json") | {name: found})


def measure(count: int, url: str, folder: Path, progress: Progress) -> dict[str, Any]:
    """Import, decide, plan, look."""

    def watch(what: str, total: int) -> Callable[[int], None]:
        task = progress.add_task(what, total=total)
        return lambda done: progress.advance(task, done)

    machine, ports = facts(), {key: f"{ADDRESS}:{free_port()}" for key in ("listen", "admin_listen")}
    admins = {ADMIN: {"token_hash": hash_of(SECRET, bytes(16)), "roles": ["viewer", "operator", "approver"]}}
    config = write_config(
        folder, {**ports, "upstream": f"http://{ADDRESS}:9", "store": url, "admins": admins}
    )
    found = {"machine": machine, "devices": count, **uvloop.run(imported(config, url, count, watch))}
    found["plan"] = plan(config, folder)
    uvloop.run(see(url, count, watch("recording sightings", min(count, SIGHTINGS))))
    uvloop.run(enrolled(url, watch("enrolling browsers", LAPTOPS)))
    found["pages"] = pages(config, ports["admin_listen"], folder, watch)
    return found


async def imported(
    config: Path, url: str, count: int, watch: Callable[[str, int], Callable[[int], None]]
) -> dict[str, Any]:
    """Import a few devices, decide about them, then import all others, and decide again."""
    now = utc_now()

    async def take(numbers: range, what: str) -> float:
        started = time.perf_counter()
        await fill(url, numbers, now, apps_of, watch(what, len(numbers)))
        return time.perf_counter() - started

    await take(range(FEW), "importing the first")
    few = await decide(config, FEW)
    before, used = peak(), time.process_time()
    seconds = await take(range(FEW, count), "importing the others")
    used, grown, known = time.process_time() - used, peak() - before, min(count, MANY // 10)
    again = await take(range(known), "importing some again")
    many = await decide(config, count)
    return {
        "import_seconds": round(seconds, 1),
        "import_processor_seconds": round(used, 1),
        "import_per_second": round((count - FEW) / seconds),
        "import_memory_growth_mib": round(grown, 1),
        "same_again_per_second": round(known / again),
        "decision_many_us": many,
        "p99_many_vs_few": round(many["p99"] / few["p99"], 2),
    }


def apps_of(number: int) -> frozenset[str]:
    """Every hundredth phone has a listed app."""
    return frozenset({"tiktok"} if number % 100 == 0 else ())


async def decide(config: Path, count: int) -> dict[str, float]:
    """Microseconds for a decision about a stored phone that was not asked about before; ``processor``: of the gate's
    processor time, with that of the store's thread."""
    service = await Service.start(config)
    passed, used = [], []
    try:
        for incoming in mail_apps(count):
            await asyncio.sleep(0)
            started, before = time.perf_counter(), time.process_time()
            access, _ = await service.gate.judge.verdict(incoming, utc_now())
            passed.append((time.perf_counter() - started) * 1e6)
            used.append((time.process_time() - before) * 1e6)
            assert access.posture.device_id
    finally:
        await service.stop()
    cuts = statistics.quantiles(passed[ASKED // 10 :], n=100)  # the first ones only warm up
    processor = statistics.median(used[ASKED // 10 :])
    return {"median": round(cuts[49]), "p99": round(cuts[98]), "processor": round(processor)}


def mail_apps(count: int) -> Iterator[Incoming]:
    origin = Origin(ADDRESS, "http", ADDRESS.encode(), ADDRESS.encode())
    for number in Random(1).sample(range(count), min(ASKED, count)):
        target = f"/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId={eas_id(number)}&DeviceType=iPhone"
        headers = {"host": ADDRESS, "user-agent": PHONE}
        facts_ = RequestFacts("POST", target, host=ADDRESS, remote=ADDRESS, headers=headers)
        yield Incoming(facts_, origin, [], [], login=None)


def peak() -> float:
    """The most memory in MiB that this process has used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plan(config: Path, folder: Path) -> dict[str, float]:
    """The seconds, processor seconds and memory of ``mailgate policy plan`` with two workers. Raises CalledProcessError."""
    candidate = folder / "candidate.yaml"
    rules = load_bundle(config).rules.texts["policy.yaml"]
    candidate.write_text(rules.replace(SHUT, f'({SHUT} || device.os_version == "18.6.1")'))
    command = [sys.executable, "-m", "mailgate", "policy", "plan", str(candidate), "--json"]
    command += ["--config", str(config), "--workers", "2"]
    before, started, most = os.times(), time.perf_counter(), 0.0
    with (
        (folder / "plan.json").open("wb") as file,
        subprocess.Popen(command, stdout=file, env=environment()) as process,
    ):
        while process.poll() is None:
            most = max(most, memory_mib([process.pid]))
            time.sleep(0.5)
    after, seconds = os.times(), time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": round(seconds, 1), "cpu_seconds": round(used, 1), "mib": round(most)}


async def see(url: str, count: int, advance: Callable[[int], None]) -> None:
    """Record that phones were let in or refused within the last day."""
    store, now = await Store.open(url), utc_now()
    facts_ = RequestFacts("POST", "/Microsoft-Server-ActiveSync", headers={"user-agent": PHONE})
    client = classify(facts_)
    for number in range(0, count, max(1, count // SIGHTINGS)):
        person = User(f"person{number}@example.com")
        store.ledger.record(Access(facts_, client, Posture(), now, person), verdict(number))
        if number % 5_000 == 0:
            await store.ledger.flush()
        advance(1)
    await store.ledger.flush()
    await store.close()


async def enrolled(url: str, advance: Callable[[int], None]) -> None:
    """Enrol browsers of laptops, which have reported within the last 18 days, and let people ask for mail on them."""
    store, now, random = await Store.open(url), utc_now(), Random(2)
    client = classify(RequestFacts(headers={"user-agent": LAPTOP}))
    for start in range(0, LAPTOPS, 500):
        people = [f"laptop{number}@example.com" for number in range(start, min(start + 500, LAPTOPS))]
        await store.enrolments.take([browser(person, now, random) for person in people])
        for person in people[::2]:
            at = now - timedelta(hours=random.uniform(0, 100))
            facts_ = RequestFacts("GET", "/", headers={"user-agent": LAPTOP}, user=person)
            store.ledger.record(Access(facts_, client, Posture(), at, User(person)), verdict(1))
        await store.ledger.flush()
        advance(len(people))
    await store.close()


def browser(person: str, now: datetime, random: Random) -> EnrolledKey:
    """The key of a browser, with what it last said."""
    said = {
        "platform": "Win32",
        "os": classify(RequestFacts(headers={"user-agent": LAPTOP})).os,
        "os_version": "10.0.22631",
        "browser": {
            "name": "Google Chrome",
            "version": f"{random.randint(138, 142)}.0.{random.randint(1, 9)}.0",
        },
        "install_type": random.choice(("admin", "admin", "normal")),
        "extension_version": random.choice(("0.1.0", "0.1.1")),
        "machine": {"serial": person},
    }
    reported = now - timedelta(hours=random.expovariate(1 / 30))
    name = hashlib.sha256(person.encode()).hexdigest()[:43]
    return EnrolledKey(
        name, f"enrolled-{name[:16]}", person, "token-1", now - timedelta(days=30), reported,
        machine=f"LT-{person[6:12]}", said=json.dumps(said),
    )  # fmt: skip


def verdict(number: int) -> Decision:
    if number % 100:
        return Decision(Effect.ALLOW, Reason.RULE_MATCHED, "clean-handheld", "p")
    return Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "p")


def pages(
    config: Path, admin: str, folder: Path, watch: Callable[[str, int], Callable[[int], None]]
) -> dict[str, Any]:
    """The milliseconds of each page of the console, one at a time."""
    bare = [
        route.path
        for route in ROUTES
        if isinstance(route, RouteDef)
        and route.method == "GET"
        and "{" not in route.path
        and route.kwargs["name"] not in NOT_PAGES
    ]
    took: dict[str, list[float]] = {address: [] for address in (*bare, *LOOKED_AT)}
    advance = watch("asking for pages", ROUNDS * len(took))
    port = int(admin.rpartition(":")[2])
    command = python_module("mailgate", "run", "--config", str(config))
    with serving(command, port, folder / "gate.log"):
        cookie = logged_in(port)
        for _ in range(ROUNDS):
            for address, taken in took.items():
                taken.append(page(port, address, cookie))
                advance(1)
    return {
        address: {"median_ms": round(statistics.median(taken), 1), "worst_ms": round(max(taken), 1)}
        for address, taken in took.items()
    }


def logged_in(port: int) -> str:
    connection = HTTPConnection(ADDRESS, port, timeout=60)
    fields = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": LAPTOP}
    form = urlencode({"name": ADMIN, "secret": SECRET})
    connection.request("POST", "/console/login", form, {**fields, "Sec-Fetch-Site": "same-origin"})
    with connection.getresponse() as answer:
        return str(answer.headers["Set-Cookie"]).partition(";")[0]


def page(port: int, address: str, cookie: str) -> float:
    """Ask once. A page that reports an error must not count as a quick one."""
    started = time.perf_counter()
    connection = HTTPConnection(ADDRESS, port, timeout=60)
    connection.request("GET", f"/console{address}", headers={"Cookie": cookie, "User-Agent": LAPTOP})
    with connection.getresponse() as answer:
        answer.read()
    connection.close()
    if answer.status >= 400:
        raise SystemExit(f"{address} answered {answer.status}")
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    typer.run(main)
