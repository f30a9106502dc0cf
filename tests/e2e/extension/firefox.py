"""A real Firefox, driven by its own remote protocol (Marionette), which unlike WebDriver BiDi opens pages of extensions."""

import json
import socket
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.integration.gate import wait_for
from tests.servers import PATIENCE, free_port, listens, require_or_skip, running

FIREFOX = "firefox-esr"
_ADDONS = (
    'const { AddonManager } = ChromeUtils.importESModule("resource://gre/modules/AddonManager.sys.mjs");'
)
PREFERENCES: dict[str, object] = {
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    # nobody can click on the browser's own questions
    "extensions.webextOptionalPermissionPrompts": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,none",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    # no page of its own at the start, and no process for one that nobody opens
    "browser.aboutwelcome.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.startup.page": 0,
    "dom.ipc.processPrelaunch.enabled": False,
}


class Firefox:
    """One window, with one command at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rwb")
        self._sent = 0
        self._receive()  # the greeting
        self.command("WebDriver:NewSession", {"capabilities": {}})
        milliseconds = int(PATIENCE * 1000)
        self.command("WebDriver:SetTimeouts", {"script": milliseconds, "pageLoad": milliseconds})

    def command(self, name: str, parameters: dict[str, Any]) -> Any:
        self._sent += 1
        text = json.dumps([0, self._sent, name, parameters]).encode()
        self._stream.write(b"%d:%b" % (len(text), text))
        self._stream.flush()
        _, _, error, result = self._receive()
        assert error is None, error
        return result

    def install(self, directory: Path) -> None:
        """Load an extension until this Firefox ends."""
        self.command("Addon:Install", {"path": str(directory), "temporary": True})

    def open(self, url: str) -> None:
        self.command("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of an asynchronous function in the page. Returns its result."""
        wrapped = f"const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then(done, (e) => done(String(e)));"
        asked = {"script": wrapped, "args": list(arguments), "newSandbox": False, "sandbox": None}
        return self.command("WebDriver:ExecuteAsyncScript", asked)["value"]

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def click(self, selector: str) -> None:
        """A click like a person's, which allows an extension to ask for permissions."""
        shown = "return !!document.querySelector(arguments[0])?.checkVisibility()"
        wait_for(lambda: self.run(shown, selector))  # a page of an extension is filled in after it has loaded
        found = self.command("WebDriver:FindElement", {"using": "css selector", "value": selector})["value"]
        self.command("WebDriver:ElementClick", {"id": next(iter(found.values()))})

    def photograph(self, url: str, file: Path, scheme: str, width: int, height: int) -> None:
        """Save a picture of a page, or of all of it if ``height`` is 0."""
        preference = (
            "Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', arguments[0]);"
        )
        self._of_browser(preference, ["dark", "light"].index(scheme))
        self.command("WebDriver:SetWindowRect", {"width": width, "height": height or 900})
        self.open(url)
        self.run("await new Promise((done) => setTimeout(done, 1500))")
        taken = self.command("WebDriver:TakeScreenshot", {"full": not height})["value"]
        file.write_bytes(b64decode(taken))

    @contextmanager
    def another_tab(self) -> Iterator[None]:
        """Open another tab, which is closed when the body ends."""
        before = self.command("WebDriver:GetWindowHandle", {})["value"]
        opened = self.command("WebDriver:NewWindow", {"type": "tab", "focus": True})["handle"]
        self.command("WebDriver:SwitchToWindow", {"handle": opened})
        yield
        self.command("WebDriver:CloseWindow", {})
        self.command("WebDriver:SwitchToWindow", {"handle": before})

    def end_worker(self, extension: str) -> None:
        """End the background of an extension, as the browser does with an idle one. No page of it may be open."""
        self._of_browser(
            "await WebExtensionPolicy.getByID(arguments[0]).extension.terminateBackground();", extension
        )

    def worker_state(self, extension: str) -> str:
        script = "return WebExtensionPolicy.getByID(arguments[0]).extension.backgroundState;"
        return str(self._of_browser(script, extension))

    def installed(self, extension: str) -> Any:
        """The name and the version of an installed extension, as Firefox shows them, and where it came from."""
        script = "const found = await AddonManager.getAddonByID(arguments[0]); return [found.name, found.version, found.sourceURI.spec];"
        return self._of_browser(_ADDONS + script, extension)

    def update(self, extension: str) -> None:
        """Look for a newer version of an extension and install it, as Firefox does once a day."""
        script = """
        const found = new Promise((done, none) => addon.findUpdates(
          { onUpdateAvailable: (_, install) => done(install), onNoUpdateAvailable: none, onUpdateFinished: none },
          AddonManager.UPDATE_WHEN_PERIODIC_UPDATE));
        await (await found).install();
        """
        self._of_browser(
            f"{_ADDONS} const addon = await AddonManager.getAddonByID(arguments[0]); {script}", extension
        )

    def _of_browser(self, script: str, *arguments: object) -> Any:
        """Run a script in the browser itself, not in a page. Returns its result."""
        self.command("Marionette:SetContext", {"value": "chrome"})
        try:
            return self.run(script, *arguments)
        finally:
            self.command("Marionette:SetContext", {"value": "content"})

    def _receive(self) -> Any:
        length = b""
        while (byte := self._stream.read(1)) != b":":
            length += byte
        return json.loads(self._stream.read(int(length)))


@contextmanager
def firefox(
    directory: Path, extensions: dict[str, str], program: str | Path = FIREFOX, **preferences: object
) -> Iterator[Firefox]:
    """Firefox with a profile of its own. ``extensions``: the ids by which extensions are reached in this profile."""
    require_or_skip(FIREFOX)
    port = free_port()
    known = {"marionette.port": port, "extensions.webextensions.uuids": json.dumps(extensions)}
    profile = directory / "profile"
    profile.mkdir(exist_ok=True)
    lines = [
        f"user_pref({json.dumps(name)}, {json.dumps(value)});"
        for name, value in (PREFERENCES | known | preferences).items()
    ]
    (profile / "user.js").write_text("\n".join(lines))

    arguments = [
        program,
        "--headless",
        "--marionette",
        "--remote-allow-system-access",
        "--no-remote",
        "--profile",
        profile,
    ]
    with (
        running(
            arguments,
            ready=listens(port),
            log=directory / "firefox.log",
            environment={"HOME": str(directory)},
        ),
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection,
    ):
        yield Firefox(connection)
