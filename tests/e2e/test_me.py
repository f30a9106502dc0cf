"""A person's own page in a real Chromium: everyone can read it, and it works with scripts and without."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.gate import GuardedWebmail
from tests.e2e.looks import AXE, complained, faults
from tests.e2e.mailsystem import PASSWORD
from tests.e2e.serving import QuietHandler, serving
from tests.e2e.test_pages import open_page, wrong_on_the_smallest_phone
from tests.unit.gateway.pages.own import ALLOWED, BLOCKED, NOBODY, NOW, OWN, PHONE, TABLET

from mailgate.attest.mint import AttestedDevice
from mailgate.gateway.pages.employee import AskedSource, EmployeeView, SourceResult
from mailgate.gateway.pages.render import Pages
from mailgate.model.phrase import TAGS

pytestmark = pytest.mark.e2e

VIEWS = {
    "own": OWN,
    "warned": replace(
        OWN,
        here=BLOCKED,
        known_by="device",
        devices=(
            replace(
                PHONE,
                here=True,
                verdict=replace(BLOCKED, deadline=NOW + timedelta(days=6)),
                findings=("device-owner-contradicted",),
            ),
            TABLET,
        ),
    ),
    "nobody": replace(NOBODY, login="wrong"),
    "empty": EmployeeView(here=ALLOWED, person="alice", known_by="proxy"),
}


@dataclass
class Gate:
    """A gate that shows one person's page, and what was posted to it."""

    pages: Pages
    url: str = ""
    shows: EmployeeView = OWN
    answers: tuple[AskedSource, ...] = ()
    posted: list[str] = field(default_factory=list)
    broken: bool = False

    def page(self, accept_language: str) -> tuple[str, str]:
        view = replace(self.shows, here=replace(self.shows.here, accept_language=accept_language))
        page = self.pages.me(view)
        return page.html, page.content_security_policy


def handler_of(gate: Gate) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_GET(self) -> None:
            if self.path == "/.mailgate/status":
                same = self.headers.get("If-None-Match") == gate.shows.fingerprint
                return self.answer(
                    304 if same else 200, "" if same else "{}", {"ETag": gate.shows.fingerprint}
                )
            return self.show()

        def do_POST(self) -> None:
            gate.posted.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            phone, *others = gate.shows.devices
            gate.shows = replace(gate.shows, devices=(replace(phone, asked=gate.answers), *others))
            self.show()

        def show(self) -> None:
            html, policy = gate.page(self.headers.get("Accept-Language", ""))
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
            self.answer(500 if gate.broken else 200, html, headers)

    return Handler


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate(Pages())
    with serving(handler_of(gate)) as origin:
        gate.url = f"{origin}/.mailgate/me"
        yield gate


def opened(chromium: Browser, gate: Gate, complaints: list[str], **context: Any) -> Page:
    return open_page(chromium, gate, complaints, **context)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_everyone_can_read_the_page(
    unpainted: Browser, gate: Gate, complaints: list[str], language: str
) -> None:
    page = opened(unpainted, gate, complaints, locale=language)
    page.add_init_script(path=AXE)
    found = {}
    for name, gate.shows in VIEWS.items():
        page.goto(gate.url)
        found[name] = [*faults(page), *complained(page)]
    assert found == {name: [] for name in VIEWS}
    assert complaints == []


def test_the_page_fits_the_smallest_phone_and_a_finger_in_every_language(unpainted: Browser) -> None:
    pages, told = (
        Pages(),
        lambda view, language: replace(view, here=replace(view.here, accept_language=language)),
    )
    shown = {
        f"{name} {each}": pages.me(told(view, each)).html for name, view in VIEWS.items() for each in TAGS
    }
    assert wrong_on_the_smallest_phone(unpainted, shown) == {}


def test_the_headings_are_in_a_sensible_order(chromium: Browser, gate: Gate, complaints: list[str]) -> None:
    page = opened(chromium, gate, complaints)
    page.get_by_text("What is stored, and what never is").click()
    headings = page.get_by_role("heading").all_inner_texts()
    assert headings == [
        "Your devices and company mail",
        "This browser gets company mail",
        "Your devices",
        "iPhone",
        "Android tablet",
        "What this check sees, and what it does not",
        "Stored",
        "Never stored",
        "Questions?",
    ]
    first = page.get_by_role("article", name="iPhone")
    expect(first.get_by_role("button", name="Check again")).to_have_accessible_description("iPhone")


def test_check_again_says_in_place_what_came_of_it(
    chromium: Browser, gate: Gate, complaints: list[str]
) -> None:
    page = opened(chromium, gate, complaints)
    tablet = page.get_by_role("article", name="Android tablet")
    tablet.get_by_text("Everything that is stored").click()
    gate.answers = (AskedSource(SourceResult.CLEAR, "jamf", looked_at=NOW),)
    button = page.get_by_role("article", name="iPhone").get_by_role("button", name="Check again")
    button.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("jamf saw no listed app")
    expect(page.get_by_role("article", name="iPhone")).to_contain_text("jamf saw no listed app")
    expect(button).to_be_focused()
    expect(tablet.get_by_text("tablet-1")).to_be_visible()
    assert gate.posted == [f"device={PHONE.mark}"]
    assert complaints == []


def test_a_check_that_does_not_get_through_says_so(
    chromium: Browser, gate: Gate, complaints: list[str]
) -> None:
    page = opened(chromium, gate, complaints)
    gate.broken = True
    button = page.get_by_role("article", name="iPhone").get_by_role("button", name="Check again")
    button.click()
    expect(page.get_by_role("status")).to_contain_text("We could not check.")
    expect(button).not_to_have_attribute("aria-busy", "true")


def test_without_scripts_check_again_is_a_form(chromium: Browser, gate: Gate) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(gate.url)
    gate.answers = (AskedSource(SourceResult.FOUND, "jamf", ("WeChat",), NOW),)
    page.get_by_role("article", name="iPhone").get_by_role("button", name="Check again").click()
    expect(page.get_by_role("article", name="iPhone")).to_contain_text("jamf still saw WeChat")
    assert page.url == f"{gate.url}#device-{PHONE.mark}"


def test_changes_appear_without_a_reload(chromium: Browser, gate: Gate, complaints: list[str]) -> None:
    page = opened(chromium, gate, complaints)
    with page.expect_response("**/.mailgate/status") as unchanged:
        page.clock.run_for(10_000)
    assert unchanged.value.status == 304
    clean = replace(PHONE, verdict=replace(ALLOWED, kind=PHONE.kind), asked=())
    gate.shows = replace(OWN, devices=(clean, TABLET), fingerprint='W/"def"')
    page.clock.run_for(30_000)
    expect(page.get_by_role("article", name="iPhone")).to_contain_text("Gets company mail")
    page.clock.run_for(60_000)
    assert complaints == []


def test_times_are_those_of_the_browser(chromium: Browser, gate: Gate, complaints: list[str]) -> None:
    page = opened(chromium, gate, complaints, timezone_id="America/Los_Angeles", locale="en-US")
    phone = page.get_by_role("article", name="iPhone")
    phone.get_by_text("Everything that is stored").click()
    expect(phone.get_by_text("Stored since")).to_contain_text("Oct 29, 2:00 AM")


def test_a_login_of_a_real_mail_system_opens_the_page(
    guarded_sogo: GuardedWebmail, chromium: Browser
) -> None:
    """SOGo is asked at its ActiveSync address, which the gate takes by default."""
    phone = AttestedDevice("alices-phone", user="alice", apps=("tiktok",), eas_ids=("ApplALICE0001",))
    guarded_sogo.report(phone)
    page = chromium.new_context().new_page()
    page.goto(f"{guarded_sogo.url}/.mailgate/me")
    expect(page.get_by_text("This browser has not shown who you are")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(0)

    login = {"username": "alice", "password": PASSWORD}
    page = chromium.new_context(http_credentials=login, locale="en").new_page()  # type: ignore[arg-type]
    page.goto(f"{guarded_sogo.url}/.mailgate/me")
    page.get_by_role("link", name="Log in to see all your devices").click()
    expect(page.get_by_text("You are alice: you logged in with your mail login.")).to_be_visible()
    card = page.get_by_role("article", name="iPhone")
    expect(card).to_contain_text("TikTok was found on this device")
    card.get_by_role("button", name="Check again").click()
    expect(page.get_by_role("status")).to_contain_text("We can ask nobody about this device")
