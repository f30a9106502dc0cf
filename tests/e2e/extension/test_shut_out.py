"""A computer with three browsers that the company's policy enrols, two Chromiums and a Firefox: what the company shuts out stays shut out in
each of them, whatever the person does there."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Page, Playwright
from ruamel.yaml import YAML
from tests.e2e.extension.companion import Companion, admin, companion, packaged
from tests.e2e.extension.firefox import Firefox, firefox
from tests.e2e.extension.policies import chromium_told, firefox_told
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem
from tests.integration.gate import wait_for

from mailgate.cli.extension_files import Fit

pytestmark = pytest.mark.e2e

STRICT = Path(__file__).parents[3] / "config/examples/strict/policy.yaml"
REACHED_AS = "6b1f6a2e-3c0d-4f57-9a41-2f1f0c9f7d55"
POPUP, OPTIONS = "popup/popup.html", "options/options.html"
COMPUTER = "LAP-0042"
OPEN, FULL = "Mail opens in this browser", "This computer has as many browsers as it may have"
REVOKED = "This browser was shut out of company mail"
SHUT_OUT = "Your company has shut this computer or its owner out of mail"


class Profile(Protocol):
    """A browser with a profile of its own."""

    def text(self, page: str, selector: str) -> str:
        """What one of the extension's pages says."""

    def click(self, page: str, selector: str) -> None: ...

    def enter(self, code: str) -> None:
        """Enter a code in the set-up."""

    def mail(self, gate: str) -> int:
        """The status with which the mail opens."""


class OfChromium:
    def __init__(self, browser: Companion) -> None:
        self._browser, self._pages = browser, dict[str, Page]()

    def _page(self, path: str) -> Page:
        return self._pages.get(path) or self._pages.setdefault(path, self._browser.page(path))

    def text(self, page: str, selector: str) -> str:
        return self._page(page).locator(selector).inner_text()

    def click(self, page: str, selector: str) -> None:
        self._page(page).click(selector)

    def enter(self, code: str) -> None:
        self._page(OPTIONS).fill("#code", code)
        self._page(OPTIONS).click("#connect")

    def mail(self, gate: str) -> int:
        page = self._browser.context.new_page()
        answer = page.goto(gate)
        page.close()
        return answer.status if answer else 0


class OfFirefox:
    def __init__(self, browser: Firefox) -> None:
        self._browser, self._at = browser, ""

    def _open(self, page: str) -> None:
        if self._at != page:
            self._browser.open(f"moz-extension://{REACHED_AS}/{page}")
        self._at = page

    def text(self, page: str, selector: str) -> str:
        self._open(page)
        return self._browser.text(selector)

    def click(self, page: str, selector: str) -> None:
        self._open(page)
        shown = "return document.querySelector(arguments[0]).offsetParent !== null"
        assert wait_for(lambda: self._browser.run(shown, selector))  # it is, once the page knows its state
        self._browser.click(selector)

    def enter(self, code: str) -> None:
        self._open(OPTIONS)
        self._browser.run("document.getElementById('code').value = arguments[0];", code)
        self._browser.click("#connect")

    def mail(self, gate: str) -> int:
        self._at = gate
        self._browser.open(gate)
        return int(self._browser.run("return performance.getEntriesByType('navigation')[0].responseStatus"))


@contextmanager
def a_chromium(
    driver: Playwright, directory: Path, gate: str, policy: dict[str, object]
) -> Iterator[Profile]:
    package = packaged(directory / "package", gate)
    program = chromium_told(directory, package, policy)
    with companion(driver, directory / "profile", package, program=program) as running:
        yield OfChromium(running)


@contextmanager
def a_firefox(directory: Path, gate: str, policy: dict[str, object]) -> Iterator[Profile]:
    package, name = packaged(directory / "package", gate, "firefox"), Fit(origin=gate).firefox_id
    program = firefox_told(directory, name, policy)
    with firefox(directory, {name: REACHED_AS}, program) as running:
        running.install(package)
        yield OfFirefox(running)


@pytest.fixture(scope="module")
def strict(mail: MailSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    """A gate that lets in computers that it knows, each with two browsers."""
    directory = tmp_path_factory.mktemp("strict")
    (directory / "fleet").write_text("a secret of the whole company, long enough")
    fleet = {"fleet_secret": {"file": str(directory / "fleet")}, "keys_a_machine": 2}
    with guarded(mail.url, directory, YAML(typ="safe").load(STRICT), extension=fleet) as gate:
        yield gate


def policy_of(gate: GuardedWebmail, machine: str) -> dict[str, object]:
    """The policy that a device management writes on this computer of alice's."""
    inventory = gate.config.parent / "inventory.csv"
    inventory.write_text(f"machine,owner\n{machine},alice\n")
    (row,) = json.loads(admin(gate, "extension", "tokens", "--inventory", str(inventory), "--format", "json"))
    return {"gate": gate.url, "enrolmentToken": row["token"], "machine": machine, "owner": "alice"}


def expect(profile: Profile, page: str, selector: str, text: str) -> None:
    assert wait_for(lambda: profile.text(page, selector) == text), profile.text(page, "main")


def test_a_computer_that_was_shut_out_stays_out_in_every_profile(
    strict: GuardedWebmail, playwright: Playwright, tmp_path: Path
) -> None:
    policy = policy_of(strict, COMPUTER)
    with (
        a_firefox(tmp_path / "firefox", strict.url, policy) as one,
        a_chromium(playwright, tmp_path / "chromium", strict.url, policy) as two,
        ExitStack() as running,
    ):
        for profile in (one, two):
            expect(profile, POPUP, "#headline", OPEN)
            assert profile.mail(strict.url) == 200
        third = running.enter_context(a_chromium(playwright, tmp_path / "full", strict.url, policy))
        expect(third, POPUP, "#headline", FULL)
        expect(third, POPUP, "#named", f"Your company calls this computer {COMPUTER}.")
        assert third.mail(strict.url) == 403

        admin(strict, "enroll", "revoke", "--machine", COMPUTER)
        for profile in (one, two):
            expect(profile, POPUP, "#headline", REVOKED)
            assert profile.mail(strict.url) == 403
            profile.click(OPTIONS, "#forget")
            expect(profile, OPTIONS, "#headline", REVOKED)
            assert profile.mail(strict.url) == 403

        third.click(POPUP, "#check")
        expect(third, POPUP, "#headline", SHUT_OUT)
        third.enter(admin(strict, "enroll", "code", "--user", "bob"))
        expect(third, OPTIONS, "#headline", SHUT_OUT)
        assert third.mail(strict.url) == 403


def test_a_mistyped_address_in_the_policy_is_shown_for_the_help_desk(
    strict: GuardedWebmail, playwright: Playwright, tmp_path: Path
) -> None:
    policy = policy_of(strict, COMPUTER) | {"gate": "mail example"}
    with a_chromium(playwright, tmp_path, strict.url, policy) as profile:
        expect(profile, POPUP, "#headline", "Your company has set this extension up wrongly")
        assert "gate: “mail example” is no address" in profile.text(POPUP, "#quoted")
