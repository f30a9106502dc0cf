"""A rule from its plan to its retraction, by two admins at the console, and what it is for a phone and a laptop at the public port."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import time_machine
from playwright.sync_api import Browser, Locator, Page, expect
from tests.admins import admins
from tests.e2e.console import Console
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import PASSWORD, PLAIN, MailSystem
from tests.e2e.phone import Phone
from tests.e2e.webmail import Webmail
from tests.integration.gate import wait_for
from tests.integration.moving_clock import CLOCK_STEP, move_clock
from tests.servers import PATIENCE

from mailgate.attest.mint import AttestedDevice
from mailgate.http.cookies import CONSOLE_COOKIE as COOKIE

pytestmark = pytest.mark.e2e

STAFF = admins(ada="operator approver", grace="operator approver", vic="viewer")
APART = timedelta(minutes=10)
"""From one stage to the next. Sessions at the console last longer."""
PHONE = AttestedDevice("phone-of-alice", apps=("tiktok",), user="alice")
LAPTOPS = {"id": "laptop-browser", "when": 'client.kind == "laptop"', "effect": "allow"}
REST = {"id": "everybody", "when": "true", "effect": "allow"}
BEFORE = {"rules": [LAPTOPS, REST]}
RULE = {
    "id": "prohibited-app",
    "title": "Phones with a prohibited app get no company mail",
    "when": 'client.handheld && "prohibited" in device.lists',
    "effect": "block",
    "notice": {"fix": "remove-app", "contact": "it-help@example.com"},
}


def after(**stages: str) -> dict[str, Any]:
    return {"rules": [LAPTOPS, RULE | ({"stages": stages} if stages else {}), REST]}


@pytest.fixture(scope="module")
def gate(mail: MailSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    step = {CLOCK_STEP: str(APART.total_seconds())}
    guard = {"max_newly_blocked": 0}
    folder = tmp_path_factory.mktemp("gate")
    with guarded(mail.url, folder, BEFORE, step, admins=STAFF, guard=guard) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def later(gate: GuardedWebmail) -> Iterator[Callable[[], None]]:
    """Let the next stage begin: the clocks of the gate and of this test, which proves what the phone is, move on."""
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:

        def moved_on() -> None:
            move_clock(gate.gate.process.pid)
            clock.shift(APART)

        yield moved_on


@contextmanager
def admin(chromium: Browser, gate: GuardedWebmail, who: str) -> Iterator[Console]:
    """A browser of an admin who is logged in."""
    with chromium.new_context() as context:
        console = Console(context.new_page(), "http://{}:{}".format(*gate.gate.admin))
        console.log_in(who)
        yield console


def fetched(gate: GuardedWebmail, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """What the phone gets at this path, byte for byte, but what changes with the time."""
    url = gate.url + path
    headers = gate.attestation_headers(gate.token(PHONE), method="GET", url=url)
    try:
        with urlopen(Request(url, headers=headers), timeout=PATIENCE) as answer:
            told = [each for each in answer.getheaders() if each[0] not in ("Date", "Expires", "DPoP-Nonce")]
            return answer.status, told, answer.read()
    except HTTPError as error:
        with error:
            return error.code, [], error.read()


def becomes(gate: GuardedWebmail, path: str, status: int) -> bool:
    return bool(wait_for(lambda: fetched(gate, path)[0] == status))


def in_force(gate: GuardedWebmail) -> int:
    """The number of the version that the gate decides by."""
    with urlopen("http://{}:{}/readyz".format(*gate.gate.admin), timeout=PATIENCE) as answer:
        return int(json.load(answer)["rules"]["number"])


def moved(page: Page, words: str) -> Locator:
    """How many people move so: now, and when each stage begins."""
    table = page.get_by_role("table", name="How many people it changes, and when")
    return table.get_by_role("row").filter(has_text=words).get_by_role("cell")


def test_a_rule_goes_from_its_plan_to_its_roll_back(
    chromium: Browser,
    gate: GuardedWebmail,
    iphone: Page,
    laptop: Page,
    later: Callable[[], None],
    tmp_path: Path,
) -> None:
    phone = Phone(iphone, gate)
    phone.report(PHONE.apps)
    mine, theirs = Webmail(iphone, gate.url), Webmail(laptop, gate.url)
    for each in (mine, theirs):
        each.open()
        each.log_in("alice", PASSWORD)
    style = str(iphone.evaluate("new URL(document.querySelector('link[rel=stylesheet]').href).pathname"))
    before = fetched(gate, style)
    assert before[0] == 200

    def the_laptop_reads_on() -> None:
        laptop.goto(f"{gate.url}/?_task=mail")
        expect(theirs.read(PLAIN.subject).locator("#messagebody")).to_contain_text(PLAIN.text.strip())

    with admin(chromium, gate, "ada") as ada, admin(chromium, gate, "grace") as grace:
        # ada plans a rule: the page shows whom it will hit, and when. It is beyond the guard, and she cannot approve it.
        now = datetime.now(UTC)
        stages = {"report_only": now - APART, "warn": now + APART, "enforce": now + 2 * APART}
        draft = tmp_path / "draft.json"
        draft.write_text(json.dumps(after(**{name: at.isoformat() for name, at in stages.items()})))
        plan = ada.plan_file(draft)
        expect(ada.page.locator("figure.only-wide [role=img]")).to_be_visible()
        expect(moved(ada.page, "newly without mail").nth(2)).to_contain_text("1 person")
        expect(moved(ada.page, "newly warned").nth(1)).to_contain_text("1 person")
        expect(ada.page.get_by_text("it needs 1 more approval")).to_be_visible()
        expect(ada.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
        assert ada.force(f"{plan}/approve", confirmed="yes", note="I trust myself") == 409
        assert ada.force(f"{plan}/apply", confirmed="yes", note="now") == 409
        assert fetched(gate, style) == before

        # grace approves, ada puts it in force. It only reports: not a byte is different.
        grace.approve(plan, "looked at the names")
        expect(grace.page.get_by_text("Approved by grace")).to_be_visible()
        ada.apply(plan, "as legal asked")
        assert wait_for(lambda: in_force(gate) == 2)
        ada.open("policy")
        expect(ada.page.get_by_text("watches from")).to_contain_text("now")
        assert fetched(gate, style) == before
        iphone.reload()
        mine.expect_inbox()
        the_laptop_reads_on()

        # The next stage begins: a warning comes before the mail, once.
        later()
        phone.report(PHONE.apps)
        iphone.goto(f"{gate.url}/?_task=mail")
        expect(iphone.locator("main")).to_contain_text("TikTok")
        iphone.locator("main form button").click()
        mine.expect_inbox()
        the_laptop_reads_on()

        # And the last one: no more mail on this phone.
        later()
        phone.report(PHONE.apps)
        refused = iphone.goto(f"{gate.url}/?_task=mail")
        assert refused
        assert refused.status == 403
        expect(iphone.locator("main")).to_contain_text("TikTok")
        the_laptop_reads_on()
        ada.open()
        ada.page.get_by_text("Requests, devices and gates in numbers").click()
        row = ada.page.get_by_role("row").filter(has_text=RULE["title"]).filter(has_text="No mail").first
        row.get_by_role("link", name=re.compile("show (it|them)")).click()
        latest = (
            ada.page.get_by_role("row").filter(has_text="alice").first
        )  # written a moment after it was counted
        assert wait_for(lambda: "No mail" in latest.inner_text() or ada.page.reload() is None)

        # It was sent in error. grace takes it back, and mail flows with the next request.
        grace.go_back_to(1, "sent in error")
        assert becomes(gate, style, 200)
        assert fetched(gate, style) == before
        mine.expect_inbox()  # the page goes on by itself
        the_laptop_reads_on()
        ada.open()
        ada.page.get_by_text("Requests, devices and gates in numbers").click()
        expect(ada.page.get_by_role("link", name="running version of the rules")).to_contain_text(
            "1 running version"
        )
        ada.open("audit")
        told = ada.page.get_by_role("row").filter(has_text="policy-rolled-back").first
        expect(told).to_contain_text("grace")
        expect(told).to_contain_text("sent in error")


def test_a_changed_file_is_held_planned_and_started(chromium: Browser, gate: GuardedWebmail) -> None:
    style = "/skins/elastic/styles/styles.min.css"
    assert becomes(gate, style, 200)
    with admin(chromium, gate, "ada") as ada, admin(chromium, gate, "grace") as grace:
        gate.config.with_name("policy.yaml").write_text(json.dumps(after()))
        expect(
            ada.page.get_by_text("The rules on disk are held")
        ).to_be_visible()  # the page says so by itself
        plan = ada.plan_what_is_on_disk()
        expect(moved(ada.page, "newly without mail").first).to_contain_text("1 person")
        grace.approve(plan, "as legal asked")
        assert fetched(gate, style)[0] == 200
        ada.apply(plan, "as legal asked")
        assert becomes(gate, style, 403)
        grace.go_back_to(1, "legal has changed its mind")
        assert becomes(gate, style, 200)


def test_a_viewer_may_look_and_nothing_else(chromium: Browser, gate: GuardedWebmail) -> None:
    with admin(chromium, gate, "vic") as vic:
        for path in (
            "",
            "devices",
            "policy",
            "policy/plans",
            "exemptions",
            "audit",
            "connectors",
            "enrolment",
        ):
            vic.open(path)
            expect(vic.page.get_by_role("heading", level=1)).to_be_visible()
            expect(vic.page.locator("main form[method=post]")).to_have_count(0)
        assert vic.force(f"{vic.url}/console/policy/rollback", to="1", confirmed="yes", note="mine") == 403
        assert fetched(gate, "/")[0] == 200


def test_after_a_log_out_every_copy_of_the_cookie_is_worthless(
    chromium: Browser, gate: GuardedWebmail
) -> None:
    with admin(chromium, gate, "vic") as vic:
        (kept,) = (each for each in vic.page.context.cookies() if each.get("name") == COOKIE)
        vic.log_out()
        vic.page.context.add_cookies([kept])  # type: ignore[list-item]
        vic.open("devices")
        expect(vic.page.get_by_label("Token")).to_be_visible()
