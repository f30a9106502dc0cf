"""A rule that was sent in error, from its plan to the apology, through real processes: two gates on one PostgreSQL, a
mail server, and two admins at their commands."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.request import urlopen

import aiohttp
import psycopg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.admins import admins, token
from tests.integration import commands
from tests.integration.company import Issuer, Laptop, Phone, gets, go_on, page
from tests.integration.fleet import Fleet, fleet
from tests.integration.gate import wait_for
from tests.integration.mail_sink import MailSink, mail_sink
from tests.integration.test_activesync import DEVICE, LOGIN, PATH, VERSION, MailServer, plain, post
from tests.servers import PATIENCE

STAGED, COMMANDS = 30, 40
"""Seconds from the plan to the deadline, or so many commands where the machine is busy: what ada and grace do until then takes ten."""

TITLE = "Phones with a prohibited app get no company mail"
LAPTOPS = {"id": "laptop-browser", "when": 'client.kind == "laptop"', "effect": "allow"}
REST = {"id": "everybody", "when": "true", "effect": "allow"}
BEFORE = {"rules": [LAPTOPS, REST]}


def after(deadline: datetime) -> dict[str, Any]:
    rule = {
        "id": "prohibited-app",
        "title": {"en": TITLE, "de": TITLE},
        "when": 'client.handheld && "prohibited" in device.lists',
        "effect": "block",
        "stages": {"warn": "2026-01-01", "enforce": deadline.isoformat()},
        "notice": {"fix": "remove-app", "contact": "it-help@example.com"},
    }
    return {"rules": [LAPTOPS, rule, REST]}


@dataclass
class Office:
    """Where commands are run, in the folder of one of the gates."""

    folder: Path

    def run(self, who: str, *arguments: str) -> tuple[int, str]:
        """A command of this admin: its exit code, and what it says."""
        done = commands.run(self.folder / "mailgate.yaml", *arguments, MAILGATE_ADMIN_TOKEN=token(who))
        return done.returncode, done.stdout + done.stderr

    async def told(self, who: str, *arguments: str) -> Any:
        """What a command says as JSON; it has to end well."""
        code, said = await asyncio.to_thread(self.run, who, *arguments, "--json")
        assert code == 0, said
        return json.loads(said)

    async def refused(self, who: str, *arguments: str) -> str:
        code, said = await asyncio.to_thread(self.run, who, *arguments)
        assert code == 1, said
        return said


@dataclass
class Company:
    """Everything that there is."""

    gates: Fleet
    office: Office
    mail: MailSink
    issuer: Issuer
    database: str

    @property
    def urls(self) -> list[str]:
        return [self.gates.url(number) for number in range(2)]


@pytest.fixture
def server() -> MailServer:
    return MailServer()


@pytest.fixture
async def webmail(server: MailServer) -> AsyncIterator[TestServer]:
    """Shows mail on a page, and lets a Ping hang."""

    async def inbox(_request: web.Request) -> web.Response:
        return web.Response(text="mail", headers={"X-Webmail": "1"})

    app = web.Application()
    app.router.add_get("/", inbox)
    app.router.add_route("*", PATH, server.activesync)
    async with TestServer(app, handler_cancellation=True) as running:
        yield running


@pytest.fixture
def company(webmail: TestServer, postgres: str, tmp_path: Path) -> Iterator[Company]:
    with psycopg.connect(postgres.format("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE story")
    with founded(tmp_path, str(webmail.make_url("")), postgres.format("story")) as found:
        yield found


@contextmanager
def founded(folder: Path, upstream: str, store: str) -> Iterator[Company]:
    issuer = Issuer()
    with mail_sink() as sink:
        settings = {
            "attestation": issuer.settings(folder),
            "trusted_proxies": ["127.0.0.1"],
            "admins": admins(ada="operator", grace="approver"),
            "guard": {"max_newly_blocked": 0, "approvals": 1},
            "notices": {
                "smtp": f"127.0.0.1:{sink.port}",
                "security": "none",
                "sender": "it-help@example.com",
                "domain": "example.com",
                "rate": 100_000,
            },
        }
        with fleet(folder, upstream, store, policy=BEFORE, **settings) as gates:
            yield Company(gates, Office(folder / "gate-1"), sink, issuer, store)


async def until(asked: Callable[[], Any]) -> None:
    assert await asyncio.to_thread(wait_for, asked)


def written(company: Company, languages: int) -> bool:
    """Whether the gates have written down everybody who came, and the languages of so many."""
    with psycopg.connect(company.database) as connection:
        found = connection.execute("SELECT count(*) FROM languages").fetchone()
    waiting = [json.load(urlopen(company.gates.admin(number) + "/readyz"))["ledger"] for number in range(2)]
    return bool(found and found[0] == languages and sum(each["written"] for each in waiting) >= 7)


async def test_a_mistaken_rule_is_rolled_back_and_corrected(
    company: Company, client: aiohttp.ClientSession, server: MailServer, tmp_path: Path
) -> None:
    issuer, office, urls = company.issuer, company.office, company.urls
    lin, joe = Phone(issuer, "lin", ("tiktok",), "de"), Phone(issuer, "joe", ("tiktok",), "en")
    clean = Phone(issuer, "kim", eas_ids=(DEVICE,))
    laptops = [Laptop("lin", "de"), Laptop("kim")]

    # Everybody reads mail, at either gate, and is known by it. The mail app of a clean phone waits for new mail.
    for number, device in enumerate([lin, joe, clean, *laptops, Laptop("max")]):
        assert await gets(client, urls[number % 2], device) == "mail"
    ping = asyncio.ensure_future(
        post(client, urls[0] + plain("Ping"), LOGIN | VERSION | {"X-Forwarded-User": "kim"})
    )
    await asyncio.wait_for(server.pinged.wait(), PATIENCE)
    await until(lambda: written(company, languages=2))

    # ada plans a rule. The plan names exactly whom it will hit, now and at its deadline.
    begun = monotonic()
    await office.told("ada", "audit", "list")
    seconds = max(STAGED, COMMANDS * (monotonic() - begun))
    deadline = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
    draft = tmp_path / "draft.yaml"
    draft.write_text(json.dumps(after(deadline)))
    plan = await office.told("ada", "policy", "plan", str(draft))
    assert named(plan, "warn", 0) == named(plan, "block", 1) == {"lin", "joe"}
    assert plan["newly"]["warn"]["people"] == plan["later"][0]["newly"]["block"]["people"] == 2
    assert (plan["newly"]["block"]["people"], plan["newly"]["unknown"]["people"]) == (0, 0)

    # It is beyond the guard, and takes another person than her.
    apply = ("policy", "apply", plan["digest"][:12], "--note", "as legal asked")
    assert "it needs 1 more approval" in await office.refused("ada", *apply)
    approve = ("policy", "approve", plan["digest"][:12], "--note", "looked at the names")
    assert "it takes the role approver" in await office.refused("ada", *approve)
    assert "it takes the role operator" in await office.refused("grace", *apply)
    await office.told("grace", *approve)
    assert (await office.told("ada", *apply))["number"] == 2

    # The mails about it go to exactly these, each in their language.
    await office.told("ada", "notices", "send", "prohibited-app", "--kind", "upcoming", "--yes")
    assert company.mail.recipients() == ["joe@example.com", "lin@example.com"]
    words = {str(each["To"]): text_of(each) for each in company.mail.taken}
    german, english = words["lin@example.com"], words["joe@example.com"]
    assert "Das Lesen von E-Mail im Browser eines Laptops ist nicht betroffen." in german
    assert f"{deadline:%H:%M}" in german
    assert "Reading mail in a laptop browser is not affected." in english
    assert all(
        said in each for each in (german, english) for said in (TITLE, "TikTok", "it-help@example.com")
    )

    # Until the deadline a warning comes before the mail, once for each browser, at both gates together.
    await eventually(client, urls, lin, "warning")
    kind, warning = await page(client, urls[0], lin)
    assert kind == "warning"
    assert "TikTok" in warning
    await go_on(client, urls[0], lin, warning)
    for url in (*urls, *urls):
        assert await gets(client, url, lin) == "mail"
    assert datetime.now(UTC) < deadline, "this machine is too slow for the deadline of this test"

    # The deadline passes: the phones are kept out at both gates, laptops and the clean phone are not.
    await asyncio.sleep((deadline - datetime.now(UTC)).total_seconds())
    for url in urls:
        assert [await gets(client, url, each) for each in (lin, joe, joe)] == ["refusal"] * 3
        assert [await gets(client, url, each) for each in (*laptops, clean)] == ["mail"] * 3
    assert not ping.done()

    # It was sent in error. ada takes it back, and mail flows at both gates.
    await office.told("ada", "policy", "rollback", "--note", "sent in error")
    await eventually(client, urls, lin, "mail")
    for url in urls:
        assert [await gets(client, url, each) for each in (lin, joe, clean, *laptops)] == ["mail"] * 5
    assert not ping.done()
    server.mail.set()
    assert (await ping)[0] == 200

    # Exactly these two are told that it was taken back, once.
    await until(lambda: len(company.mail.taken) >= 4)
    await office.told("ada", "notices", "correct")
    assert company.mail.recipients() == ["joe@example.com"] * 2 + ["lin@example.com"] * 2
    corrections = {str(each["To"]): text_of(each) for each in company.mail.taken[2:]}
    assert "There is nothing that you need to do." in corrections["joe@example.com"]
    assert corrections.keys() == words.keys()

    # The audit log has all of it, nobody's name, and shows that somebody has edited it.
    told = [(each["what"], each["who"]) for each in await office.told("ada", "audit", "list")]
    for act in (
        ("policy-planned", "ada"),
        ("policy-approved", "grace"),
        ("policy-activated", "ada"),
        ("notices-queued", "ada"),
        ("policy-rolled-back", "ada"),
        ("corrections-queued", "gate"),
    ):
        assert told.count(act) == 1, act
    assert (await office.told("ada", "audit", "verify"))["ok"]
    with psycopg.connect(company.database, autocommit=True) as connection:
        connection.execute("DROP TRIGGER audit_no_change ON audit")
        connection.execute("UPDATE audit SET who = 'joe' WHERE what = 'policy-approved'")
    code, said = await asyncio.to_thread(office.run, "ada", "audit", "verify")
    assert code == 1
    assert "was edited" in said


def named(plan: dict[str, Any], label: str, moment: int) -> set[str]:
    """The people who move so at the moment of this number."""
    such = (each for each in plan["examples"] if each["label"] == label)
    return {each["person"] for each in such if each["since"] <= moment <= each["until"]}


def text_of(mail: Any) -> str:
    return str(mail.get_body(["plain"]).get_content())


async def eventually(client: aiohttp.ClientSession, urls: list[str], phone: Phone, wanted: str) -> None:
    """Ask each gate until it gives the phone what is wanted."""
    async with asyncio.timeout(PATIENCE):
        for url in urls:
            while await gets(client, url, phone) != wanted:
                await asyncio.sleep(0.05)
