"""The companion extension in a real Chromium, and commands of an admin."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from playwright.sync_api import BrowserContext, Page, Playwright, Worker, expect
from tests.e2e.chromium import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.e2e.gate import GuardedWebmail
from tests.integration.commands import output_of

from mailgate.cli.extension_files import Browser, Fit, manifest_for, packed

EXTENSION = Path(__file__).parents[3] / "extension"
OF_EXTENSIONS = "chrome://extensions/strings.m.js"
"""A file of the browser's own page of extensions, which may do what the page does. To draw the page itself takes most of a second."""
NO_UPDATES = "--disable-background-networking"
"""The argument of other tests by which Chromium looks for no versions of extensions either."""
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)


AFTER_AN_OUTAGE = """async (seconds) => {
  const { storage, declarativeNetRequest } = globalThis.browser ?? chrome;
  await storage.session.clear();
  const rules = await declarativeNetRequest.getSessionRules();
  await declarativeNetRequest.updateSessionRules({ removeRuleIds: rules.map(({ id }) => id) });
  const { memory } = await storage.local.get("memory");
  const away = seconds ? { phase: "away", failures: 9, retryAt: Date.now() + seconds * 1000, trouble: null } : {};
  await storage.local.set({ memory: { ...memory, ...away } });
}"""
SEEN = """() => {
  window.seen = [];
  const headline = document.getElementById("headline");
  new MutationObserver(() => window.seen.push(headline.textContent)).observe(headline, { childList: true });
}"""
"""From then on, ``seen`` has every headline."""


def admin(gate: GuardedWebmail, *command: str) -> str:
    """The output of a ``mailgate`` command on the store of this gate."""
    return output_of(gate.config, *command).strip()


def packaged(directory: Path, origin: str, browser: Browser = "chromium", **more: bool) -> Path:
    """The company's own package, unpacked, which may speak to ``origin`` from the start. ``more``: fields of ``Fit``."""
    fit = Fit(origin=origin, **more)  # type: ignore[arg-type]
    with ZipFile(BytesIO(packed(manifest_for(browser, fit)))) as archive:
        archive.extractall(directory)
    return directory


def extension_id(directory: Path) -> str:
    """The id that Chromium gives an unpacked extension: the hash of its path, in letters from a to p."""
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:32]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest)


@dataclass
class Companion:
    """A Chromium with the extension in it."""

    context: BrowserContext
    base: str

    @property
    def worker(self) -> Worker:
        running = [each for each in self.context.service_workers if each.url.startswith(self.base)]
        return running[0] if running else self.context.wait_for_event("serviceworker")

    def page(self, path: str) -> Page:
        page = self.context.new_page()
        page.goto(f"{self.base}/{path}")
        return page

    def allow(self, pattern: str) -> None:
        """Allow this as the browser's own page of extensions does, so that it does not ask when "Connect" is chosen: a
        test cannot click on its question."""
        page = self.context.new_page()
        page.goto(OF_EXTENSIONS)
        page.evaluate(
            "([id, pattern]) => chrome.developerPrivate.addHostPermission(id, pattern)",
            [self.base.removeprefix("chrome-extension://"), pattern],
        )
        page.close()

    def popup(self) -> Page:
        return self.page("popup/popup.html")

    def enrol(self, gate: str, code: str) -> None:
        """Enrol with a code like a person."""
        options = self.page("options/options.html")
        options.fill("#gate", gate)
        options.fill("#code", code)
        options.click("#connect")
        # the code was accepted; until then the headline may be about the last enrolment
        expect(options.locator("#code")).to_be_empty()
        expect(options.locator("#connected")).to_contain_text("this browser is added")
        expect(options.locator("#headline")).to_have_text("Mail opens in this browser")
        options.close()

    def be_enrolled(self, gate: str, token: str) -> None:
        """Enrol, whatever state the test before has left."""
        memory = self.ask("state")["memory"]
        if (memory["phase"], memory["gate"]) != ("active", gate):
            self.enrol(gate, token)

    def close_pages(self) -> None:
        """Close all pages except the first: with the last one the browser itself would end."""
        for page in self.context.pages[1:]:
            page.close()

    def ask(self, kind: str) -> Any:
        """Send the worker a message like the extension's own pages."""
        page = self.page("options/options.html")
        answer = page.evaluate("type => chrome.runtime.sendMessage({ type })", kind)
        page.close()
        return answer

    def session(self) -> Any:
        return self.worker.evaluate("chrome.storage.session.get('session').then(({ session }) => session)")

    def badge(self) -> str:
        return str(self.worker.evaluate("chrome.action.getBadgeText({})"))

    def rules(self) -> Any:
        return self.worker.evaluate("chrome.declarativeNetRequest.getSessionRules()")

    def report_is_due(self) -> None:
        """Make the next report due."""
        self.worker.evaluate(
            "chrome.storage.local.get('memory').then(({ memory }) => chrome.storage.local.set({ memory: { ...memory, reportAt: 1 } }))"
        )

    def forget_session(self, retry_in: int = 0) -> None:
        """Leave what a browser start leaves, or an outage: no token, and a next try so many seconds from now."""
        self.worker.evaluate(AFTER_AN_OUTAGE, retry_in)

    def ring(self) -> None:
        """Make the worker's alarm ring."""
        assert self.worker.evaluate("chrome.alarms.get('turn')")
        self.worker.evaluate("chrome.alarms.create('turn', { when: Date.now() + 100 })")

    def stop_worker(self) -> None:
        """End the worker, as the browser does with an idle one."""
        page = self.page("options/options.html")
        tools = self.context.new_cdp_session(page)
        tools.send("ServiceWorker.enable")
        tools.send("ServiceWorker.stopAllWorkers")
        page.close()


@contextmanager
def companion(
    driver: Playwright,
    profile: Path,
    extension: Path,
    *others: Path,
    agent: str | None = AGENT,
    program: str | Path = CHROMIUM,
) -> Iterator[Companion]:
    """``others``: further extensions that are installed. Without an ``agent`` of its own a browser tells its whole version, and
    gets no mail."""
    installed = ",".join(map(str, (extension, *others)))
    loaded = [f"--disable-extensions-except={installed}", f"--load-extension={installed}"]
    with _started(driver, profile, [*CHROMIUM_ARGUMENTS, *loaded], program, agent=agent) as context:
        yield Companion(context, f"chrome-extension://{extension_id(extension)}")


@contextmanager
def installed_by_policy(driver: Playwright, profile: Path, name: str, program: Path) -> Iterator[Companion]:
    """A Chromium that installs the extension with this id by itself, as ``program`` lets it see the company's policies."""
    arguments = [each for each in CHROMIUM_ARGUMENTS if each != NO_UPDATES]
    with _started(driver, profile, arguments, program, NO_UPDATES) as context:
        yield Companion(context, f"chrome-extension://{name}")


@contextmanager
def _started(
    driver: Playwright,
    profile: Path,
    arguments: Sequence[str],
    program: str | Path,
    *without: str,
    agent: str | None = AGENT,
) -> Iterator[BrowserContext]:
    # a headless browser calls itself one, and a bot gets no mail
    named = [f"--user-agent={agent}"] if agent else []
    with driver.chromium.launch_persistent_context(
        profile,
        executable_path=program,
        args=[*arguments, "--headless=new", *named],
        ignore_default_args=["--disable-extensions", *without],
        user_agent=agent,
        locale="en-US",
    ) as context:
        yield context
