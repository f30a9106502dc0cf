"""The extension in a real Chromium tells people what has changed, and what the trouble is where there is one."""

import pytest
from playwright.sync_api import expect
from tests.e2e.extension.bystanders import Bystander
from tests.e2e.extension.companion import Companion, admin
from tests.e2e.extension.rules import BEFORE_THE_NEXT_LOOK, PHONE_REFUSED, no_laptops, phone_with_tiktok
from tests.e2e.gate import GuardedWebmail
from tests.integration.gate import wait_for

pytestmark = pytest.mark.e2e

OPEN = "Mail opens in this browser"
CLOSED = "Mail does not open in this browser"


def test_a_changed_rule_shows_in_the_popup_and_one_notice(gate: GuardedWebmail, browser: Companion) -> None:
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text(OPEN)
    assert wait_for(lambda: browser.badge() == "")
    browser.worker.evaluate(
        "chrome.notifications.getAll().then((all) => Promise.all(Object.keys(all).map((id) => chrome.notifications.clear(id))))"
    )
    with no_laptops(gate):
        expect(popup.locator("#headline")).to_have_text(CLOSED, timeout=BEFORE_THE_NEXT_LOOK * 1000)
        expect(popup.locator("#reason")).to_contain_text("this kind of device")
        expect(popup.locator("#help")).to_have_text("Ask for help")
        expect(popup.locator("#open")).to_be_hidden()
        assert wait_for(lambda: browser.badge() == "×")
    expect(popup.locator("#headline")).to_have_text(OPEN, timeout=BEFORE_THE_NEXT_LOOK * 1000)
    assert wait_for(lambda: browser.badge() == "")
    # tests before this one may have enrolled further devices of the same person; the notices come after the badge
    others = {"blocked_device", "retracted_device"}
    told = lambda: set(browser.worker.evaluate("chrome.notifications.getAll()")) - others  # noqa: E731
    assert wait_for(lambda: told() == {"blocked_here", "retracted_here"})


def test_a_laptop_says_that_the_phone_of_its_owner_gets_no_mail_and_why(
    gate: GuardedWebmail, browser: Companion
) -> None:
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text(OPEN)
    with phone_with_tiktok(gate):
        expect(popup.locator("#headline")).to_have_text("Remove TikTok from your phone")
        expect(popup.locator("#badge")).to_have_text("Phone: No mail")
        expect(popup.locator("#remove")).to_contain_text(PHONE_REFUSED)
        expect(popup.locator("#open")).to_have_attribute("href", f"{gate.url}/")
        expect(
            popup.locator("#help")
        ).to_be_hidden()  # its address opens mail here: the page behind the first button has help
        expect(popup.locator("#when")).to_contain_text("Checked")
    expect(popup.locator("#headline")).to_have_text(OPEN)


def test_a_changed_rule_shows_in_the_badge_without_an_open_page(
    gate: GuardedWebmail, browser: Companion
) -> None:
    assert wait_for(lambda: browser.badge() == "")
    with no_laptops(gate):
        assert wait_for(lambda: browser.badge() == "×")


def test_a_gate_that_was_away_is_found_again_and_browsing_is_never_blocked(
    gate: GuardedWebmail, browser: Companion, elsewhere: Bystander
) -> None:
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text(OPEN)
    gate.gate.stop()
    expect(popup.locator("#headline")).to_have_text("We cannot reach company mail")
    expect(popup.locator("#last")).to_contain_text(OPEN)
    page = browser.context.new_page()
    page.goto(elsewhere.url)
    expect(page).to_have_title("Elsewhere")
    gate.start_again()
    popup.click("#check")
    expect(popup.locator("#headline")).to_have_text(OPEN)
    expect(popup.get_by_role("status")).to_contain_text("Checked at")
    page.goto(gate.url)
    expect(page.locator("#rcmloginuser")).to_be_visible()


def test_a_revoked_device_says_so_and_returns_by_a_new_code(gate: GuardedWebmail, browser: Companion) -> None:
    memory = browser.ask("state")["memory"]
    admin(gate, "enroll", "revoke", memory["deviceId"])
    browser.report_is_due()
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text("This browser was shut out of company mail")
    expect(popup.locator("#set-up")).to_be_visible()
    assert wait_for(lambda: browser.badge() == "×")
    assert browser.rules() == []
    popup.close()
    browser.enrol(gate.url, admin(gate, "enroll", "code", "--user", "alice"))
    assert browser.ask("state")["memory"]["thumbprint"] != memory["thumbprint"]


def test_a_wrong_address_or_code_leaves_the_enrolment_as_it_was(
    gate: GuardedWebmail, browser: Companion
) -> None:
    before = browser.ask("state")["memory"]
    options = browser.page("options/options.html")
    options.fill("#gate", "mail example")
    options.fill("#code", "0000-0000")
    options.click("#connect")
    expect(options.get_by_role("alert")).to_contain_text("not an address of company mail")
    options.fill("#gate", gate.url)
    options.click("#connect")
    told = options.get_by_role("alert")
    expect(told).to_contain_text("The code was not accepted")
    expect(told).to_contain_text("this browser stays added as before")
    expect(options.locator("#headline")).to_have_text(OPEN)
    after = browser.ask("state")["memory"]
    assert (after["phase"], after["thumbprint"]) == ("active", before["thumbprint"])
    browser.report_is_due()
    browser.ring()
    assert wait_for(lambda: browser.ask("state")["memory"]["reportAt"] > 1)
    assert browser.ask("state")["memory"]["phase"] == "active"


def test_a_lost_key_says_so(browser: Companion) -> None:
    browser.worker.evaluate("new Promise(done => { indexedDB.deleteDatabase('mailgate').onsuccess = done; })")
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text("The key of this browser is gone")
    expect(popup.locator("#set-up")).to_be_visible()


def test_the_popup_is_used_by_keyboard(browser: Companion) -> None:
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text(OPEN)
    expect(popup.locator("#open")).to_be_visible()
    popup.keyboard.press("Tab")
    expect(popup.locator("#open")).to_be_focused()
    popup.keyboard.press("Tab")
    popup.keyboard.press("Enter")
    expect(popup.locator("#diagnostics")).to_contain_text("state: active")
    for _ in ("the text", "copy", "my devices"):
        popup.keyboard.press("Tab")
    expect(popup.locator("#me")).to_be_focused()
    assert "eyJ" not in popup.locator("#diagnostics").inner_text()
