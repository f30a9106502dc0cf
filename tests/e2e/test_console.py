"""The console in a real Chromium: everyone can read every page, in light and dark, on a phone and on a desk."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Page, expect
from tests.admins import token
from tests.e2e.looks import (
    AXE,
    SIZES,
    Look,
    complained,
    faults,
    unreached_by_keyboard,
    unsaid_in_forced_colours,
    wrong_on_paper,
)
from tests.e2e.threads import in_a_thread
from tests.integration.gate import PHONE_RULES
from tests.unit.console.browsing import NOW, Company, company, whole
from tests.unit.console.now.test_traffic import text
from tests.unit.console.phones import asks, has, record
from tests.unit.console.written_mails import gone, written
from tests.unit.store.people import read_mail
from tests.unit.store.test_fleet import a_browser
from tests.unit.store.test_gates import BEAT

from mailgate.console.devices.rows import catch_up
from mailgate.console.site import ROUTES
from mailgate.http.cookies import CONSOLE_COOKIE as COOKIE
from mailgate.mail.recipient_list import data_scope_of, list_recipients
from mailgate.mail.topic import topic_of
from mailgate.rollout.activation import apply
from mailgate.rollout.person import Person
from mailgate.rollout.reliefs import break_glass, exempt
from mailgate.store import EnrolmentToken, HelpRequest, MailKind, MailState, NoticeKey
from mailgate.store.counts import AppDay
from mailgate.store.enrolments import digest_of
from mailgate.store.migrate import migrate, store_url

pytestmark = pytest.mark.e2e

NO_PAGES = {"devices-export", "extension-export", "now-stream", "login-oidc", "login-oidc-back"}
"""What is loaded without a look at it."""
ASKED_FOR = {"people", "policy-diff"}
"""Pages that show nothing without a query."""
IN_ONE_SCHEME: tuple[Look, ...] = tuple((width, "dark") for width in sorted({width for width, _ in SIZES}))
"""Words differ by language, and colours do not."""
PATHS = (
    *(
        f"/console{each.path}"
        for each in ROUTES
        if isinstance(each, web.RouteDef)
        and each.method == "GET"
        and "{" not in each.path
        and each.kwargs["name"] not in NO_PAGES | ASKED_FOR
    ),
    "/console/?range=60d",
    "/console/devices?name=nobody",
    "/console/devices/DEVICE",
    "/console/people?login=alice",
    "/console/people?login=cy",
    "/console/help?which=all",
    "/console/extension?state=missing&browser=Google+Chrome+142",
    "/console/extension?name=nobody",
    "/console/find?q=a",
    "/console/find?q=nobody",
    "/console/explain?reference=REF2345",
    "/console/policy/versions/1",
    "/console/policy/diff?old=1&new=2",
    "/console/notices/2/enforced?rule=prohibited-app&state=new&language=ar",
    "/console/notices/2/upcoming?rule=prohibited-app",
    "/console/notices/2/enforced?rule=prohibited-app&person=alice",
    "/console/policy/rules/prohibited-app",
    "/console/policy/plans/PLAN",
    "/console/policy/plans/PLAN?label=block&sort=-person",
    "/console/policy/plans/APPLIED/watch",
    "/console/nothing",
)

CONFIRMED = (
    ("/console/devices/DEVICE", "Forget it"),
    ("/console/policy", "Roll back to version"),
    ("/console/policy", "Turn off"),
    ("/console/policy/rules/unproven-handheld", "Turn on"),
    ("/console/policy/plans/APPLIED/watch", "Roll back to version"),
    ("/console/notices/2/enforced?rule=prohibited-app", "Write to 2 people"),
    ("/console/notices/2/enforced?rule=prohibited-app&state=unsure", "It was sent"),
    ("/console/notices/2/enforced?rule=prohibited-app&state=unsure", "Send it again"),
    ("/console/notices/2/enforced?rule=prohibited-app&state=unsure", "All of them were sent"),
    ("/console/notices/2/enforced?rule=prohibited-app&state=failed", "Send all of them again"),
    ("/console/exemptions", "Turn it off"),
    ("/console/exemptions", "Turn on"),
    ("/console/enrolment", "Revoke token"),
    ("/console/enrolment", "Revoke the key"),
)
"""Pages with a button that asks first, and how it begins."""

NO_TOOLS = {"id": "no-tools", "when": 'client.kind == "tool"', "effect": "block"}


@dataclass
class Site:
    """A console that is served in a thread of its own, and the cookie of somebody who is logged in."""

    url: str
    device: str
    plan: str
    applied: str
    cookie: str

    def path(self, path: str) -> str:
        return path.replace("DEVICE", self.device).replace("PLAN", self.plan).replace("APPLIED", self.applied)


async def fill(firm: Company) -> str:
    """Let something be there to be seen; the id of a device."""
    phones = await has(
        firm,
        *(record("a1", "alice", "tiktok"), record("b1", "bob"), record("c1", "cy", age=90)),
        record("d1", "dan", "tiktok"),
    )
    await asks(firm, phones[0], "alice")
    firm.context.verdict_rates.note({0: text()}, NOW - timedelta(minutes=70))
    for minute in range(60):
        told = {0: text(minute * (minute % 7), 20 * minute)}
        firm.context.verdict_rates.note(told, NOW - timedelta(minutes=59 - minute))
    await firm.context.verdict_rates.flush(firm.store.verdicts.add)
    await firm.store.app_counts.keep(
        [AppDay((NOW - timedelta(days=back)).date(), "tiktok", 9, 9, back, back, NOW) for back in range(9)]
    )
    await catch_up(firm.store, firm.bundle, NOW)
    await firm.context.counting.count_if_due()
    failing = {"state": "failing", "trouble": "throttled", "failing_since": NOW.isoformat()}
    firm.ready["connectors"] = {"jamf-file": firm.ready["connectors"]["jamf-file"] | failing}
    firm.ready["rules"] = firm.ready["rules"] | {"held": "7 of 200 people would lose mail"}
    for person, rule, reason in (
        ("alice", "prohibited-app", "prohibited-app"),
        ("cy", "unproven-handheld", "posture-stale"),
        ("", "prohibited-app", "prohibited-app"),
    ):
        asked = HelpRequest(
            rule, person or "REF77", person, "", reason, "REF2345", "p", bool(person), 2, NOW, NOW
        )
        await firm.store.help_requests.note(asked)
    made = EnrolmentToken("t-1", "alice", "for her phone", 1, NOW, NOW + timedelta(days=7))
    await firm.store.enrolments.add(digest_of("token"), made)
    await firm.store.enrolments.enrol(digest_of("token"), "a-thumbprint", "device-1", NOW)
    await firm.store.enrolments.take(
        [a_browser("ada", NOW, machine="LT-0001"), a_browser("bob"), a_browser("cy", NOW - timedelta(days=9))]
    )
    for person in ("bob@example.com", "dan"):
        await read_mail(firm.store, person, NOW)
    return phones[0].id


async def counted(firm: Company) -> str:
    """Put a second version in force, count whom its rule is about, and let mails about it have failed in two ways; the plan's digest."""
    rules = firm.candidate(json.dumps({"rules": [*PHONE_RULES["rules"], NO_TOOLS]}))
    firm.context.planning.start(rules, 14, Person("ada", "here"), NOW)
    assert firm.context.planning._task
    await firm.context.planning._task
    assert firm.context.planning.last
    digest = firm.context.planning.last.digest
    await apply(firm.store, digest, Person("lin", "here"), "as agreed", NOW, None)
    firm.bundle = replace(firm.bundle, rules=rules)
    for name, state in (("bea", MailState.UNSURE), ("cay", MailState.FAILED)):
        await gone(firm, (await written(firm, name, version=2))[name], state, "550")
    about = NoticeKey(2, MailKind.ENFORCED, "prohibited-app")
    topic = topic_of(rules.policy, about.version, about.rule, about.kind, NOW)
    active = await firm.store.policies.active()
    assert active
    known, book = data_scope_of(firm.bundle), "{}@example.com".format
    count = partial(list_recipients, firm.store, rules, active, topic, known, book, NOW)
    firm.context.recipient_lists.start(about, topic, count, "lin", NOW)
    assert firm.context.recipient_lists._task
    await firm.context.recipient_lists._task
    return digest


async def planned(firm: Company) -> str:
    """Plan to let nobody in, and exempt somebody; the plan's digest."""
    rules = json.dumps({"rules": [{"id": "nobody", "when": "true", "effect": "block"}]})
    firm.context.planning.start(firm.candidate(rules), 14, Person("ada", "here"), NOW)
    assert firm.context.planning._task
    await firm.context.planning._task
    lin, until = Person("lin", "here"), NOW + timedelta(days=1)
    policy = firm.bundle.policy
    await exempt(firm.store, policy, lin, "on a journey", NOW, rule="all", until=until, person="alice")
    await break_glass(firm.store, policy, lin, "too many", NOW, rule="unproven-handheld", until=until)
    assert firm.context.planning.last
    return firm.context.planning.last.digest


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Site]:
    migrate(store_url(f"sqlite:///{folder}/mailgate.db"))
    async with company(folder) as firm:
        device = await fill(firm)
        applied = await counted(firm)
        plan = await planned(firm)
        await firm.store.gates.note(BEAT)
        runner = web.AppRunner(whole(firm.context))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        proved_by = firm.bundle.settings.admins["lin"].token_hash.get_secret_value()
        cookie = firm.context.sessions.start("lin", proved_by, NOW)
        yield Site(f"http://127.0.0.1:{runner.addresses[0][1]}", device, plan, applied, cookie)
        await runner.cleanup()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with in_a_thread(served(tmp_path_factory.mktemp("console"))) as made:
        yield made


def opened(chromium: Browser, site: Site, complaints: list[str], **context: object) -> Page:
    """A browser of somebody who is logged in."""
    made = chromium.new_context(**context)  # type: ignore[arg-type]
    made.add_cookies([{"name": COOKIE, "value": site.cookie, "url": f"{site.url}/console", "httpOnly": True}])
    page = made.new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return page


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])
def test_everyone_can_read_every_page_and_reach_and_press_everything_on_it(
    unpainted: Browser, site: Site, complaints: list[str], locale: str
) -> None:
    """In both languages in every width, by a finger; in one by what is on it too: in each scheme, by axe, in forced colours, on paper and by keyboard."""
    page = opened(unpainted, site, complaints, locale=locale)
    is_whole = locale == "en-GB"
    if is_whole:
        page.add_init_script(path=AXE)
    found = {}
    for path in PATHS:
        page.goto(site.url + site.path(path))
        assert page.evaluate("document.documentElement.lang").startswith(locale[:2])
        found[path] = (
            [*unsaid_in_forced_colours(page), *wrong_on_paper(page), *unreached_by_keyboard(page)]
            if is_whole
            else []
        )
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        found[path] += [*faults(page), *complained(page)] if is_whole else faults(page, IN_ONE_SCHEME)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert [each for each in complaints if "404" not in each] == []


def test_everyone_can_read_what_a_button_asks_first(
    chromium: Browser, site: Site, complaints: list[str]
) -> None:
    page = opened(chromium, site, complaints)
    page.add_init_script(path=AXE)
    found = {}
    for path, button in CONFIRMED:
        page.goto(site.url + site.path(path))
        page.get_by_role("button", name=re.compile(f"^{button}")).first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("?")
        found[button] = [*complained(page), *unsaid_in_forced_colours(page), *unreached_by_keyboard(page)]
    assert {button: wrong for button, wrong in found.items() if wrong} == {}
    assert [each for each in complaints if "404" not in each] == []


def test_a_long_version_is_short_until_a_file_is_opened(
    chromium: Browser, site: Site, complaints: list[str]
) -> None:
    page = opened(chromium, site, complaints, viewport={"width": 390, "height": 844})
    page.goto(f"{site.url}/console/policy/versions/1")
    assert page.evaluate("document.documentElement.scrollHeight") < 2 * 844
    page.locator("summary").first.click()
    expect(page.locator("pre").first).to_be_visible()


STOPS = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary, [tabindex], iframe')]
  .filter((each) => each.checkVisibility() && each.type !== 'hidden').length"""
SEEN = """() => {
  const here = document.activeElement, style = getComputedStyle(here), box = here.getBoundingClientRect();
  return {order: [...document.querySelectorAll('*')].indexOf(here), outline: style.outlineStyle, left: box.left};
}"""


def test_the_keyboard_reaches_everything_in_its_order_and_shows_where_it_is(
    chromium: Browser, site: Site, complaints: list[str]
) -> None:
    page = opened(chromium, site, complaints, viewport={"width": 1280, "height": 800})
    for path in ("/console/", "/console/notices", "/console/devices/DEVICE"):
        page.goto(site.url + site.path(path))
        stops = []
        for _ in range(page.evaluate(STOPS)):
            page.keyboard.press("Tab")
            stops.append(page.evaluate(SEEN))
        assert [each["order"] for each in stops] == sorted({each["order"] for each in stops}), path
        assert {each["outline"] for each in stops} == {"solid"}, path
        assert min(each["left"] for each in stops) >= 0, path
        page.goto(site.url + site.path(path))
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # the skip link
        page.keyboard.press("Tab")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(
    chromium: Browser, site: Site, complaints: list[str]
) -> None:
    page = opened(chromium, site, complaints, viewport={"width": 390, "height": 844})
    page.goto(f"{site.url}/console/")
    menu, entry = page.locator("#menu"), page.get_by_role("link", name="Rules", exact=True)
    page.get_by_role("button", name="Menu").press("Enter")
    expect(entry).to_be_visible()
    page.keyboard.press("Tab")
    assert menu.evaluate("menu => menu.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(entry).to_be_hidden()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()


def test_after_an_act_the_focus_is_at_what_is_said_about_it(
    chromium: Browser, site: Site, complaints: list[str]
) -> None:
    page = opened(chromium, site, complaints)
    page.goto(f"{site.url}/console/devices/{site.device}")
    page.get_by_role("button", name="Ask the source now").press("Enter")
    expect(page.get_by_role("status")).to_be_focused()
    page.goto(f"{site.url}/console/exemptions")
    page.get_by_label("Whom").fill("nobody-at-all")
    page.get_by_label("Kind").select_option("device")
    page.get_by_label("Why; the person sees it").fill("a test")
    page.get_by_role("button", name="Let in").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()


def test_a_wrong_token_is_said_to_everyone(chromium: Browser, site: Site) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{site.url}/console/login")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Wrong name or password")
    assert complained(page) == []


def test_times_are_shown_in_the_viewers_zone(chromium: Browser, site: Site, complaints: list[str]) -> None:
    page = opened(chromium, site, complaints, timezone_id="Asia/Tokyo", locale="en-GB")
    page.clock.set_fixed_time("2026-12-03T14:59:00Z")
    page.goto(f"{site.url}/console/policy")
    shown = page.locator("main time").last
    expect(shown).to_have_text("2 days ago")
    page.clock.set_fixed_time("2026-12-24T12:00:00Z")
    page.reload()
    expect(shown).to_have_text("1 Dec, 21:00")
    expect(shown).to_have_attribute("title", re.compile(r"^Tuesday.*1 December 2026.*21:00:30 (GMT\+9|JST)$"))


def test_without_scripts_the_pages_are_whole(chromium: Browser, site: Site, complaints: list[str]) -> None:
    page = opened(chromium, site, complaints, java_script_enabled=False)
    page.goto(f"{site.url}/console/")
    expect(page.get_by_text("Reload the page for the latest.")).to_be_visible()
    page.get_by_role("link", name="People", exact=True).click()
    page.get_by_label("Person, name or id").fill("alice")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=site.device).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(site.device)


def test_an_open_page_is_kept_up_to_date(chromium: Browser, site: Site, complaints: list[str]) -> None:
    page = opened(chromium, site, complaints)
    page.goto(f"{site.url}/console/")
    expect(page.get_by_text("Updates by itself.")).to_be_visible()
    assert complaints == []


def test_somebody_logs_in_and_out_by_keyboard(chromium: Browser, site: Site, complaints: list[str]) -> None:
    page = chromium.new_context().new_page()
    page.goto(f"{site.url}/console/audit")
    name, _, secret = token("vic").partition(":")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(secret)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/console/audit$"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page).to_have_url(re.compile(r"/console/login$"))
    assert json.dumps(page.context.cookies()) == "[]"
