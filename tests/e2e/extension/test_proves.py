"""The extension in a real Chromium proves this browser to the real gate before Roundcube, and to nobody else."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.extension.bystanders import EVERY_WAY, WAYS, Bystander
from tests.e2e.extension.companion import Companion, admin
from tests.e2e.gate import GuardedWebmail
from tests.e2e.mailsystem import PASSWORD
from tests.e2e.webmail import Webmail
from tests.integration.gate import wait_for
from tests.servers import PATIENCE

pytestmark = pytest.mark.e2e

OPEN = "Mail opens in this browser"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1"


def decided(gate: GuardedWebmail) -> list[dict[str, Any]]:
    return [record for record in gate.gate.records() if record.get("event") == "decided"]


def verdict_with(gate: GuardedWebmail, headers: dict[str, str]) -> Any:
    with urlopen(Request(f"{gate.url}/.mailgate/status", headers=headers), timeout=PATIENCE) as answer:
        return json.load(answer)


def test_mail_is_read_and_the_gate_sees_the_proof_on_every_request(
    gate: GuardedWebmail, browser: Companion
) -> None:
    browser.enrol(gate.url, admin(gate, "enroll", "code", "--user", "alice"))
    before = len(decided(gate))
    page = browser.context.new_page()
    webmail = Webmail(page, gate.url)
    webmail.open()
    webmail.log_in("alice", PASSWORD)
    webmail.log_out()
    lines = decided(gate)[before:]
    assert len(lines) > 10
    seen = {(line["kind"], line["assurance"], line["attestation"]) for line in lines}
    assert seen == {("laptop", "attested", "accepted")}


def test_no_other_origin_ever_sees_the_token_however_the_mail_leads_there(
    leading: GuardedWebmail, browser: Companion, token: str, elsewhere: Bystander
) -> None:
    browser.enrol(leading.url, token)
    before = len(decided(leading))
    page = browser.context.new_page()
    page.goto(leading.url)
    page.evaluate(EVERY_WAY, elsewhere.url)
    page.goto(f"{leading.url}/away?{elsewhere.url}/opened")
    expect(page).to_have_title("Elsewhere")
    page.evaluate("url => fetch(url, { mode: 'no-cors' })", f"{elsewhere.url}/own")
    assert elsewhere.paths() >= {*WAYS, "/own"}
    assert not [seen for seen in elsewhere.seen if "device-attestation" in seen]
    assert {line["attestation"] for line in decided(leading)[before:]} == {"accepted"}


def test_a_worker_that_was_ended_finds_everything_again(gate: GuardedWebmail, browser: Companion) -> None:
    token = browser.session()["token"]
    browser.stop_worker()
    popup = browser.popup()
    expect(popup.locator("#headline")).to_have_text(OPEN)
    assert browser.session()["token"] == token
    before = len(decided(gate))
    browser.context.new_page().goto(gate.url)
    assert {line["attestation"] for line in decided(gate)[before:]} == {"accepted"}


def test_a_token_is_renewed_in_time_and_pages_carry_it(browser: Companion) -> None:
    token = browser.session()["token"]
    browser.report_is_due()
    browser.ring()
    assert wait_for(lambda: browser.session()["token"] != token)
    renewed = browser.session()["token"]
    assert wait_for(lambda: carried(browser) == {renewed})


def carried(browser: Companion) -> set[str]:
    return {rule["action"]["requestHeaders"][0]["value"] for rule in browser.rules()}


def test_the_key_cannot_be_taken_out(browser: Companion) -> None:
    tried = """new Promise(done => {
      indexedDB.open('mailgate').onsuccess = ({ target }) => {
        const read = target.result.transaction('keys').objectStore('keys').get('current');
        read.onsuccess = () => crypto.subtle.exportKey('jwk', read.result.privateKey).then(() => done('taken'), (e) => done(e.name));
      };
    })"""
    assert browser.worker.evaluate(tried) == "InvalidAccessError"


def test_the_key_is_not_evicted_where_the_disk_is_full(browser: Companion) -> None:
    """Chromium evicts no data of extensions with this permission, and answers by it nowhere else."""
    held = "chrome.permissions.contains({ permissions: ['unlimitedStorage'] })"
    assert browser.worker.evaluate(held) is True


def test_a_token_on_a_phone_is_a_contradiction(gate: GuardedWebmail, browser: Companion) -> None:
    carried = {"User-Agent": IPHONE, "Device-Attestation": browser.session()["token"]}
    told = verdict_with(gate, carried)
    assert "kind-contradicted" in told["client"]["findings"]
    assert told["client"]["kind"] == "phone"
    assert told["verdict"]["effect"] == "block"


def test_a_header_that_another_extension_forges_is_refused_with_its_reason(
    gate: GuardedWebmail, browser: Companion
) -> None:
    before = len(decided(gate))
    browser.context.new_page().goto(f"{gate.url}/?forged")
    first, *others = decided(gate)[before:]
    assert (first["attestation"], first["assurance"]) == ("token-alg-refused", "claimed")
    assert "attestation-invalid" in first["findings"]
    assert {line["attestation"] for line in others} == {"accepted"}


def test_a_token_that_was_altered_is_worth_nothing(gate: GuardedWebmail, browser: Companion) -> None:
    head, body, _ = browser.session()["token"].split(".")
    forged = verdict_with(gate, {"User-Agent": IPHONE, "Device-Attestation": f"{head}.{body}.{'A' * 86}"})
    assert "attestation-invalid" in forged["client"]["findings"]
    assert forged["verdict"]["effect"] == "block"


def test_a_report_that_is_sent_a_second_time_is_refused(gate: GuardedWebmail, browser: Companion) -> None:
    page = browser.page("options/options.html")
    sent = capture_report(page, gate.url)
    with pytest.raises(HTTPError) as refused:
        urlopen(
            Request(f"{gate.url}/.mailgate/attest", sent["body"].encode(), sent["headers"]), timeout=PATIENCE
        )
    with refused.value as answer:
        assert (answer.code, json.load(answer)["reason"]) == (401, "proof-replayed")


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
