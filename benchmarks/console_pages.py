"""Measures how long each page of the console takes with a million devices.

``python -m benchmarks.console_pages`` starts a gate on a store that ``company_store.py`` makes, and requests every page in
turn, for some rounds. ``--store`` names an empty PostgreSQL database to do the same there. With ``--keep`` the figures
and the table in ``docs/performance.md`` are written again.
"""

import asyncio
import json
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.company_store import ADMIN, company_store, freshen, token, write_settings
from benchmarks.console_report import Page, replaced, results_of, rows_of
from benchmarks.filled_store import eas_id
from benchmarks.machine import facts
from benchmarks.postgresql_copy import copy_to
from benchmarks.processes import ROOT, free_port, leave_nothing_behind, python_module, serving
from mailgate.console.pages import ROUTES
from mailgate.store.device_rows import SORT_COLUMNS

DOCS = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results" / "console.json"
COLUMNS = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())

LOOKED_AT: tuple[tuple[str, str], ...] = (
    ("devices, a page far behind", "/devices?after={far}"),
    ("devices of a person", "/devices?name=person-123@example.com"),
    ("devices of many people, by how their names begin", "/devices?name=person-12"),
    ("devices by their id", "/devices?name={device}"),
    ("devices by an ActiveSync id", "/devices?name={eas}"),
    ("devices, a name that there is not", "/devices?name=nobody"),
    ("devices that are clean", "/devices?state=clean"),
    ("devices that have a listed app", "/devices?state=listed"),
    ("devices that are partial, far behind", "/devices?state=partial&after={far}"),
    ("devices that are stale", "/devices?state=stale"),
    ("devices that are missing", "/devices?state=missing"),
    ("devices that are lost", "/devices?state=lost"),
    ("devices with an app that many have", "/devices?app=tiktok"),
    ("devices with an app that five have", "/devices?app=moomoo"),
    ("devices with an app that nobody has", "/devices?app=webull"),
    ("devices that an app keeps out that many have", "/devices?blocked_by=tiktok"),
    ("devices that an app keeps out that five have", "/devices?blocked_by=moomoo"),
    ("devices that are phones", "/devices?kind=phone"),
    ("devices of no kind", "/devices?kind=unknown"),
    ("devices of a kind that there is not", "/devices?kind=bot"),
    ("devices, tablets with a listed app", "/devices?state=listed&kind=tablet"),
    ("devices, clean ones of a rare kind", "/devices?state=clean&kind=other"),
    ("devices, stale ones of a kind that there is not", "/devices?state=stale&kind=bot"),
    ("devices, phones that were silent for a week", "/devices?kind=phone&before=7d&sort=reported_at"),
    ("devices that are kept out, by their people", "/devices?mail=kept-out&sort=person"),
    ("devices by their listed apps, the last first", "/devices?sort=-apps"),
    ("devices with a system, by when they were looked at", "/devices?os=ios&sort=-reported_at"),
    ("devices of a source", "/devices?source={source}"),
    ("devices that are warned", "/devices?mail=warned"),
    ("devices with an app that are kept out", "/devices?app=tiktok&mail=kept-out&sort=person"),
    *(
        (f"devices by {sort}, the last first", f"/devices?sort=-{sort}")
        for sort in SORT_COLUMNS
        if sort != "apps"
    ),
    *((f"devices by {sort}", f"/devices?sort={sort}") for sort in SORT_COLUMNS),
    ("a device", "/devices/{device}"),
    ("a person", "/people?login=person-123@example.com"),
    ("find a person by the beginning of a name", "/find?q=person-12"),
    ("find a person by a part of a name", "/find?q=on-123@"),
    ("find a device by the beginning of its id", "/find?q={device}"),
    ("find what there is not", "/find?q=nobody"),
    ("find a person by a letter", "/find?q=a"),
    ("find a reference", "/find?q={reference}"),
    ("help requests, all of them", "/help?which=all"),
    ("help requests against a rule", "/help?rule=prohibited-app"),
    ("now, 24 hours", "/?range=24h"),
    ("now, 14 days", "/?range=14d"),
    ("now, 60 days", "/?range=60d"),
    ("a rule", "/policy/rules/prohibited-app"),
    ("a draft", "/policy/drafts/{draft}"),
    ("sightings of a rule that many meet", "/sightings?rule=clean-handheld"),
    ("sightings of a rule that three met", "/sightings?rule=kind-contradicted"),
    ("sightings of a rule and a reason", "/sightings?rule=unproven-handheld&reason=posture-missing"),
    ("sightings of a rule that nobody met", "/sightings?rule=nothing"),
    ("sightings of a person", "/sightings?user=person-123@example.com"),
    ("explain by a reference", "/explain?reference={reference}"),
    ("explain by a reference that there is not", "/explain?reference=nothing"),
    ("a version", "/policy/versions/3"),
    ("what differs between two versions", "/policy/diff?old=1&new=60"),
    ("a plan", "/policy/plans/{plan}"),
    ("a plan, one person", "/policy/plans/{plan}?name=person-12"),
    ("a plan, by person", "/policy/plans/{plan}?sort=person"),
    ("a plan, phones by a rule", "/policy/plans/{plan}?kind=phone&rule=prohibited-app&label=block"),
    ("a plan, who is warned", "/policy/plans/{plan}?label=warn"),
    ("a plan, a kind that it does not move", "/policy/plans/{plan}?kind=bot"),
    ("a plan before it is approved", "/policy/plans/{plan}/approve"),
    ("a plan before it is in force", "/policy/plans/{plan}/apply"),
    ("a plan in force", "/policy/plans/{running}/watch"),
    ("everybody of a plan as CSV, until it begins", "/policy/plans/{plan}/people.csv"),
    ("a plan's picture", "/policy/plans/{plan}/picture.svg"),
    ("a plan as CSV", "/policy/plans/{plan}/counts.csv"),
    ("audit, a page far back", "/audit?before=1000"),
    ("audit of one admin", "/audit?who=admin-7"),
    ("audit of somebody who did nothing", "/audit?who=nobody"),
    ("audit by what was done", "/audit?sought=policy-planned"),
    ("audit by words that many entries have", "/audit?sought=ticket"),
    ("audit by words that no entry has", "/audit?sought=nowhere"),
    ("enrolled keys, a page far behind", "/enrolment?key=c"),
    ("audit as CSV, until it begins", "/audit/export.csv"),
    ("audit as JSON lines, until it begins", "/audit/export.jsonl"),
)
"""The requested addresses besides every page whose address has nothing but its name."""
NOT_PAGES = frozenset(
    {"now-stream", "audit-verify", "devices-export", "people", "login-oidc", "login-oidc-back"}
)
"""Pages that stay open, that read a whole list, that need an object, and that only redirect to a provider."""
NOT_THERE = frozenset({"explain by a reference that there is not"})
"""The pages that correctly answer that there is nothing."""
STREAMED = "until it begins"
"""A part of the title of pages that are written while they are read."""


def main(
    count: Annotated[int, typer.Option("--devices", help="How many devices.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="How often each page is asked for.")] = 7,
    store: Annotated[str, typer.Option(help="An empty PostgreSQL database; left out: SQLite.")] = "",
    keep: Annotated[bool, typer.Option(help="Write the results to their file and the docs.")] = False,
) -> None:
    """Fill a store, start a gate, request the pages, and print a table."""
    leave_nothing_behind()
    console = Console()
    machine = facts()
    with (
        tempfile.TemporaryDirectory(prefix="mailgate-bench-") as run,
        Progress(*COLUMNS, console=Console(stderr=True), refresh_per_second=2) as progress,
    ):
        config, known = prepared(count, store, Path(run), progress)
        with started(config, Path(run)) as url:
            pages = asyncio.run(ask(url, addresses(known), rounds, progress))
    results = results_of(machine, count, "PostgreSQL" if store else "SQLite", pages)
    table = Table("page", "median", "worst", "size")
    for row in rows_of(results):
        table.add_row(*row)
    console.print(table)
    if keep:
        kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        RESULTS.write_text(json.dumps(kept | {results["store"]: results}, indent=2) + "\n")
        DOCS.write_text(replaced(DOCS.read_text("utf-8"), kept | {results["store"]: results}), "utf-8")


def prepared(count: int, store: str, run: Path, progress: Progress) -> tuple[Path, dict[str, str]]:
    """The settings of a gate on a filled store, and objects in it to request."""
    tasks: dict[str, Any] = {}

    def watch(what: str, done: int, of: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(f"filling: {what}")
        progress.update(tasks[what], completed=done, total=of)

    made = asyncio.run(company_store(count, watch=watch)).parent
    freshen(made / "mailgate.db", datetime.now(UTC))
    known = in_it(made / "mailgate.db", count)
    url = store or f"sqlite:///{made}/mailgate.db"
    if store:
        asyncio.run(copy_to(made / "mailgate.db", store, watch))
    ports = {key: f"127.0.0.1:{free_port()}" for key in ("listen", "admin_listen")}
    return write_settings(run, store=url, **ports), known


def in_it(path: Path, count: int) -> dict[str, str]:
    """One object of each kind in a store."""
    asked = {
        "device": "SELECT id FROM devices WHERE key = (SELECT max(key) / 2 + 1 FROM devices)",
        "reference": "SELECT reference FROM sightings WHERE effect = 'block' LIMIT 1",
        "plan": "SELECT digest FROM plans ORDER BY made_at DESC LIMIT 1",
        "running": "SELECT digest FROM plans ORDER BY made_at DESC LIMIT 1 OFFSET 1",
        "draft": "SELECT digest FROM drafts LIMIT 1",
        "source": "SELECT source FROM device_rows LIMIT 1",
    }
    with sqlite3.connect(path) as database:
        found = {name: str(database.execute(query).fetchone()[0]) for name, query in asked.items()}
    database.close()
    return found | {"far": f"{count * 9 // 10:012x}", "eas": eas_id(count // 2)}


def addresses(known: dict[str, str]) -> dict[str, str]:
    """The requested pages: titles, and addresses below the console."""
    bare = {
        str(route.kwargs["name"]): route.path
        for route in ROUTES
        if route.method == "GET" and "{" not in route.path and route.kwargs["name"] not in NOT_PAGES
    }
    asked = bare | dict(LOOKED_AT)
    return {title: f"/console{address.format_map(known)}" for title, address in asked.items()}


@contextmanager
def started(config: Path, run: Path) -> Iterator[str]:
    """Start a gate with these settings. Yields the address of its admin port."""
    admin = json.loads(config.read_text())["admin_listen"]
    port = int(admin.rpartition(":")[2])
    with serving(python_module("mailgate", "run", "--config", str(config)), port, run / "gate.log"):
        yield f"http://{admin}"


async def ask(url: str, asked: dict[str, str], rounds: int, progress: Progress) -> list[Page]:
    """Request each page once per round, one at a time."""
    pages = [Page(title, address) for title, address in asked.items()]
    task = progress.add_task("asking for pages", total=rounds * len(pages))
    async with aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        secret = token().partition(":")[2]
        async with session.post("/console/login", data={"name": ADMIN, "secret": secret}) as answer:
            assert re.search("<h1>Now", await answer.text()), answer.status
        for _ in range(rounds):
            for page in pages:
                await timed(session, page)
                progress.advance(task)
    return pages


async def timed(session: aiohttp.ClientSession, page: Page) -> None:
    """Request a page once. A page that reports an error must not count as a quick one."""
    started = time.perf_counter()
    async with session.get(page.address, allow_redirects=False) as answer:
        body = await (answer.content.readany() if STREAMED in page.title else answer.read())
        page.took.append((time.perf_counter() - started) * 1000)
        page.status, page.size = answer.status, len(body) + len(await answer.content.read())
    if answer.status >= 400 and not (answer.status == 404 and page.title in NOT_THERE):
        raise SystemExit(f"{page.address} answered {answer.status}")


if __name__ == "__main__":
    typer.run(main)
