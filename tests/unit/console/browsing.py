"""The console of a small company, over a socket in a folder, and a browser for it."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from tests.admins import admins, token
from tests.integration.gate import PHONE_RULES, write_config
from tests.unit.clock import Clock

from mailgate.app.console import candidate_of
from mailgate.config import Bundle, Rules, load_bundle
from mailgate.console.connectors.reading import Progress, Readings
from mailgate.console.context import ConsoleContext
from mailgate.console.extension.facts import fleet
from mailgate.console.now.counting import AppCounting, DeviceStates
from mailgate.console.now.readiness import Readiness
from mailgate.console.now.traffic import VerdictRates
from mailgate.console.plans.planning import Planning
from mailgate.console.site import with_console
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.refusals.responses import ResponseBuilder
from mailgate.policy.reliefs import Reliefs
from mailgate.rollout.person import Person
from mailgate.rollout.plan import Plan
from mailgate.rollout.planning import plan_and_keep
from mailgate.rollout.stored_rules import rule_texts_of
from mailgate.store import Act, RuleTexts, Store, StoreError

NOW = datetime(2026, 12, 1, 12, 0, 30, tzinfo=UTC)
WHO = admins(ada="operator", lin="operator approver", vic="viewer", ann="analyst")
CONNECTORS = {"jamf-file": {"type": "file", "path": "devices.csv"}}
NOTICES = {"outbox": "out", "sender": "it-help@example.com", "domain": "example.com"}
HOST = "console.example.com"
ORIGIN = f"http://{HOST}"

NOTHING = {"waiting": 0, "refused_since": None, "error": ""}
READY: Mapping[str, Any] = {
    "ready": True,
    "version": "0.1.0",
    "workers": {"wanted": 1, "answering": 1, "missing": []},
    "gates": {"ok": 1, "taking": 0, "behind": 0, "gone": 0},
    "policy": "abcdef123456",
    "rules": {"number": 1, "serial": 1, "held": "", "off": [], "exemptions": 0, "only_report": []},
    "config": {"state": "ok", "mistakes": []},
    "clock": {"state": "unknown", "offset_seconds": None},
    "store": "ok",
    "issuers": [],
    "connectors": {
        "jamf-file": {
            "state": "ok", "trouble": "", "status": 0, "last_success": NOW.isoformat(), "last_full": None, "last_attempt": None,
            "trouble_since": None, "failing_since": None, "last_known_until": None, "running_since": None, "retrying": "",
            "retry_at": None, "next_attempt": None, "narrowed": 0, "narrows_at": None, "devices": 3, "records": 3,
            "gone": 0, "held": 0,
        }
    },
    "ledger": {"written": 12, "spooled": 0, "dropped": 0, "strangers_not_recorded": 0, **NOTHING},
    "reports": NOTHING,
    "writes": {"refused_since": None, "error": ""},
}  # fmt: skip


@dataclass
class Company:
    """The parts of a context that a test may change."""

    store: Store
    bundle: Bundle
    clock: Clock
    folder: Path
    ready: dict[str, Any] = field(default_factory=lambda: dict(READY))
    read: list[tuple[str, bool]] = field(default_factory=list)
    """The connectors that were read because somebody asked."""
    context: ConsoleContext = field(init=False)
    _reliefs: int = 0

    def __post_init__(self) -> None:
        async def readiness() -> Readiness:
            return Readiness.model_validate(self.ready, strict=False)

        async def sync(name: str, full: bool, progress: Progress) -> str:
            self.read.append((name, full))
            progress(3, 3)
            return "3 records"

        counting = AppCounting(
            self.store,
            lambda: self.bundle.policy.catalog.apps,
            self.clock,
            lambda now: fleet(self.store, self.bundle.settings, now),
        )
        counting.devices = DeviceStates(Counter(clean=2, listed=1), NOW)
        self.context = ConsoleContext(
            store=self.store,
            bundle=lambda: self.bundle,
            catch_up=self.catch_up,
            clock=self.clock,
            readiness=readiness,
            host="gate-1",
            verdict_rates=VerdictRates(),
            counting=counting,
            readings=Readings(sync),
            candidate=self.candidate,
            planning=Planning(self.plan),
            view=ResponseBuilder(Pages(), HOST, "en").view,
        )

    async def catch_up(self) -> None:
        """Take over the stored reliefs, as a running gate does (``app/changes.py``)."""
        try:
            numbers = await self.store.change_numbers()
        except StoreError:
            return
        if numbers.reliefs != self._reliefs:
            self._reliefs = numbers.reliefs
            self.bundle = self.with_reliefs(await self.store.reliefs.current(self.clock()))

    def candidate(self, policy: str | None) -> Rules:
        """The rules on disk, or with this text as their policy file."""
        return candidate_of(self.folder / "mailgate.yaml", policy)

    async def plan(
        self, candidate: Rules, days: int, who: Person, progress: Callable[[int, int], None]
    ) -> Plan:
        active = await self.store.policies.active()
        assert active
        now = self.clock()
        return await plan_and_keep(
            self.store, self.bundle.settings, active, candidate, days, 1, who, now, progress
        )

    def roles(self, **roles: str) -> None:
        """Change the roles in the settings."""
        settings = self.bundle.settings
        known = {
            name: each.model_copy(update={"roles": tuple(roles[name].split())})
            for name, each in settings.admins.items()
            if name in roles
        }
        self.bundle = replace(self.bundle, settings=settings.model_copy(update={"admins": known}))

    def with_reliefs(self, reliefs: Reliefs) -> Bundle:
        """The files with these reliefs in force."""
        return replace(self.bundle, rules=self.bundle.rules.with_reliefs(reliefs))

    def no_notices(self) -> None:
        """Remove ``notices`` from the settings."""
        settings = self.bundle.settings.model_copy(update={"notices": None})
        self.bundle = replace(self.bundle, settings=settings)

    async def acts(self) -> list[tuple[str, str, str]]:
        """The entries of the audit log: act, person, object."""
        return [(each.what, each.who, each.about) for each in await self.store.audit.page()]


BEGUN: dict[str, bytes] = {}


async def begun(path: Path, rules: RuleTexts) -> bytes:
    """The file of a store in which these rules are the first version. It is made once, at ``path``."""
    if rules.digest not in BEGUN:
        store = await Store.open(f"sqlite:///{path}")
        await store.policies.activate(rules, Act(NOW, "file", "policy-activated", why="first start"))
        await store.close()
        BEGUN[rules.digest] = path.read_bytes()
    return BEGUN[rules.digest]


@asynccontextmanager
async def company(folder: Path, **settings: Any) -> AsyncIterator[Company]:
    """A company with admins, a connector and the rules about phones, whose first version is in force."""
    (folder / "devices.csv").write_text("")
    known = {"store": "sqlite:///mailgate.db", "admins": WHO, "connectors": CONNECTORS, "notices": NOTICES}
    bundle = load_bundle(write_config(folder, "http://127.0.0.1:9", known | settings, PHONE_RULES), {})
    (folder / "mailgate.db").write_bytes(await begun(folder / "first.db", rule_texts_of(bundle.rules)))
    store = Store.beside(f"sqlite:///{folder}/mailgate.db")
    try:
        made = Company(store, bundle, Clock(NOW), folder)
        try:
            yield made
        finally:
            await made.context.planning.stop()  # a draft is planned by itself
    finally:
        await store.close()


CHEAP = "/console/find"
NOT_LOGGED_IN = "/console/login"
SILENT = ("/console/language",)
"""Forms after which no message is needed: the whole page is in another language."""


@dataclass
class Page:
    """A page that was received."""

    status: int
    text: str
    headers: Mapping[str, str]
    path: str
    led: bool = False
    """Whether another page led to it."""

    @property
    def words(self) -> str:
        """The text of the page without markup."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.text.replace("<wbr>", ""))))

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.text)
        assert found, self.text
        return found[1]


@dataclass
class Browser:
    """A browser that keeps cookies and follows redirects."""

    session: aiohttp.ClientSession
    csrf: str = ""

    async def get(self, path: str, **options: Any) -> Page:
        return await self._ask("GET", path, **options)

    async def post(self, path: str, **fields: str) -> Page:
        """Send a form of this session. Whatever it does, the page that it leads to has a message about it."""
        page = await self._ask("POST", path, data={"csrf": self.csrf} | fields)
        told = 'class="toast ' in page.text or page.path.startswith(NOT_LOGGED_IN) or path in SILENT
        assert told or not page.led, path
        return page

    async def send(self, path: str, headers: Mapping[str, str] = {}, **fields: str) -> Page:
        """Send a form that was not taken from a page."""
        return await self._ask("POST", path, data=fields, headers=headers)

    async def log_in(self, name: str, **fields: str) -> Page:
        """Log in and go on to a page that is made quickly; ``next``: to another one."""
        _, _, secret = token(name).partition(":")
        page = await self.send("/console/login", **{"name": name, "secret": secret, "next": CHEAP} | fields)
        if page.status == 200:
            self.csrf = page.csrf
        return page

    async def _ask(self, method: str, path: str, **options: Any) -> Page:
        async with self.session.request(method, ORIGIN + path, **options) as answer:
            return Page(
                answer.status, await answer.text(), answer.headers, answer.url.path_qs, bool(answer.history)
            )


@asynccontextmanager
async def serving(app: web.Application, folder: Path) -> AsyncIterator[str]:
    """Serve an application at a socket in a folder."""
    runner = web.AppRunner(app)
    await runner.setup()
    path = str(folder / "console.sock")
    await web.UnixSite(runner, path).start()
    try:
        yield path
    finally:
        await runner.cleanup()


@asynccontextmanager
async def browsing(path: str) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path)) as session:
        yield Browser(session)


def whole(context: ConsoleContext) -> web.Application:
    """An admin port with only the console."""
    return with_console(web.Application(), context)
