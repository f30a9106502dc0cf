"""Strict mode as `config/examples/strict.yaml` has it: mail opens in the browsers of enrolled computers alone."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect
from ruamel.yaml import YAML
from tests.e2e.extension.companion import SEEN, Companion, admin, companion, extension_id, packaged
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem
from tests.e2e.webmail import Webmail

pytestmark = pytest.mark.e2e

EXAMPLES = Path(__file__).parents[3] / "config/examples"


@dataclass
class Strict:
    """A strict gate, and a Chromium with the extension and two others, one of which will be listed."""

    gate: GuardedWebmail
    browser: Companion
    listed: Path


@pytest.fixture(scope="module")
def strict(
    mail: MailSystem, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Strict]:
    directory = tmp_path_factory.mktemp("strict")
    others = [bare_extension(directory / name) for name in ("listed", "unlisted")]
    rules, settings = (
        YAML(typ="safe").load(EXAMPLES / name) for name in ("strict/policy.yaml", "strict.yaml")
    )
    (directory / "gate").mkdir()
    own_codes = {"trusted_proxies": ["127.0.0.1/32"], "employee_page": {"pairing_codes": True}}
    with guarded(mail.url, directory / "gate", rules, probe=settings["probe"], **own_codes) as gate:
        package = packaged(directory / "package", gate.url, management=True)
        with companion(playwright, directory / "profile", package, *others) as browser:
            yield Strict(gate, browser, others[0])


def bare_extension(directory: Path) -> Path:
    directory.mkdir()
    manifest = {"manifest_version": 3, "name": directory.name, "version": "1"}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory


def test_a_computer_is_led_to_the_extension_and_on_after_the_enrolment(strict: Strict) -> None:
    page = strict.browser.context.new_page()
    page.goto(strict.gate.url)
    expect(page.locator("main")).to_contain_text("enter the address of your mail and the code")
    strict.browser.enrol(strict.gate.url, code_from_own_page(strict))
    page.bring_to_front()
    Webmail(page, strict.gate.url).expect_login_form()
    page.close()
    assert "own page" in admin(strict.gate, "enroll", "list")


def code_from_own_page(strict: Strict) -> str:
    """What somebody finds on the page of their devices whom a proxy before the gate has logged in."""
    page = strict.browser.context.new_page()
    page.set_extra_http_headers({"X-Forwarded-User": "alice"})
    page.goto(f"{strict.gate.url}/.mailgate/me")
    page.get_by_role("button", name="Show a code").click()
    code = page.locator("#code code").inner_text()
    page.close()
    return code


def enrolled(strict: Strict) -> Companion:
    strict.browser.be_enrolled(strict.gate.url, admin(strict.gate, "enroll", "token"))
    strict.browser.ask("check")
    return strict.browser


def test_a_browser_start_shows_a_moment_and_no_steps(strict: Strict) -> None:
    enrolled(strict).forget_session()
    page = strict.browser.context.new_page()
    page.goto(strict.gate.url, wait_until="commit")
    expect(page.locator("#moment h1")).to_have_text("One moment, please")
    expect(page.get_by_text("enter the address of your mail")).to_be_hidden()
    Webmail(page, strict.gate.url).expect_login_form()
    page.close()


def test_a_page_load_ends_the_wait_after_an_outage(strict: Strict) -> None:
    """The next try would come in an hour."""
    enrolled(strict).forget_session(retry_in=3600)
    page = strict.browser.context.new_page()
    page.goto(strict.gate.url)
    Webmail(page, strict.gate.url).expect_login_form()
    page.close()


def test_a_revoked_browser_is_told_so_at_once_and_nothing_else_before(strict: Strict) -> None:
    enrolled(strict).report_is_due()
    popup = strict.browser.popup()
    expect(popup.locator("#headline")).to_have_text("Mail opens in this browser")
    popup.evaluate(SEEN)
    admin(strict.gate, "enroll", "revoke", strict.browser.ask("state")["memory"]["deviceId"])
    expect(popup.locator("#headline")).to_have_text("This browser was shut out of company mail")
    assert popup.evaluate("window.seen") == ["This browser was shut out of company mail"]
    popup.close()
    page = strict.browser.context.new_page()
    page.goto(strict.gate.url)
    expect(page.locator("main")).to_contain_text("enter the address of your mail and the code")
    expect(page.locator("#moment")).to_have_count(0)
    page.close()


def test_an_extension_that_is_listed_and_there_makes_the_computer_listed(strict: Strict) -> None:
    shop = {"name": "Shop", "extensions": [extension_id(strict.listed)]}
    (strict.gate.config.parent / "apps.yaml").write_text(
        json.dumps({"apps": {"shop": shop}, "lists": {"prohibited": ["shop"]}})
    )
    strict.browser.be_enrolled(strict.gate.url, admin(strict.gate, "enroll", "token"))
    strict.browser.report_is_due()  # this one is told what is asked, the next one says it
    popup = strict.browser.popup()
    expect(popup.locator("#headline")).to_have_text("Mail does not open in this browser")
    assert strict.browser.ask("state")["memory"]["listed"] == [extension_id(strict.listed)]
    expect(popup.locator("#reason")).to_contain_text("Shop")
    expect(popup.locator("#fix")).to_contain_text("Remove")
