"""WeChat is prohibited from a date: planned, approved by a second admin, started, told, rolled back; each with its clicks counted."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from playwright.sync_api import Browser, expect
from tests.e2e.looks import complained
from tests.e2e.test_console import Site, opened
from tests.e2e.test_console_tasks import Hand
from tests.e2e.threads import in_a_thread
from tests.servers import patiently
from tests.unit.console.browsing import NOW, Company, company, whole
from tests.unit.console.drafted import APPS, followed, written
from tests.unit.console.phones import has, record

from mailgate.console.apps.facts import count_apps
from mailgate.console.devices.rows import catch_up
from mailgate.store.counts import AppDay
from mailgate.store.migrate import migrate, store_url

pytestmark = pytest.mark.e2e

TITLE = "Prohibit WeChat"


@dataclass
class Desk:
    """A console with two admins who are logged in."""

    ada: Site
    lin: Site
    folder: Path


async def follow(firm: Company) -> None:
    """Decide by what is in force in the store, as a gate does."""
    while True:
        await followed(firm)
        await asyncio.sleep(0.1)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Desk]:
    migrate(store_url(f"sqlite:///{folder}/mailgate.db"))
    async with company(folder, guard={"max_newly_blocked": 0}) as firm:
        await written(firm, share="100%")
        await has(
            firm,
            *(record(f"{name}1", name, "wechat") for name in ("alice", "bob", "cy")),
            record("d1", "dan"),
        )
        await catch_up(firm.store, firm.bundle, NOW)
        apps = firm.bundle.policy.catalog.apps
        for days in range(1, 25):
            at = NOW - timedelta(days=days)
            await firm.store.app_counts.keep([AppDay(at.date(), "wechat", 2, 30 - days, 0, 0, at)])
        await count_apps(firm.store, apps, NOW)
        runner = web.AppRunner(whole(firm.context))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"

        def site(name: str) -> Site:
            proved_by = firm.bundle.settings.admins[name].token_hash.get_secret_value()
            cookie = firm.context.sessions.start(name, proved_by, NOW)
            return Site(url, device="", plan="", applied="", cookie=cookie)

        following = asyncio.get_running_loop().create_task(follow(firm))
        yield Desk(site("ada"), site("lin"), folder)
        following.cancel()
        await runner.cleanup()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with in_a_thread(served(tmp_path)) as made:
        yield made


def hand(chromium: Browser, site: Site, complaints: list[str]) -> Hand:
    page = opened(chromium, site, complaints, viewport={"width": 1280, "height": 900})
    page.goto(f"{site.url}/console/")
    return Hand(page)


def confirm(hand: Hand, note: str, button: str) -> None:
    button_of = hand.page.get_by_role("main").get_by_role("button", name=button, exact=True)
    hand.page.locator("main form", has=hand.page.get_by_role("button", name=button, exact=True)).get_by_label(
        "Reason, for the audit log"
    ).fill(note)
    hand.click(button_of)


def until(hand: Hand, url: str, words: str, *, there: bool) -> None:
    """Load a page until it says something, or no longer: a gate decides by what was put in force within a second."""
    expect(hand.page.get_by_role("heading", level=1)).not_to_contain_text("?")
    for _ in patiently():
        hand.page.goto(url)
        if (words in hand.page.inner_text("main")) is there:
            return
        hand.page.wait_for_timeout(250)
    raise AssertionError(f"{words!r} is not told at {url}" if there else f"{words!r} is still told at {url}")


def test_wechat_is_planned_approved_started_and_rolled_back(
    chromium: Browser, desk: Desk, complaints: list[str]
) -> None:
    ada, lin = hand(chromium, desk.ada, complaints), hand(chromium, desk.lin, complaints)

    ada.click(ada.page.get_by_role("link", name="Apps", exact=True))
    ada.click(ada.page.get_by_role("link", name="Prohibit … WeChat"))
    expect(ada.page.get_by_text("3 people would lose mail from")).to_be_visible()
    ada.page.get_by_label("Warn from").fill("2026-12-02")
    ada.page.get_by_label("Block from").fill("2026-12-09")
    expect(ada.page.get_by_text("That leaves 7 days.")).to_be_visible()
    ada.button("Make plan")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(ada.page.get_by_text("+    stages: {warn: 2026-12-02, enforce: 2026-12-09}")).to_be_visible()
    ada.click(ada.page.get_by_role("link", name="See the plan"))
    ada.page.wait_for_url("**/policy/plans/*")
    plan = ada.page.url
    assert ada.clicks <= 4

    lin.page.goto(plan)
    confirm(lin, "looked at the names", "Approve")
    assert lin.clicks <= 1

    ada.page.goto(plan)
    confirm(ada, "legal asked", "Start this plan")
    expect(ada.page.get_by_text("Nobody has been refused yet.")).to_be_visible()
    until(ada, ada.page.url, "it is coming", there=True)
    expect(ada.page.get_by_text("Starts by itself").last).to_be_visible()
    assert ada.clicks + lin.clicks <= 9, (
        "prohibited from a date, approved, started, and everybody is told by itself"
    )
    until(ada, f"{desk.ada.url}/console/policy", f"Running, but missing in your files: {TITLE}", there=True)
    ada.click(ada.page.get_by_role("link", name="What to commit"))
    expect(ada.page.get_by_text("Commit this.")).to_be_visible()
    assert (desk.folder / "apps.yaml").read_text() == APPS

    ada.page.goto(f"{desk.ada.url}/console/policy")
    before = ada.clicks
    ada.click(ada.page.get_by_role("button", name=re.compile("^Roll back to version")))
    confirm(ada, "sent in error", "Roll back to version 2")
    until(ada, f"{desk.ada.url}/console/policy", "not in your files", there=False)
    assert ada.clicks - before <= 2
    assert complaints == []


def test_everyone_can_read_a_draft_and_the_page_of_a_rule(
    chromium: Browser, desk: Desk, complaints: list[str]
) -> None:
    page = opened(chromium, desk.ada, complaints)
    found = {}
    page.goto(f"{desk.ada.url}/console/apps")
    found["apps"] = complained(page)
    page.get_by_role("link", name="Prohibit … WeChat").click()
    found["app"] = complained(page)
    page.get_by_role("button", name="Make plan").click()
    page.get_by_role("link", name="See the plan").wait_for()
    for path in (
        page.url,
        f"{desk.ada.url}/console/policy/drafts",
        f"{desk.ada.url}/console/policy/rules/prohibited-app",
    ):
        page.goto(path)
        found[path] = complained(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
