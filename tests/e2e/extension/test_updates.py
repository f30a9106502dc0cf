"""A company's own package, served by the gate itself: real browsers install it by policy, enrol, and take its next version."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect
from tests.e2e.chromium import CHROMIUM
from tests.e2e.extension.companion import installed_by_policy
from tests.e2e.extension.firefox import FIREFOX, Firefox, firefox
from tests.e2e.extension.policies import seeing
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem
from tests.integration.commands import begin, output_of
from tests.integration.gate import wait_for

pytestmark = pytest.mark.e2e

OPEN = "Company mail opens in this browser."
FIREFOX_ID = "mailgate@127.0.0.1"
REACHED_AS = "0f5c3a51-9d1b-4f0e-8f4e-9a2b7c6d1e10"


@dataclass
class Company:
    """A gate that serves the packages of its folder, and the policies that install them."""

    gate: GuardedWebmail
    folder: Path

    def packages(self, version: str, *more: str) -> Any:
        """Make the packages of this version, as an admin does."""
        out = str(self.folder / "packages")
        key = str(self.folder / "key.pem")
        options = ["--key", key, "--version", version, "--company", "Example", *more]
        return json.loads(self.mailgate("package", "--out", out, *options, "--json"))

    def mailgate(self, command: str, *options: str) -> str:
        done = begin(
            ["extension", command, "--origin", self.gate.url, *options], self.folder, os.environ
        ).ended()
        assert done.returncode == 0, done.stderr
        return done.stdout

    def keys(self) -> list[str]:
        """The thumbprints of the keys that have enrolled."""
        listed = json.loads(output_of(self.gate.config, "enroll", "list", "--json"))
        return [each["thumbprint"] for each in listed["keys"]]


@pytest.fixture
def company(mail: MailSystem, tmp_path: Path) -> Iterator[Company]:
    with guarded(mail.url, tmp_path, extension={"packages": "packages"}) as gate:
        yield Company(gate, tmp_path)


def policies(company: Company, made: Any) -> Path:
    token = output_of(company.gate.config, "enroll", "token", "--user", "alice").strip()
    out = company.folder / "policies"
    ids = ["--chromium-id", made["chromium_id"], "--token", token, "--unsigned"]
    company.mailgate("policies", "--out", str(out), *ids)
    return out


def test_chromium_installs_it_by_policy_and_updates_it_with_its_key_kept(
    playwright: Playwright, company: Company
) -> None:
    made = company.packages("1.0", "--new-key")
    own, tests = policies(company, made) / "chromium.json", company.folder / "tests.json"
    tests.write_text('{"DeveloperToolsAvailability": 1}')  # or no test can see what a policy has installed
    managed = "chromium/policies/managed"
    program = seeing(company.folder, CHROMIUM, {f"{managed}/own.json": own, f"{managed}/tests.json": tests})
    profile = company.folder / "profile"
    with installed_by_policy(playwright, profile, made["chromium_id"], program) as browser:
        assert wait_for(company.keys)  # it was installed, and has enrolled without a click
        extensions = browser.context.new_page()
        extensions.goto("chrome://extensions")
        asked = f"chrome.developerPrivate.getExtensionInfo('{made['chromium_id']}')"
        shown = extensions.evaluate(asked)
        assert (shown["name"], shown["version"]) == ("Mailgate companion (Example)", "1.0")
        before = browser.ask("state")["memory"]
        company.packages("2.0")
        extensions.evaluate("chrome.developerPrivate.autoUpdate()")  # the button "Update"
        assert wait_for(lambda: extensions.evaluate(asked)["version"] == "2.0")
        popup = browser.popup()
        expect(popup.locator("#headline")).to_have_text(OPEN)
        after = browser.ask("state")["memory"]
    assert after["thumbprint"] == before["thumbprint"]
    assert company.keys() == [before["thumbprint"]]


def test_firefox_installs_it_by_policy_and_updates_it_with_its_key_kept(company: Company) -> None:
    made = company.packages("1.0", "--new-key")
    assert made["firefox_id"] == FIREFOX_ID
    places = {"firefox/policies/policies.json": policies(company, made) / "policies.json"}
    program = seeing(company.folder, FIREFOX, places)
    # the gate of a test has no certificate, and Firefox asks for one where the hash of an update is read
    quickly = {"extensions.checkUpdateSecurity": False, "extensions.update.enabled": True}
    with firefox(company.folder, {FIREFOX_ID: REACHED_AS}, program, **quickly) as fox:
        assert wait_for(company.keys)
        name, place = "Mailgate companion (Example)", f"{company.gate.url}/.mailgate/extension/mailgate.xpi"
        assert fox.installed(FIREFOX_ID) == [name, "1.0", place]
        before = known(fox)
        company.packages("2.0")
        fox.update(FIREFOX_ID)
        # from the same address, or it would be loaded again at each start
        assert wait_for(lambda: fox.installed(FIREFOX_ID) == [name, "2.0", place])
        fox.open(f"moz-extension://{REACHED_AS}/popup/popup.html")
        assert wait_for(lambda: fox.text("#headline") == OPEN)
        after = known(fox)
    assert after["thumbprint"] == before["thumbprint"]
    assert company.keys() == [before["thumbprint"]]


def known(fox: Firefox) -> Any:
    """What the extension says of itself, asked from one of its pages, which is left again: a new version waits for that."""
    fox.open(f"moz-extension://{REACHED_AS}/options/options.html")
    memory = fox.run("return (await browser.runtime.sendMessage({ type: 'state' })).memory")
    fox.open("about:blank")
    return memory
