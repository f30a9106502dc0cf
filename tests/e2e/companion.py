"""The companion extension in a real Chromium, and what an admin and a bystander do beside it."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright, Worker, expect
from tests.e2e.conftest import CHROMIUM, CHROMIUM_ARGUMENTS
from tests.e2e.gate import GuardedWebmail
from tests.e2e.serving import Answering, serving
from tests.integration.gate import PROXY
from tests.servers import require

EXTENSION = Path(__file__).parents[2] / "extension"
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)


def admin(gate: GuardedWebmail, *command: str) -> str:
    """What ``mailgate`` prints for a command at the store of this gate."""
    ran = subprocess.run(
        [sys.executable, "-m", "mailgate", *command, "--config", str(gate.config)],
        env=os.environ | {"PYTHONPATH": str(PROXY)},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def packaged(directory: Path, origin: str, *, management: bool = False) -> Path:
    """The company's own package for Chromium: it may speak to ``origin`` from the first moment."""
    require("node")
    script = (
        'import { stage } from "./tools/stage.js"; const [directory, origin, management] = process.argv.slice(1);'
        'await stage(directory, { browser: "chromium", origin, management: management === "true" });'
    )
    staged = ["node", "--input-type=module", "--eval", script, directory, origin, str(management).lower()]
    subprocess.run(staged, cwd=EXTENSION, check=True)
    return directory


def extension_id(directory: Path) -> str:
    """What Chromium calls an unpacked extension: the hash of its path, in letters from a to p."""
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

    def popup(self) -> Page:
        return self.page("popup/popup.html")

    def enrol(self, gate: str, code: str) -> None:
        """What a person does with a code."""
        options = self.page("options/options.html")
        options.fill("#gate", gate)
        options.fill("#code", code)
        options.click("#connect")
        expect(options.locator("#headline")).to_have_text("Company mail opens in this browser.")
        options.close()

    def ask(self, kind: str) -> Any:
        """What the extension's own pages ask the worker."""
        page = self.page("options/options.html")
        answer = page.evaluate("type => chrome.runtime.sendMessage({ type })", kind)
        page.close()
        return answer

    def session(self) -> Any:
        return self.worker.evaluate("chrome.storage.session.get('session').then(({ session }) => session)")

    def badge(self) -> str:
        return str(self.worker.evaluate("chrome.action.getBadgeText({})"))

    def stop_worker(self) -> None:
        """End the worker, as the browser does with an idle one."""
        page = self.page("options/options.html")
        tools = self.context.new_cdp_session(page)
        tools.send("ServiceWorker.enable")
        tools.send("ServiceWorker.stopAllWorkers")
        page.close()


@contextmanager
def companion(driver: Playwright, profile: Path, extension: Path, *others: Path) -> Iterator[Companion]:
    """``others``: further extensions that are installed."""
    installed = ",".join(map(str, (extension, *others)))
    arguments = [
        *CHROMIUM_ARGUMENTS,
        "--headless=new",
        f"--user-agent={AGENT}",  # a headless browser calls itself one, and a bot gets no mail
        f"--disable-extensions-except={installed}",
        f"--load-extension={installed}",
    ]
    with driver.chromium.launch_persistent_context(
        profile,
        executable_path=CHROMIUM,
        args=arguments,
        ignore_default_args=["--disable-extensions"],
        user_agent=AGENT,
        locale="en-US",
    ) as context:
        yield Companion(context, f"chrome-extension://{extension_id(extension)}")


@dataclass
class Bystander:
    """Another origin, and every header that came there."""

    url: str
    seen: list[dict[str, str]]


@contextmanager
def bystander() -> Iterator[Bystander]:
    seen: list[dict[str, str]] = []

    class Handler(Answering):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()} | {":path": self.path})
            anyone = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
            self.answer(200, "<title>Elsewhere</title>", anyone)

        def do_OPTIONS(self) -> None:
            self.do_GET()

    with serving(Handler) as origin:
        yield Bystander(origin, seen)


@contextmanager
def company_policy(extension: Path, settings: dict[str, object]) -> Iterator[None]:
    """What device management writes into Chromium's policy folder, for this one extension."""
    folder = Path("/etc/chromium/policies/managed")
    made = [each for each in (folder, folder.parent) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    name = extension_id(extension)
    path = folder / f"mailgate-test-{name}.json"
    path.write_text(json.dumps({"3rdparty": {"extensions": {name: settings}}}))
    try:
        yield
    finally:
        path.unlink()
        for each in made:
            each.rmdir()
