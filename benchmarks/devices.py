"""Measures a million devices: ``make bench-devices``.

Imports them as a connector does, times decisions about phones that are not in memory with a thousand stored and with all,
a plan over all of them, and every page of the console and operation of the API that reads. ``--store`` names an empty PostgreSQL database; without it SQLite is
measured, in a temporary folder. ``--keep`` writes the table into ``docs/performance.md``.
"""

import asyncio
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
import typer
import uvloop
from aiohttp.web import RouteDef
from rich.progress import Progress
from tests.admins import admins, token
from tests.servers import free_port

from benchmarks import mixes
from benchmarks.gate import fill, write_config
from benchmarks.machine import memory_mib, of_children, peak_mib
from benchmarks.mixes import owner
from benchmarks.people import LAPTOP, PHONE, eas_id
from benchmarks.processes import Run, begun, python_module, serving
from benchmarks.report import finish, kept, of_devices
from benchmarks.transfers import answer_to
from mailgate.app import utc_now
from mailgate.app.serve import SWITCH_SECONDS, settle_memory, warm_up
from mailgate.app.service import Service
from mailgate.classify import classify
from mailgate.config import load_bundle
from mailgate.console.devices.rows import row_of
from mailgate.console.nouns import of_every_noun
from mailgate.console.site import ROUTES
from mailgate.gateway.evaluate.facts import Incoming
from mailgate.http.trusted_headers import Origin
from mailgate.logs import configure_logs
from mailgate.model import Access, Decision, Effect, Posture, Reason, RequestFacts, User
from mailgate.rollout.kept_plans import PLANNED
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, EnrolledKey, Store
from mailgate.store import schema as t
from mailgate.store.database import connecting, writes
from mailgate.store.database import prepare as prepare_store
from mailgate.store.device_rows import SORT_COLUMNS
from mailgate.store.migrate import store_url
from mailgate.store.policies import ACTIVATED, RuleTexts


def thumbprint(person: str) -> str:
    """The name of the key of this person's browser."""
    return hashlib.sha256(person.encode()).hexdigest()[:43]


Figures = dict[str, tuple[float, str]]
"""With their titles and units."""
P99 = "the same, p99"
FEW, MANY = 1_000, 1_000_000
ASKED = 1_000
"""How many decisions are timed, each about another device that is not in memory."""
START_SECONDS = 15
"""When a gate has counted and deleted what it does when it starts, which takes longer with more devices."""
SIGHTINGS = 200_000
LAPTOPS = 100_000
"""How many browsers have enrolled; half of their people have asked for mail without the extension since."""
ROUNDS = 5
ADDRESS, ADMIN = "127.0.0.1", "ada"
TOKEN = token(ADMIN)
SHUT = '"prohibited" in device.lists'
"""A part of the shipped rules. The plan's rules keep out every phone of one person in ten besides."""
ENTRIES, VERSIONS, PLANS = 20_000, 200, 20
NOT_READ = re.compile(
    "login|stream|verif|export|[.]csv|csv$|picture|patch|[/]file|html|asset|rollbacks|drafts/|making|^people |notices-one"
)
"""What stays open, what reads a whole list to save it, and what is no page, by its name or path."""
NAMED = {
    **dict.fromkeys(("name", "version", "serial"), "1"),
    "login": "person100@example.com",
    "key": "tiktok",
    "rule": "prohibited-app",
    "kind": "enforced",
    "thumbprint": thumbprint("laptop100@example.com"),
}
"""What stands for the parts of an address."""
LOOKED_AT = (
    *(f"/devices?sort={sign}{sort}" for sort in SORT_COLUMNS for sign in ("", "-")),
    *(f"/devices?state={state}" for state in ("clean", "listed", "stale", "missing", "lost")),
    *(f"/devices?name={name}" for name in ("person123@example.com", "person12", "nobody", eas_id(FEW))),
    *"""/devices?app=tiktok /devices?app=webull /devices?app=moomoo /devices?mail=kept-out&sort=person
    /devices?kind=phone&before=7d&sort=reported_at /devices?os=ios /devices?sources=disagree
    /find?q=person12 /find?q=on123@ /find?q=nobody /find?q=a
    /people?login=person100@example.com /people?login=person7@example.com /people?login=laptop100@example.com
    /?range=24h /?range=14d /?range=60d /help?which=all /help?rule=prohibited-app
    /sightings?rule=clean-handheld /sightings?rule=nothing /sightings?user=person100@example.com
    /extension?state=missing /extension?state=silent /extension?state=revoked
    /extension?name=laptop9 /extension?browser=Google+Chrome+142 /extension?heard=week
    /audit?who=ada /audit?sought=person999999 /audit?since=2026-01-01 /exemptions?whom=person100@example.com
    /policy/diff?old=1&new=2 /explain?reference={sighting} /policy/plans/{digest}?label=block&sort=-person
    /policy/plans/{digest}?name=person12 /notices/1/enforced?rule=prohibited-app&state=sent /apps/webull""".split(),
)
"""The pages that are asked for besides each by its bare address."""
ASKED_FOR = {
    "find_anything": "text=on123@",
    "list_devices": "mail=kept-out",
    "compare_versions": "old=1&new=2",
    "list_mails": "rule=prohibited-app&state=sent",
    **dict.fromkeys(("get_notice", "preview_notice"), "rule=prohibited-app"),
}
"""What operations of the API are asked with."""


def main(
    count: Annotated[int, typer.Option(help="How many devices are stored.")] = MANY,
    store: Annotated[str, typer.Option(help="An empty PostgreSQL database; left out: SQLite.")] = "",
    keep: Annotated[bool, typer.Option(help="Write the results into their file and the docs.")] = False,
) -> None:
    """Measure, and print tables."""
    configure_logs("error")
    name = "PostgreSQL" if store else "SQLite"
    with begun() as run:
        found = measure(count, store or f"sqlite:///{run.folder}/devices.db", run)
    finish("devices", of_devices, kept("devices") | {name: found}, keep)


def measure(count: int, url: str, run: Run) -> dict[str, Any]:
    """Import, decide, plan, look."""
    ports = {key: f"{ADDRESS}:{free_port()}" for key in ("listen", "admin_listen")}
    may = {"admins": admins(**{ADMIN: "viewer operator approver"})}
    config = write_config(run.folder, {**ports, **may, "upstream": f"http://{ADDRESS}:9", "store": url})
    few, figures = uvloop.run(imported(config, url, count, run.shown))
    uvloop.run(lived(url, config))
    planned = plan(config, run.folder)
    uvloop.run(asked_for_mail(url, count, run.shown))
    uvloop.run(furnished(url, config))
    many = uvloop.run(decide(config, count))
    many["p99: with all stored / with a thousand (at most 1.2 ×)"] = round(many[P99][0] / few[P99][0], 2), "×"
    return {
        "machine": f"{count:,} devices. {run.machine}",
        "figures": figures | many | planned,
        "pages": pages(config, ports["admin_listen"], url, run),
    }


async def imported(config: Path, url: str, count: int, shown: Progress) -> tuple[Figures, Figures]:
    """Import a few devices, decide about them, and then import all others."""
    now, known = utc_now(), min(count, MANY // 10)

    async def take(numbers: range, what: str) -> tuple[float, float, float]:
        """The seconds, the processor seconds, and how much the memory has grown."""
        before, used, started = peak_mib(os.getpid()), time.process_time(), time.perf_counter()
        await fill(url, numbers, now, apps_of, partial(shown.track, description=what))
        return time.perf_counter() - started, time.process_time() - used, peak_mib(os.getpid()) - before

    await take(range(FEW), "importing the first")
    few = await decide(config, FEW)
    seconds, used, grown = await take(range(FEW, count), "importing the others")
    again, *_ = await take(range(known), "importing some again")
    return few, {
        "time to import all but the first thousand": (round(seconds, 1), "s"),
        "the gate's processor time for it, SQLite's work included": (round(used, 1), "s"),
        "new devices a second": (round((count - FEW) / seconds), ""),
        "devices a second that say what is known": (round(known / again), ""),
        "memory that the import adds": (round(grown, 1), "MiB"),
    }


def apps_of(number: int) -> frozenset[str]:
    """Every hundredth phone has a listed app."""
    return frozenset({"tiktok"} if number % 100 == 0 else ())


async def decide(config: Path, count: int) -> Figures:
    """Microseconds for a decision about a stored phone that was not asked about before. The processor time is the gate's, with that of
    the store's thread. The gate is one that has run for a while, set up as its process does that."""
    service = await Service.start(config)
    passed, used = [], []
    try:
        sys.setswitchinterval(SWITCH_SECONDS)
        settle_memory()
        await warm_up(service)
        await asyncio.sleep(START_SECONDS)
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
    return {
        "decision about a phone not in memory, median": (round(cuts[49]), "µs"),
        "the same, processor time of the gate (at most 400 µs)": (round(processor), "µs"),
        P99: (round(cuts[98]), "µs"),
    }


def mail_apps(count: int) -> Iterator[Incoming]:
    origin = Origin(ADDRESS, "http", ADDRESS.encode(), ADDRESS.encode())
    for number in Random(1).sample(range(count), min(ASKED, count)):
        target = f"/Microsoft-Server-ActiveSync?Cmd=FolderSync&DeviceId={eas_id(number)}&DeviceType=iPhone"
        headers = {"host": ADDRESS, "user-agent": PHONE}
        facts_ = RequestFacts("POST", target, host=ADDRESS, remote=ADDRESS, headers=headers)
        yield Incoming(facts_, origin, [], [], login=None)


def plan(config: Path, folder: Path) -> Figures:
    """The seconds, processor seconds and memory of ``mailgate policy plan`` with two workers. Raises CalledProcessError."""
    candidate = folder / "candidate.yaml"
    rules = load_bundle(config).rules.texts["policy.yaml"]
    candidate.write_text(rules.replace(SHUT, f'({SHUT} || device.os_version == "18.6.1")'))
    command = python_module("mailgate", "policy", "plan", str(candidate), "--json", "--config", str(config))
    command += ["--workers", "2"]
    before, started, most = of_children(), time.perf_counter(), 0.0
    with (
        (folder / "plan.json").open("wb") as file,
        subprocess.Popen(command, stdout=file, env=os.environ | {"MAILGATE_ADMIN_TOKEN": TOKEN}) as process,
    ):
        while process.poll() is None:
            most = max(most, memory_mib([process.pid]))
            time.sleep(0.5)
    used, seconds = of_children() - before, time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return {
        "a plan over all devices (at most 45 s)": (round(seconds, 1), "s"),
        "its processor time, of all processes": (round(used, 1), "s"),
        "its memory, of all processes together (at most 1,024 MiB)": (round(most), "MiB"),
    }


async def asked_for_mail(url: str, count: int, shown: Progress) -> None:
    """Record that phones were let in or refused within two weeks, and enrol browsers of laptops, of which every second asks for mail."""
    store, now, random = await Store.open(url), utc_now(), Random(2)
    phone = RequestFacts("POST", "/Microsoft-Server-ActiveSync", headers={"user-agent": PHONE})
    laptop = RequestFacts(headers={"user-agent": LAPTOP})

    def asks(facts_: RequestFacts, person: str, hours: float, number: int = 1) -> None:
        at = now - timedelta(hours=random.uniform(0, hours))
        access = Access(facts_, classify(facts_), Posture(), at, User(person))
        store.ledger.record(access, LET_IN if number % 100 else REFUSED, f"REF{number}")

    every = range(0, count, max(1, count // SIGHTINGS))
    for number in shown.track(every, description="recording sightings"):
        asks(phone, owner(number), 14 * 24, number)
        if number % 5_000 == 0:
            await store.ledger.flush()
    for start in shown.track(range(0, LAPTOPS, 500), description="enrolling browsers"):
        people = [f"laptop{number}@example.com" for number in range(start, min(start + 500, LAPTOPS))]
        await store.enrolments.take([browser(person, now, random) for person in people])
        for person in people[::2]:
            asks(replace(laptop, user=person), person, 100)
        await store.ledger.flush()
    await store.close()


LET_IN = Decision(Effect.ALLOW, Reason.RULE_MATCHED, "clean-handheld", "p")
REFUSED = Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "prohibited-app", "p")


def browser(person: str, now: datetime, random: Random) -> EnrolledKey:
    """The key of a browser, with what it last said, within the last 18 days."""
    version = f"{random.randint(138, 142)}.0.{random.randint(1, 9)}.0"
    said = {
        "platform": "Win32",
        "os": "linux",
        "os_version": "10.0.22631",
        "machine": {"serial": person},
        "browser": {"name": "Google Chrome", "version": version},
        "install_type": random.choice(("admin", "admin", "normal")),
        "extension_version": random.choice(("0.1.0", "0.1.1")),
    }
    reported, name = now - timedelta(hours=random.expovariate(1 / 30)), thumbprint(person)
    return EnrolledKey(
        name, f"enrolled-{name[:16]}", person, "token-1", now - timedelta(days=30), reported,
        machine=f"LT-{person[6:12]}", said=json.dumps(said),
    )  # fmt: skip


async def lived(url: str, config: Path) -> None:
    """Start other versions of the rules and then the first again, and let the devices differ."""
    store, now, rules = await Store.open(url), utc_now(), rule_texts_of(load_bundle(config).rules)
    for number in range(VERSIONS, -1, -1):
        texts = {name: f"{text}# {number}\n" if number else text for name, text in rules.texts.items()}
        told = RuleTexts(f"p{number}" if number else rules.policy, texts)
        await store.policies.activate(told, Act(now, ADMIN, ACTIVATED, why="as agreed"))
    await store.close()
    key, old = t.reports.c.device, now - timedelta(days=90)
    unlike: Sequence[tuple[int, dict[str, Any]]] = (
        (50, {"reported_at": old, "looked_from": old}), (3, {"os": "android"}), (20, {"kind": "tablet"}), (200, {"apps": '["webull"]'}),
    )  # fmt: skip
    changed = (
        sa.update(t.reports).where(key % nth == at).values(told) for at, (nth, told) in enumerate(unlike)
    )
    written(url, *changed, sa.update(t.devices).where(t.devices.c.key % FEW == 7).values(lost_at=now))


def written(url: str, *statements: sa.Executable) -> None:
    """Execute statements that may take long, in one transaction."""
    engine = sa.create_engine(store_url(url), connect_args=connecting(store_url(url)))
    prepare_store(engine)
    with writes(engine).begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


async def furnished(url: str, config: Path) -> None:
    """Store what else a company of this size has: the row of each device in the lists, plans, and for every so many devices a request
    for help, a mail, an exemption."""
    store, now, bundle = await Store.open(url), utc_now(), load_bundle(config)
    rows = [row_of(each, bundle, now) for each in await store.devices.load(range(1, FEW + 1))]
    await store.rows.keep(rows)
    [plan], rules = await store.plans.latest(1), rule_texts_of(bundle.rules)
    for started in (plan.candidate, rules):
        await store.policies.activate(started, Act(now, ADMIN, ACTIVATED, why="as agreed"))
    made_at = now - timedelta(hours=1)
    for number in range(PLANS):
        other = replace(
            plan, digest=f"{number:064x}", author="lin", candidate=rules, movers=0, made_at=made_at
        )
        await store.plans.keep(other, Act(now, "lin", PLANNED, f"plan {other.digest}"))
    for number in range(ENTRIES):
        await store.audit.append(Act(now, ADMIN, "device-lost", f"device {number}"))
    await store.close()
    report, like = t.reports.c, t.device_rows.alias()
    lists = {each.name: like.c[each.name] for each in t.device_rows.c}
    lists |= {"device": report.device, "person": report.person}
    others = sa.select(*lists.values()).join(like, like.c.device == (report.device - 1) % FEW + 1)

    def some(table: sa.Table, nth: int, **columns: object) -> sa.Insert:
        """A row for every so many devices. A value is of the report, or the same in all; what has to be there and is left out is an
        empty text, now, or one."""
        told = {each.name: _left_out(each, now) for each in table.c if not each.nullable} | columns
        values = [
            each if isinstance(each, sa.ColumnElement) else sa.literal(each, table.c[name].type)
            for name, each in told.items()
        ]
        return sa.insert(table).from_select(list(told), sa.select(*values).where(report.device % nth == 1))

    rule, until, person = "prohibited-app", now + timedelta(days=7), report.person
    asked = {"rule": rule, "reason": rule, "subject": person, "person": person, "reference": report.id}
    mailed = {"address": person, "login": person, "kind": "enforced", "state": "sent", "about": "[]"}
    token = {"digest": sa.cast(report.id, sa.LargeBinary), "name": report.id, "expires_at": until}
    taken = {"cause": "exemption", "rule": "unproven-handheld", "until": until, "person": person}
    written(
        url,
        sa.insert(t.device_rows).from_select(list(lists), others.where(report.device > FEW)),
        sa.update(t.device_row_changes).values(number=sa.select(t.device_changes.c.number).scalar_subquery()),
        some(t.help_requests, 100, **asked),
        some(t.mails, 50, id=sa.func.replace(report.id, "-", ""), rule=rule, round=0, **mailed),
        some(t.device_findings, 200, device=report.device, reason="device-os-contradicted"),
        some(t.reliefs, 500, number=report.device, author=ADMIN, **taken),
        some(t.shut_enrolments, 500, kind="person", name=person),
        some(t.enrolment_tokens, 500, **token),
    )


def _left_out(column: sa.Column[Any], now: datetime) -> object:
    kinds = ((t.Instant, now), (sa.Integer, 1), (sa.Boolean, True))
    return next((value for kind, value in kinds if isinstance(column.type, kind)), "")


def pages(config: Path, admin: str, url: str, run: Run) -> dict[str, tuple[float, float]]:
    """The milliseconds of each page of the console, and of each operation of the API that reads: median and worst of ``ROUNDS``; the first
    answer only warms up."""
    named, port = uvloop.run(names(url)), int(admin.rpartition(":")[2])
    asked = {each: f"/console{each.format_map(named)}" for each in (*addresses(), *LOOKED_AT)}
    asked |= {f"API {each}": f"/api/v1{each.format_map(named)}" for each in operations()}
    took: dict[str, list[float]] = {each: [] for each in asked}
    with serving(python_module("mailgate", "run", "--config", str(config)), port, run.folder / "gate.log"):
        by = {"Cookie": logged_in(port), "Authorization": f"Bearer {TOKEN}", "User-Agent": LAPTOP}
        for each, path in run.shown.track([*asked.items()] * (ROUNDS + 1), description="asking for pages"):
            took[each].append(page(port, path, by))
    return {
        each: (round(statistics.median(taken), 1), round(max(taken), 1)) for each, (_, *taken) in took.items()
    }


def addresses() -> Iterator[str]:
    for route in ROUTES:
        if not isinstance(route, RouteDef) or route.method != "GET":
            continue
        if not NOT_READ.search(f"{route.kwargs['name']} {route.path}"):
            yield re.sub(r":[^{}]*}", "}", route.path)


def operations() -> Iterator[str]:
    for each in of_every_noun("api", "OPERATIONS"):
        if each.method == "GET" and not NOT_READ.search(f"{each.name} {each.path}"):
            yield f"{each.path}?{ASKED_FOR[each.name]}" if each.name in ASKED_FOR else each.path


async def names(url: str) -> dict[str, str]:
    """What stands for the parts of an address."""
    store = await Store.open(url)
    [device] = await store.devices.called(eas_id(100))
    [plan, *_] = await store.plans.latest(1)
    [seen] = await store.sightings.latest(user="person100@example.com", size=1)
    await store.close()
    return {**NAMED, "id": device.id, "device": device.id, "digest": plan.digest, "sighting": seen.id}


def logged_in(port: int) -> str:
    fields = {"Host": ADDRESS, "User-Agent": LAPTOP, "Sec-Fetch-Site": "same-origin"}
    form = "application/x-www-form-urlencoded", urlencode({"name": ADMIN, "secret": TOKEN})
    answer = answer_to(port, mixes.written("POST", "/console/login", fields, *form).encode())
    return str(answer.headers["Set-Cookie"]).partition(";")[0]


def page(port: int, path: str, fields: dict[str, str]) -> float:
    """Ask once. A page that reports an error must not count as a quick one."""
    started = time.perf_counter()
    answer = answer_to(port, mixes.written("GET", path, {"Host": ADDRESS, **fields}).encode())
    if answer.status >= 400:
        raise SystemExit(f"{path} answered {answer.status}")
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    typer.run(main)
