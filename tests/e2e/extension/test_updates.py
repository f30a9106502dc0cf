"""A company's own package, served by the gate itself: real browsers install it by policy, enrol, and take its next version."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect
from tests.e2e.chromium import CHROMIUM
from tests.e2e.extension.companion import OF_EXTENSIONS, installed_by_policy
from tests.e2e.extension.firefox import FIREFOX, Firefox, firefox
from tests.e2e.extension.policies import OF_CHROMIUM, OF_FIREFOX, seeing
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem
from tests.integration.commands import begin, output_of
from tests.integration.gate import wait_for

pytestmark = pytest.mark.e2e

FIREFOX_ID = "mailgate@127.0.0.1"
REACHED_AS = "0f5c3a51-9d1b-4f0e-8f4e-9a2b7c6d1e10"
OPTIONS = f"moz-extension://{REACHED_AS}/options/options.html"


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
    with guarded(mail.url, tmp_path, extension={"packages": "packages"}, log={"level": "debug"}) as gate:
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
    own = (policies(company, made) / "chromium.json").read_bytes()
    tests = b'{"DeveloperToolsAvailability": 1}'  # or no test can see what a policy has installed
    told = {f"{OF_CHROMIUM}/own.json": own, f"{OF_CHROMIUM}/tests.json": tests}
    program = seeing(company.folder, CHROMIUM, told)
    profile = company.folder / "profile"
    with installed_by_policy(playwright, profile, made["chromium_id"], program) as browser:
        assert wait_for(company.keys)  # it was installed, and has enrolled without a click
        extensions = browser.context.new_page()
        extensions.goto(OF_EXTENSIONS)
        assert installed(extensions) == {made["chromium_id"]: ["Mailgate companion (Example)", "1.0"]}
        assert wait_for(lambda: browser.ask("state")["memory"]["phase"] == "active")
        before = browser.ask("state")["memory"]
        company.packages("2.0")
        extensions.evaluate("chrome.developerPrivate.autoUpdate()")  # the button "Update"
        newer = {made["chromium_id"]: ["Mailgate companion (Example)", "2.0"]}
        assert wait_for(lambda: installed(extensions) == newer)
        after = browser.ask("state")["memory"]
        page = browser.context.new_page()
        assert wait_for(lambda: bool(page.goto(company.gate.url)) and attested_last(company))
        expect(page.locator("#rcmloginuser")).to_be_visible()
    assert after["thumbprint"] == before["thumbprint"]
    assert company.keys() == [before["thumbprint"]]


def installed(extensions: Page) -> Any:
    """Name and version of each extension that a policy has installed, as Chromium's own page shows them. For a moment it has none."""
    return extensions.evaluate(
        "async () => Object.fromEntries((await chrome.developerPrivate.getExtensionsInfo())"
        ".filter(({ controlledInfo }) => controlledInfo).map(({ id, name, version }) => [id, [name, version]]))"
    )


def test_firefox_installs_it_by_policy_and_updates_it_with_its_key_kept(company: Company) -> None:
    made = company.packages("1.0", "--new-key")
    assert made["firefox_id"] == FIREFOX_ID
    own = (policies(company, made) / "policies.json").read_bytes()
    program = seeing(company.folder, FIREFOX, {OF_FIREFOX: own})
    # the gate of a test has no certificate, and Firefox asks for one where the hash of an update is read
    quickly = {"extensions.checkUpdateSecurity": False, "extensions.update.enabled": True}
    with firefox(company.folder, {FIREFOX_ID: REACHED_AS}, program, **quickly) as fox:
        assert wait_for(company.keys)
        name, place = "Mailgate companion (Example)", f"{company.gate.url}/.mailgate/extension/mailgate.xpi"
        assert fox.installed(FIREFOX_ID) == [name, "1.0", place]
        assert wait_for(lambda: known(fox)["phase"] == "active")
        before = known(fox)
        fox.open(OPTIONS)
        assert fox.run("return browser.extension.isAllowedIncognitoAccess()") is True
        fox.open("about:blank")
        company.packages("2.0")
        fox.update(FIREFOX_ID)
        # from the same address, or it would be loaded again at each start
        assert wait_for(lambda: fox.installed(FIREFOX_ID) == [name, "2.0", place])
        after = known(fox)

        def opens_attested() -> bool:
            fox.open(company.gate.url)
            return attested_last(company)

        assert wait_for(opens_attested)
    assert after["thumbprint"] == before["thumbprint"]
    assert company.keys() == [before["thumbprint"]]


def attested_last(company: Company) -> bool:
    """Whether the last request for mail carried a token of the enrolled key. After an update it takes a moment to have one."""
    decided = [each for each in company.gate.gate.records() if each.get("event") == "decided"]
    return bool(decided) and decided[-1]["attestation"] == "accepted"


def known(fox: Firefox) -> Any:
    """What the extension says of itself, asked from one of its pages, which is left again: a new version waits for that."""
    fox.open(OPTIONS)
    memory = fox.run("return (await browser.runtime.sendMessage({ type: 'state' })).memory")
    fox.open("about:blank")
    return memory
