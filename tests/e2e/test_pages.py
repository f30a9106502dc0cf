"""The pages in a real Chromium: they load nothing, everyone can read them, and they go on by themselves."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.looks import AXE, complained, faults
from tests.e2e.serving import QuietHandler, serving
from tests.unit.gateway.pages.own import OWN

from mailgate.gateway.pages.render import Pages
from mailgate.gateway.pages.view import ExactCause, View
from mailgate.model import Effect, Kind, Reason
from mailgate.model.phrase import TAGS

pytestmark = pytest.mark.e2e

NOW = datetime(2026, 12, 9, 9, tzinfo=UTC)
BLOCKED = View(
    reason=Reason.PROHIBITED_APP,
    reference="7f3a91c25e08",
    now=NOW,
    apps=("TikTok", "WeChat"),
    os="ios",
    kind=Kind.PHONE,
    rule_title="Phones and tablets with a prohibited app get no company mail",
    deadline=NOW + timedelta(days=6),
    contact="it-help@example.com",
    host="mail.example.com",
    return_url="/mail?folder=inbox",
    help_ticket="1.ticket",
    continue_url="/.mailgate/continue",
)
VIEWS = {
    "refusal": BLOCKED,
    "warning": replace(BLOCKED, effect=Effect.WARN, os="android"),
    "error": replace(BLOCKED, reason=Reason.UPSTREAM_UNREACHABLE, status=502, rule_title=""),
    "help": BLOCKED,
}


@dataclass
class Gate:
    """A gate that refuses until it is told otherwise, and counts what it is asked for."""

    pages: Pages
    url: str = ""
    shows: str = "refusal"
    mail_open: bool = False
    status: dict[str, Any] | None = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)

    def status_json(self) -> str:
        effect = "allow" if self.mail_open else VIEWS[self.shows].effect.value
        return json.dumps(
            {"verdict": {"effect": effect, "reason": "prohibited-app", "rule": "r"} | (self.status or {})}
        )

    def page(self, accept_language: str) -> tuple[str, dict[str, str]]:
        if self.mail_open:
            return "<!doctype html><title>Inbox</title><link rel=icon href='data:,'><h1>Inbox</h1>", {}
        view = replace(VIEWS[self.shows], accept_language=accept_language)
        page = self.pages.page(self.shows, view)
        return page.html, {"Content-Security-Policy": page.content_security_policy}


def handler_of(gate: Gate) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            gate.asked[path] += 1
            if path != "/.mailgate/status":
                body, headers = gate.page(self.headers.get("Accept-Language", ""))
                self.answer(200, body, {"Content-Type": "text/html; charset=utf-8"} | headers)
            elif gate.status is None:
                self.answer(502, "out of order", {})
            else:
                self.answer(200, gate.status_json(), {"Content-Type": "application/json"})

        def do_POST(self) -> None:
            if self.path == "/.mailgate/recheck":
                said = json.dumps({"said": "intune still saw TikTok."})
                return self.answer(200, said, {"Content-Type": "application/json"})
            gate.mail_open = self.path == "/.mailgate/continue"
            return self.answer(303, "", {"Location": "/mail?folder=inbox"})

    return Handler


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate(Pages())
    with serving(handler_of(gate)) as origin:
        gate.url = f"{origin}/mail?folder=inbox"
        yield gate


def open_page(chromium: Browser, gate: Gate, complaints: list[str], **context: Any) -> Page:
    page = chromium.new_context(**context).new_page()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.clock.install(time=NOW)
    page.goto(gate.url)
    return page


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_everyone_can_read_each_page(
    unpainted: Browser, gate: Gate, complaints: list[str], language: str, direction: str
) -> None:
    page = open_page(unpainted, gate, complaints, locale=language)
    page.add_init_script(path=AXE)
    found = {}
    for gate.shows in VIEWS:
        page.goto(gate.url)
        assert page.evaluate("getComputedStyle(document.body).direction") == direction
        found[gate.shows] = [*faults(page), *complained(page)]
    assert found == {shows: [] for shows in VIEWS}
    assert complaints == []


@pytest.mark.parametrize("language", ["de", "ar"])
def test_everyone_can_read_every_cause_and_way(unpainted: Browser, gate: Gate, language: str) -> None:
    page = unpainted.new_context(locale=language).new_page()
    told = replace(
        BLOCKED, reason=Reason.POSTURE_PARTIAL, apps=(), accept_language=language, laptops_open=True
    )
    for cause in ExactCause:
        view = replace(told, cause=cause, os="android", choices=("laptop", "reporter", "company-phone"))
        page.set_content(gate.pages.page("refusal", view).html)
        assert complained(page) == []


_SMALL = """() => [...document.querySelectorAll('a, button, summary, input:not([type=hidden]), textarea')]
  .filter((each) => each.checkVisibility())
  .filter((each) => getComputedStyle(each).display !== 'inline')
  .map((each) => [each.outerHTML, each.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < 24 || height < 24)
  .map(([html]) => html)"""
_INLINE = """() => [...document.querySelectorAll('a')]
  .filter((each) => getComputedStyle(each).display === 'inline')
  .filter((each) => each.parentElement.textContent.trim() === each.textContent.trim())
  .map((each) => each.outerHTML)"""
"""Links in a sentence may be as small as its text (WCAG 2.2, 2.5.8); these stand alone."""
ANSWERED = replace(
    BLOCKED, asked_at=NOW, asked_words="It is gone.", answered_at=NOW, answer="Open it once.", looked_at=NOW
)


def wrong_on_the_smallest_phone(chromium: Browser, pages: Mapping[str, str]) -> dict[str, list[str]]:
    """Which of these pages are wider than it, or have what is too small for a finger, with everything opened."""
    page = chromium.new_context(viewport={"width": 320, "height": 568}).new_page()
    found = {}
    for name, html in pages.items():
        page.set_content(html)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        wide = page.evaluate("document.documentElement.scrollWidth")
        found[name] = [
            *page.evaluate(_SMALL),
            *page.evaluate(_INLINE),
            *([f"{wide} wide"] if wide > 320 else []),
        ]
    return {name: wrong for name, wrong in found.items() if wrong}


def test_each_page_fits_the_smallest_phone_and_a_finger_in_every_language(unpainted: Browser) -> None:
    pages, shown = Pages(), {}
    for language in TAGS:
        for name, view in VIEWS.items():
            shown[f"{name} {language}"] = pages.page(name, replace(view, accept_language=language)).html
        shown[f"answered {language}"] = pages.page(
            "refusal", replace(ANSWERED, accept_language=language)
        ).html
        here = replace(BLOCKED, accept_language=language)
        shown[f"own {language}"] = pages.me(replace(OWN, here=here, codes=True, sign_in=True)).html
    assert wrong_on_the_smallest_phone(unpainted, shown) == {}


def test_the_page_goes_on_once_the_device_is_clean(
    chromium: Browser, gate: Gate, complaints: list[str]
) -> None:
    page = open_page(chromium, gate, complaints)
    for _ in range(3):
        with page.expect_response("**/.mailgate/status"):
            page.clock.run_for(10_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Company mail is paused on this phone")
    gate.mail_open = True
    page.clock.run_for(30_000)
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    assert page.url == gate.url
    assert complaints == []


def test_a_click_checks_at_once_and_says_what_came_of_it(
    chromium: Browser, gate: Gate, complaints: list[str]
) -> None:
    page = open_page(chromium, gate, complaints)
    check, said = page.get_by_role("link", name="Check again"), page.get_by_role("status")
    check.press("Enter")
    expect(said).to_contain_text("Nothing has changed yet. intune still saw TikTok.")
    gate.status = None
    check.click()
    expect(said).to_contain_text("We could not check.")
    gate.status = {}
    gate.mail_open = True
    check.click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def test_without_scripts_check_again_is_a_link(chromium: Browser, gate: Gate) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(gate.url)
    expect(page.get_by_text("This page also checks by itself")).to_be_hidden()
    gate.mail_open = True
    page.get_by_role("link", name="Check again").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    assert gate.asked["/.mailgate/status"] == 0


def test_another_cause_is_shown_by_itself(chromium: Browser, gate: Gate, complaints: list[str]) -> None:
    page = open_page(chromium, gate, complaints)
    with page.expect_response("**/.mailgate/status"):
        page.clock.run_for(5_000)
    gate.status = {"reason": "posture-stale"}
    with page.expect_navigation():
        page.clock.run_for(20_000)


def test_a_status_that_disagrees_reloads_the_page_only_once(
    chromium: Browser, gate: Gate, complaints: list[str]
) -> None:
    gate.status = {"effect": "allow"}
    page = open_page(chromium, gate, complaints)
    with page.expect_navigation():
        page.clock.run_for(5_000)
    for _ in range(3):
        with page.expect_response("**/.mailgate/status"):
            page.clock.run_for(8_000)
    assert gate.asked["/mail"] == 2


def test_the_place_inside_the_webmail_is_kept(chromium: Browser, gate: Gate, complaints: list[str]) -> None:
    gate.url += "#!/INBOX/7"
    page = open_page(chromium, gate, complaints)
    gate.mail_open = True
    page.clock.run_for(5_000)
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    assert page.url == gate.url


def test_a_warning_is_read_and_passed(chromium: Browser, gate: Gate, complaints: list[str]) -> None:
    gate.shows = "warning"
    page = open_page(chromium, gate, complaints, timezone_id="America/Los_Angeles", locale="en-US")
    expect(page.locator("time")).to_have_text("Tue, Dec 15, 1:00 AM")
    page.get_by_role("button", name="Continue to mail").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    assert complaints == []
