"""The browser probe in a real Chromium: computers pass once, disguised handhelds are found, nobody else notices it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect
from tests.e2e.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.looks import complained
from tests.e2e.serving import QuietHandler, serving
from tests.servers import require_or_skip, running

pytestmark = pytest.mark.e2e

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
LINUX = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
INBOX = """<!doctype html><title>Inbox</title><link rel=icon href="data:,"><h1>Inbox</h1>
<a href="/file.bin" download>File</a>"""


WORKER = """self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", event => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", event => { if (event.request.mode === "navigate") event.respondWith(fetch(event.request)); });"""


@dataclass
class Upstream:
    """A webmail that keeps what it was asked."""

    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[str | None] = field(default_factory=list)


@pytest.fixture(scope="module")
def webmail() -> Iterator[Upstream]:
    kept = Upstream()

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            kept.asked.append((self.command, self.path))
            kept.cookies.append(self.headers["Cookie"])
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            headers = {"Content-Type": "text/html; charset=utf-8", "Set-Cookie": "session=abc; Path=/"}
            if self.path == "/attachment":
                headers["Content-Disposition"] = "attachment; filename=letter.html"
            if self.path == "/worker.js":
                headers["Content-Type"] = "text/javascript"
            self.answer(200, WORKER if self.path == "/worker.js" else INBOX, headers)

        def do_POST(self) -> None:
            self.do_GET()

    with serving(Handler) as kept.url:
        yield kept


@pytest.fixture(scope="module")
def gate(webmail: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    with guarded(webmail.url, tmp_path_factory.mktemp("require"), probe="require") as running:
        yield running


@pytest.fixture(scope="module")
def observer(webmail: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    with guarded(webmail.url, tmp_path_factory.mktemp("observe"), probe="observe") as running:
        yield running


@pytest.fixture(autouse=True)
def forget(webmail: Upstream) -> None:
    webmail.asked.clear()
    webmail.cookies.clear()


@contextmanager
def browsing(chromium: Browser, **how: Any) -> Iterator[Page]:
    with chromium.new_context(**({"user_agent": WINDOWS, "locale": "en"} | how)) as context:
        yield context.new_page()


@contextmanager
def disguised(chromium: Browser, agent: str, platform: str, width: int, height: int) -> Iterator[Page]:
    """A handheld that asks for the desktop site: a computer's user agent, its own screen, fingers and platform."""
    size = {"width": width, "height": height}
    with browsing(chromium, user_agent=agent, has_touch=True, viewport=size, screen=size) as page:
        tools = page.context.new_cdp_session(page)
        tools.send("Emulation.setTouchEmulationEnabled", {"enabled": True, "maxTouchPoints": 5})
        tools.send("Emulation.setUserAgentOverride", {"userAgent": agent, "platform": platform})
        yield page


@contextmanager
def forbidding(playwright: Playwright, profile: Path, what: str) -> Iterator[Page]:
    """A computer's browser whose own settings forbid every site to use ``cookies`` or ``javascript``."""
    preferences = profile / "Default" / "Preferences"
    preferences.parent.mkdir()
    preferences.write_text(json.dumps({"profile": {"default_content_setting_values": {what: 2}}}))
    with playwright.chromium.launch_persistent_context(
        profile, executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS, user_agent=WINDOWS, locale="en"
    ) as context:
        yield context.new_page()


def posts(page: Page) -> list[str]:
    """The requests of the probe from now on."""
    found: list[str] = []
    page.on(
        "request", lambda request: found.append(request.url) if "/.mailgate/probe" in request.url else None
    )
    return found


def in_inbox(page: Page) -> None:
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


def status(gate: GuardedWebmail, context: BrowserContext) -> dict[str, Any]:
    """What the gate thinks of the browser now."""
    answer: dict[str, Any] = context.pages[0].evaluate(
        "fetch('/.mailgate/status').then(answer => answer.json())"
    )
    return answer


def test_a_computer_passes_once_and_lands_where_it_wanted_to(
    chromium: Browser, gate: GuardedWebmail, webmail: Upstream
) -> None:
    with browsing(chromium) as page:
        probes = posts(page)
        page.goto(f"{gate.url}/mail?box=in&x=%2F#!/INBOX/7")
        in_inbox(page)
        assert page.url == f"{gate.url}/mail?box=in&x=%2F#!/INBOX/7"
        assert webmail.asked == [("GET", "/mail?box=in&x=%2F")]
        page.goto(f"{gate.url}/mail/2")
        page.reload()
        in_inbox(page)
        other = page.context.new_page()
        other.goto(gate.url)
        in_inbox(other)
        assert len(probes) == 1
        assert webmail.cookies == [None, "session=abc", "session=abc", "session=abc"]
        (cookie,) = (c for c in page.context.cookies() if c["name"] == "mailgate-probe")
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
        client = status(gate, page.context)["client"]
        assert (client["kind"], client["assurance"], client["probed"]) == ("laptop", "consistent", True)


def test_a_page_that_a_service_worker_asks_for_is_probed_like_any_other(
    playwright: Playwright, gate: GuardedWebmail, webmail: Upstream, tmp_path: Path
) -> None:
    """In the whole Chromium, with a profile of its own, whose user agent it is: a service worker has none of the page's."""
    arguments = [*CHROMIUM_ARGUMENTS, f"--user-agent={LINUX}"]
    with playwright.chromium.launch_persistent_context(
        tmp_path, executable_path=CHROMIUM, args=arguments, locale="en"
    ) as context:
        page = context.new_page()
        page.goto(f"{gate.url}/mail")
        in_inbox(page)
        page.evaluate(
            "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready)"
            ".then(() => navigator.serviceWorker.controller || new Promise(done => {"
            " navigator.serviceWorker.oncontrollerchange = done }))"
        )
        page.context.clear_cookies(name="mailgate-probe")
        page.evaluate("sessionStorage.clear()")  # where the probe keeps that it was here a moment ago
        probes = posts(page)
        webmail.asked.clear()
        page.goto(f"{gate.url}/mail/2")
        in_inbox(page)
        assert (len(probes), webmail.asked) == (1, [("GET", "/mail/2")])


def test_firefox_passes_too(gate: GuardedWebmail, webmail: Upstream, tmp_path: Path) -> None:
    require_or_skip("firefox-esr")
    command = ["firefox-esr", "--headless", "--no-remote", "--profile", tmp_path, f"{gate.url}/mail?box=in#7"]
    with running(command, ready=lambda: webmail.asked, log=tmp_path / "log"):
        assert webmail.asked[0] == ("GET", "/mail?box=in")
    *_, line = (record for record in gate.gate.records() if record.get("event") == "probed")
    assert (line["found"], line["os"]) == ("desktop", "linux")


@pytest.mark.parametrize(
    ("agent", "platform", "width", "height", "kind", "words"),
    [
        (MAC, "MacIntel", 1024, 1366, "tablet", "Company mail is paused on this tablet"),
        (MAC, "MacIntel", 390, 844, "phone", "Company mail is paused on this phone"),
        (LINUX, "Linux armv81", 412, 915, "phone", "Company mail is paused on this phone"),
        (LINUX, "Linux x86_64", 412, 915, "phone", "Company mail is paused on this phone"),
        (LINUX, "Linux aarch64", 800, 1280, "tablet", "Company mail is paused on this tablet"),
        (WINDOWS, "Linux armv8l", 412, 915, "phone", "Company mail is paused on this phone"),
    ],
    ids=["ipad", "iphone", "chrome-phone", "phone-that-hides-its-platform", "firefox-tablet", "as-windows"],
)
def test_a_handheld_in_disguise_is_found_and_refused(
    chromium: Browser,
    gate: GuardedWebmail,
    webmail: Upstream,
    agent: str,
    platform: str,
    width: int,
    height: int,
    kind: str,
    words: str,
) -> None:
    with disguised(chromium, agent, platform, width, height) as page:
        page.goto(f"{gate.url}/mail")
        expect(page.get_by_role("heading", level=1)).to_have_text(words)
        assert webmail.asked == []
        said = status(gate, page.context)
        assert (said["client"]["kind"], said["client"]["handheld"]) == (kind, True)
        assert said["client"]["findings"] == ["kind-contradicted"]
        assert said["verdict"]["rule"] == "unproven-handheld"
        assert page.evaluate("fetch('/api/mails').then(answer => answer.status)") == 403
        assert webmail.asked == []


@pytest.mark.parametrize(
    ("agent", "platform"), [(WINDOWS, "Win32"), (LINUX, "Linux x86_64")], ids=["windows", "linux"]
)
def test_a_laptop_with_a_touch_screen_is_a_laptop(
    chromium: Browser, gate: GuardedWebmail, agent: str, platform: str
) -> None:
    with disguised(chromium, agent, platform, 1366, 768) as page:
        # Chromium's emulation of touch hides the mouse: give it back, as it is on such a laptop.
        page.add_init_script(
            """Object.defineProperty(Navigator.prototype, "maxTouchPoints", {get: () => 10});
            window.matchMedia = query => ({matches: /fine|hover: hover/.test(query)});"""
        )
        page.goto(gate.url)
        in_inbox(page)
        assert status(gate, page.context)["client"]["kind"] == "laptop"


def test_an_observing_probe_only_notes_a_disguised_handheld(
    chromium: Browser, observer: GuardedWebmail
) -> None:
    with disguised(chromium, MAC, "MacIntel", 1024, 1366) as page:
        page.goto(observer.url)
        in_inbox(page)
        client = status(observer, page.context)["client"]
        assert (client["kind"], client["findings"]) == ("laptop", ["kind-contradicted"])


def test_a_copied_cookie_is_worth_nothing_under_another_user_agent(
    chromium: Browser, gate: GuardedWebmail
) -> None:
    with browsing(chromium) as page:
        page.goto(gate.url)
        in_inbox(page)
        copied = page.context.cookies()
    for agent, first in ((WINDOWS, "Inbox"), (MAC, "One moment, please")):
        with browsing(chromium, user_agent=agent, java_script_enabled=False) as page:
            page.context.add_cookies(copied)  # type: ignore[arg-type]
            page.goto(gate.url)
            expect(page.get_by_role("heading", level=1)).to_have_text(first)


def test_only_page_loads_of_a_browser_are_probed(
    chromium: Browser, gate: GuardedWebmail, webmail: Upstream
) -> None:
    with browsing(chromium) as page:
        page.route("**/start", lambda route: route.fulfill(body=INBOX, content_type="text/html"))
        page.goto(f"{gate.url}/start")
        probes = posts(page)
        fetched = page.evaluate("fetch('/api', {headers: {Accept: 'text/html'}}).then(a => a.text())")
        assert "Inbox" in fetched
        assert page.evaluate("fetch('/api', {method: 'POST', body: 'x'}).then(a => a.status)") == 200
        with page.expect_download() as started:
            page.get_by_text("File").click()
        assert "Inbox" in Path(started.value.path()).read_text()
        page.evaluate(
            """() => { const frame = document.createElement("iframe"); frame.src = "/framed"; document.body.append(frame);
            return new Promise(done => frame.onload = done); }"""
        )
        expect(page.frame_locator("iframe").get_by_role("heading")).to_have_text("Inbox")
        with page.expect_navigation():
            page.evaluate(
                """() => { const form = document.createElement("form"); form.method = "post"; form.action = "/sent";
                document.body.append(form); form.submit(); }"""
            )
        in_inbox(page)
        assert probes == []
    assert [path for _, path in webmail.asked] == ["/api", "/api", "/file.bin", "/framed", "/sent"]


def test_a_file_opened_first_is_downloaded_and_the_page_says_so(
    chromium: Browser, gate: GuardedWebmail
) -> None:
    """That an address leads to a file only its answer says."""
    with browsing(chromium) as page:
        with page.expect_download() as started:
            page.goto(f"{gate.url}/attachment")
        assert "Inbox" in Path(started.value.path()).read_text()
        expect(page.get_by_role("status")).to_contain_text("it is being downloaded now")
        page.goto(gate.url)
        in_inbox(page)


@pytest.mark.parametrize("agent", ["curl/8.15.0", WINDOWS])
def test_a_program_is_never_answered_by_the_probe(gate: GuardedWebmail, agent: str) -> None:
    connection = HTTPConnection(urlsplit(gate.url).netloc)
    connection.request("GET", "/mail", headers={"User-Agent": agent, "Accept": "*/*"})
    assert b"One moment" not in connection.getresponse().read()
    connection.close()


def test_without_cookies_it_does_not_go_round_in_circles(
    chromium: Browser, gate: GuardedWebmail, webmail: Upstream
) -> None:
    with browsing(chromium) as page:
        probes = posts(page)
        page.route("**/.mailgate/probe", lambda route: route.fulfill(json={}))  # its cookie is lost
        page.goto(f"{gate.url}/mail")
        expect(page.get_by_role("alert")).to_contain_text("does not keep cookies")
        assert len(probes) == 1
        page.unroute("**/.mailgate/probe")
        page.get_by_role("link", name="Try again").click()
        in_inbox(page)
    assert webmail.asked == [("GET", "/mail")]


def test_a_browser_whose_cookies_are_off_is_told_at_once(
    playwright: Playwright, gate: GuardedWebmail, tmp_path: Path
) -> None:
    with forbidding(playwright, tmp_path, "cookies") as page:
        probes = posts(page)
        page.goto(gate.url)
        expect(page.get_by_role("alert")).to_contain_text("does not keep cookies")
        assert probes == []


def test_a_check_that_does_not_get_through_can_be_tried_again(
    chromium: Browser, gate: GuardedWebmail
) -> None:
    with browsing(chromium) as page:
        page.route("**/.mailgate/probe", lambda route: route.abort())
        page.goto(f"{gate.url}/mail#7")
        expect(page.get_by_role("alert")).to_contain_text("We could not check")
        page.unroute("**/.mailgate/probe")
        page.get_by_role("link", name="Try again").click()
        in_inbox(page)
        assert page.url.endswith("/mail#7")


def test_without_scripts_it_says_what_to_do(
    playwright: Playwright, gate: GuardedWebmail, tmp_path: Path
) -> None:
    with forbidding(playwright, tmp_path, "javascript") as page:
        page.goto(f"{gate.url}/mail")
        told = page.locator("noscript p")  # a locator by text passes over noscript
        expect(told).to_be_visible()
        expect(told).to_contain_text("JavaScript is turned off for this page")
        expect(page.get_by_role("link", name="Try again")).to_be_visible()
        expect(page.get_by_role("button")).to_have_count(0)


def test_an_observing_probe_refuses_nobody_without_scripts(
    chromium: Browser, observer: GuardedWebmail, webmail: Upstream
) -> None:
    with browsing(chromium, java_script_enabled=False) as page:
        page.goto(f"{observer.url}/mail?box=a%26b")
        page.get_by_role("button", name="Continue to mail").click()
        in_inbox(page)
        page.goto(f"{observer.url}/mail/2")
        in_inbox(page)
    assert webmail.asked == [("GET", "/mail?box=a%26b"), ("GET", "/mail/2")]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_everyone_can_read_the_probe(
    chromium: Browser, observer: GuardedWebmail, complaints: list[str], language: str
) -> None:
    with browsing(chromium, locale=language) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None
        )
        page.route("**/.mailgate/probe", lambda route: route.abort())
        page.goto(observer.url)
        expect(page.get_by_role("alert")).not_to_have_text("")
        assert complained(page) == []
        assert page.evaluate("getComputedStyle(document.body).direction") == (
            "rtl" if language == "ar" else "ltr"
        )
    assert complaints == []


def test_a_finding_of_the_probe_is_counted_and_logged(chromium: Browser, observer: GuardedWebmail) -> None:
    with disguised(chromium, MAC, "MacIntel", 1024, 1366) as page:
        page.goto(observer.url)
        in_inbox(page)
    metrics = urlopen(f"http://{observer.gate.admin[0]}:{observer.gate.admin[1]}/metrics").read().decode()
    assert 'mailgate_probes_total{result="shown"}' in metrics
    assert 'mailgate_probes_total{result="tablet"}' in metrics
    *_, line = (record for record in observer.gate.records() if record.get("event") == "probed")
    told = {name: line[name] for name in ("found", "by", "os", "mode")}
    assert told == {"found": "tablet", "by": "mac-with-touch", "os": "macos", "mode": "observe"}
