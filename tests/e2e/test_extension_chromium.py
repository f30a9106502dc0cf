"""The companion extension in a real Chromium, before the real gate and Roundcube."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, Playwright, expect
from ruamel.yaml import YAML
from tests.e2e.companion import (
    Bystander,
    Companion,
    admin,
    bystander,
    companion,
    company_policy,
    extension_id,
    packaged,
)
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import PASSWORD, MailSystem
from tests.e2e.serving import AXE
from tests.e2e.webmail import Webmail
from tests.integration.gate import PHONE_RULES, start_gate, wait_for
from tests.servers import unavailable

pytestmark = pytest.mark.e2e

STRICT = YAML(typ="safe").load(Path(__file__).parents[2] / "config/examples/strict/policy.yaml")
OPEN = "Company mail opens in this browser."
CLOSED = "Company mail does not open in this browser."
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"
NO_LAPTOPS = {
    "id": "no-laptops",
    "when": 'client.kind == "laptop"',
    "effect": "block",
}


@pytest.fixture(scope="module")
def gate(mail: MailSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    with guarded(mail.url, tmp_path_factory.mktemp("gate"), log={"level": "debug"}) as running:
        yield running


@pytest.fixture
def browser(gate: GuardedWebmail, playwright: Playwright, tmp_path: Path) -> Iterator[Companion]:
    """A Chromium whose extension enrolled with a code."""
    with companion(playwright, tmp_path / "profile", packaged(tmp_path / "package", gate.url)) as running:
        running.enrol(gate.url, admin(gate, "enroll", "code", "--user", "alice"))
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Bystander]:
    with bystander() as running:
        yield running


def decided(gate: GuardedWebmail) -> list[dict[str, Any]]:
    return [record for record in gate.gate.records() if record.get("event") == "decided"]


def verdict_with(gate: GuardedWebmail, headers: dict[str, str]) -> Any:
    with urlopen(Request(f"{gate.url}/.mailgate/status", headers=headers), timeout=10) as answer:
        return json.load(answer)


def test_mail_is_read_and_the_gate_sees_the_proof_on_every_request(
    gate: GuardedWebmail, browser: Companion
) -> None:
    before = len(decided(gate))
    page = browser.context.new_page()
    webmail = Webmail(page, gate.url)
    webmail.open()
    webmail.log_in("alice", PASSWORD)
    lines = decided(gate)[before:]
    assert len(lines) > 10
    seen = {(line["kind"], line["assurance"], line["attestation"]) for line in lines}
    assert seen == {("laptop", "attested", "accepted")}


def test_no_other_origin_ever_sees_the_token(
    gate: GuardedWebmail, browser: Companion, elsewhere: Bystander, mail: MailSystem
) -> None:
    page = browser.context.new_page()
    page.goto(gate.url)
    page.evaluate("url => fetch(url).catch(() => {})", f"{elsewhere.url}/fetched")
    page.evaluate("url => { location.href = url; }", f"{elsewhere.url}/opened")
    expect(page).to_have_title("Elsewhere")
    page.evaluate("url => fetch(url, { mode: 'no-cors' })", f"{elsewhere.url}/own")
    assert len(elsewhere.seen) >= 2
    assert not [seen for seen in elsewhere.seen if "device-attestation" in seen]


def test_a_worker_that_was_ended_finds_everything_again(gate: GuardedWebmail, browser: Companion) -> None:
    token = browser.session()["token"]
    browser.stop_worker()
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text(OPEN)
    assert browser.session()["token"] == token
    before = len(decided(gate))
    browser.context.new_page().goto(gate.url)
    assert {line["attestation"] for line in decided(gate)[before:]} == {"accepted"}


def test_a_token_is_renewed_when_its_time_comes_and_pages_carry_the_new_one(
    gate: GuardedWebmail, browser: Companion
) -> None:
    token = browser.session()["token"]
    report_now(browser)
    assert browser.worker.evaluate("chrome.alarms.get('turn')")
    browser.worker.evaluate("chrome.alarms.create('turn', { when: Date.now() + 100 })")
    assert wait_for(lambda: browser.session()["token"] != token, 20)
    renewed = browser.session()["token"]
    rules = browser.worker.evaluate("chrome.declarativeNetRequest.getSessionRules()")
    assert {rule["action"]["requestHeaders"][0]["value"] for rule in rules} == {renewed}


def test_a_changed_rule_shows_in_the_open_popup_in_the_badge_and_in_one_notice(
    gate: GuardedWebmail, browser: Companion
) -> None:
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text(OPEN)
    assert browser.badge() == ""
    policy = gate.config.parent / "policy.yaml"
    kept = policy.read_text()
    try:
        policy.write_text(json.dumps({"rules": [NO_LAPTOPS, *PHONE_RULES["rules"]]}))
        expect(popup.locator("#headline")).to_have_text(CLOSED)
        expect(popup.locator("#reason")).to_contain_text("this kind of device")
        assert wait_for(lambda: browser.badge() == "×")
    finally:
        policy.write_text(kept)
    expect(popup.locator("#headline")).to_have_text(OPEN)
    notices = browser.worker.evaluate("chrome.notifications.getAll()")
    assert set(notices) == {"blocked_here", "blocked_device", "retracted_here", "retracted_device"}


def test_a_gate_that_was_away_is_found_again_and_browsing_is_never_blocked(
    mail: MailSystem, playwright: Playwright, elsewhere: Bystander, tmp_path: Path
) -> None:
    (tmp_path / "gate").mkdir()
    with guarded(mail.url, tmp_path / "gate") as gate:
        package = packaged(tmp_path / "package", gate.url)
        with companion(playwright, tmp_path / "profile", package) as browser:
            browser.enrol(gate.url, admin(gate, "enroll", "code"))
            popup = browser.popup()
            gate.gate.stop()
            popup.click("#check")
            expect(popup.locator("#headline")).to_contain_text("cannot be reached")
            expect(popup.locator("#last")).to_contain_text(OPEN)
            page = browser.context.new_page()
            page.goto(elsewhere.url)
            expect(page).to_have_title("Elsewhere")
            restarted = start_gate(gate.config)
            try:
                popup.click("#check")
                expect(popup.locator("#headline")).to_have_text(OPEN)
            finally:
                restarted.stop()


def test_a_device_that_is_revoked_says_so_and_comes_back_with_a_new_code(
    gate: GuardedWebmail, browser: Companion
) -> None:
    memory = browser.ask("state")["memory"]
    admin(gate, "enroll", "revoke", memory["deviceId"])
    report_now(browser)
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text("This browser was shut out of company mail.")
    expect(popup.locator("#set-up")).to_be_visible()
    assert browser.worker.evaluate("chrome.declarativeNetRequest.getSessionRules()") == []
    browser.enrol(gate.url, admin(gate, "enroll", "code"))
    assert browser.ask("state")["memory"]["thumbprint"] != memory["thumbprint"]


def test_a_lost_key_says_so(browser: Companion) -> None:
    browser.worker.evaluate("new Promise(done => { indexedDB.deleteDatabase('mailgate').onsuccess = done; })")
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text("The key of this browser is gone.")
    expect(popup.locator("#set-up")).to_be_visible()


def test_the_key_cannot_be_taken_out(browser: Companion) -> None:
    tried = """new Promise(done => {
      indexedDB.open('mailgate').onsuccess = ({ target }) => {
        const read = target.result.transaction('keys').objectStore('keys').get('current');
        read.onsuccess = () => crypto.subtle.exportKey('jwk', read.result.privateKey).then(() => done('taken'), (e) => done(e.name));
      };
    })"""
    assert browser.worker.evaluate(tried) == "InvalidAccessError"


def test_a_company_policy_enrols_without_a_click(
    gate: GuardedWebmail, playwright: Playwright, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        unavailable("only root may write Chromium's policy folder")
    package = packaged(tmp_path / "package", gate.url)
    token = admin(gate, "enroll", "token", "--user", "alice")
    with (
        company_policy(package, {"gate": gate.url, "enrolmentToken": token}),
        companion(playwright, tmp_path / "profile", package) as browser,
    ):
        popup = browser.popup()
        expect(popup.locator("#headline")).to_have_text(OPEN)
        assert browser.ask("state")["memory"]["managed"] is True


def test_a_token_on_a_phone_is_a_contradiction(gate: GuardedWebmail, browser: Companion) -> None:
    carried = {"User-Agent": IPHONE, "Device-Attestation": browser.session()["token"]}
    told = verdict_with(gate, carried)
    assert "kind-contradicted" in told["client"]["findings"]
    assert told["client"]["kind"] == "phone"
    assert told["verdict"]["effect"] == "block"


def test_a_header_that_another_extension_forges_is_worth_nothing(
    gate: GuardedWebmail, browser: Companion
) -> None:
    head, body, _ = browser.session()["token"].split(".")
    forged = verdict_with(gate, {"User-Agent": IPHONE, "Device-Attestation": f"{head}.{body}.{'A' * 86}"})
    assert "attestation-invalid" in forged["client"]["findings"]
    assert forged["verdict"]["effect"] == "block"


def test_a_report_that_is_sent_a_second_time_is_refused(gate: GuardedWebmail, browser: Companion) -> None:
    page = browser.page("options/options.html")
    sent = capture_report(page, gate.url)
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{gate.url}/.mailgate/attest", sent["body"].encode(), sent["headers"]), timeout=10)
    assert refused.value.code == 401
    assert json.load(refused.value)["reason"] == "proof-replayed"


def capture_report(page: Page, url: str) -> dict[str, Any]:
    """Let the extension's own code send one report, and keep what it sent."""
    script = """async (gate) => {
      const { post } = await import('/background/gate.js');
      const { readKey } = await import('/background/keys.js');
      let sent;
      const fetched = window.fetch;
      window.fetch = (url, how) => { sent = { headers: how.headers, body: how.body }; return fetched(url, how); };
      const answer = await post(`${gate}/.mailgate/attest`, { os: 'linux' }, { key: await readKey(), nonce: '', skew: 0 });
      return { ...sent, status: answer.status };
    }"""
    sent: dict[str, Any] = page.evaluate(script, url)
    assert sent["status"] == 200
    return sent


def test_strict_mode_tells_how_to_get_the_extension_and_goes_on_once_it_is_there(
    mail: MailSystem, playwright: Playwright, tmp_path: Path
) -> None:
    (tmp_path / "gate").mkdir()
    with guarded(mail.url, tmp_path / "gate", STRICT, log={"level": "debug"}) as gate:
        package = packaged(tmp_path / "package", gate.url)
        with companion(playwright, tmp_path / "profile", package) as browser:
            page = browser.context.new_page()
            response = page.goto(gate.url)
            assert response is not None
            assert response.status == 403
            expect(page.locator("main")).to_contain_text(
                "Add the extension, open its set-up and enter the code."
            )
            browser.enrol(gate.url, admin(gate, "enroll", "code"))
            page.bring_to_front()
            Webmail(page, gate.url).expect_login_form()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages_pass_the_accessibility_rules_and_work_by_keyboard(browser: Companion, scheme: Any) -> None:
    for path in ("popup/popup.html", "options/options.html"):
        page = browser.page(path)
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("#headline")).to_have_text(OPEN)
        page.evaluate("document.querySelector('details')?.setAttribute('open', '')")
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document)")
        assert [each["id"] for each in found["violations"]] == []
        page.close()
    popup = browser.popup()
    expect(popup.locator("#check")).to_be_visible()
    popup.keyboard.press("Tab")
    expect(popup.locator("#check")).to_be_focused()
    popup.keyboard.press("Enter")
    expect(popup.get_by_role("status")).to_contain_text("Checked at")


def test_an_extension_that_is_listed_and_there_makes_the_computer_prohibited(
    mail: MailSystem, playwright: Playwright, tmp_path: Path
) -> None:
    listed, unlisted = tmp_path / "listed", tmp_path / "unlisted"
    for each in (listed, unlisted):
        each.mkdir()
        (each / "manifest.json").write_text(
            json.dumps({"manifest_version": 3, "name": each.name, "version": "1"})
        )
    (tmp_path / "gate").mkdir()
    with guarded(mail.url, tmp_path / "gate", STRICT) as gate:
        package = packaged(tmp_path / "package", gate.url, management=True)
        with companion(playwright, tmp_path / "profile", package, listed, unlisted) as browser:
            browser.enrol(gate.url, admin(gate, "enroll", "code"))
            shop = {"name": "Shop", "extensions": [extension_id(listed)]}
            (gate.config.parent / "apps.yaml").write_text(
                json.dumps({"apps": {"shop": shop}, "lists": {"prohibited": ["shop"]}})
            )
            report_now(browser)  # this one is told what is asked, the next one says it
            popup = browser.popup()
            expect(popup.locator("#headline")).to_have_text(CLOSED)
            assert browser.ask("state")["memory"]["listed"] == [extension_id(listed)]


def report_now(browser: Companion) -> None:
    """Let the time of the next report have come."""
    browser.worker.evaluate(
        "chrome.storage.local.get('memory').then(({ memory }) => chrome.storage.local.set({ memory: { ...memory, reportAt: 1 } }))"
    )
