"""The extension in a real Firefox, loaded from its source folder with no build, before the gate and Roundcube."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from tests.e2e.extension.bystanders import EVERY_WAY, WAYS, Bystander
from tests.e2e.extension.companion import AFTER_AN_OUTAGE, EXTENSION, admin
from tests.e2e.extension.firefox import Firefox, firefox
from tests.e2e.extension.rules import BEFORE_THE_NEXT_LOOK, PHONE_REFUSED, no_laptops, phone_with_tiktok
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem
from tests.integration.gate import wait_for
from tests.servers import PATIENCE

pytestmark = pytest.mark.e2e

STRICT = Path(__file__).parents[3] / "config/examples/strict/policy.yaml"
ID = "companion@mailgate.example"
REACHED_AS = "6b1f6a2e-3c0d-4f57-9a41-2f1f0c9f7d55"
POPUP, OPTIONS = (
    f"moz-extension://{REACHED_AS}/{page}" for page in ("popup/popup.html", "options/options.html")
)
OPEN = "Mail opens in this browser"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox"), {ID: REACHED_AS}) as running:
        running.install(EXTENSION)
        yield running


@pytest.fixture
def fox(gate: GuardedWebmail, token: str, installed: Firefox) -> Firefox:
    """A Firefox whose extension is enrolled."""
    installed.open(OPTIONS)
    memory = known(installed)
    if (memory["phase"], memory["gate"]) != ("active", gate.url):
        enrol(installed, gate.url, token)
    return installed


def enrol(fox: Firefox, gate: str, code: str) -> None:
    """What a person does with a code."""
    fox.open(OPTIONS)
    fox.run(
        "document.getElementById('gate').value = arguments[0]; document.getElementById('code').value = arguments[1];",
        gate,
        code,
    )
    fox.click("#connect")
    assert wait_for(lambda: known(fox)["deviceId"] and known(fox)["gate"] == gate)
    expect_headline(fox, OPEN)


def known(fox: Firefox) -> Any:
    """What the extension says of itself, asked from one of its pages."""
    return fox.run("return (await browser.runtime.sendMessage({ type: 'state' })).memory")


def expect_headline(fox: Firefox, text: str, within: float = PATIENCE) -> None:
    assert wait_for(lambda: fox.text("#headline") == text, within), fox.text("main")


def badge(fox: Firefox) -> str:
    return str(fox.run("return browser.action.getBadgeText({})"))


def decided(gate: GuardedWebmail) -> list[dict[str, Any]]:
    return [line for line in gate.gate.records() if line.get("event") == "decided"]


def test_mail_opens_and_every_request_carries_the_proof(gate: GuardedWebmail, fox: Firefox) -> None:
    enrol(fox, gate.url, admin(gate, "enroll", "code", "--user", "alice"))
    before = len(decided(gate))
    fox.open(gate.url)
    assert "Roundcube" in fox.run("return document.title")
    lines = decided(gate)[before:]
    assert len(lines) > 3
    seen = {(line["kind"], line["assurance"], line["attestation"]) for line in lines}
    assert seen == {("laptop", "attested", "accepted")}


def test_the_key_is_not_evicted_where_the_disk_is_full(fox: Firefox) -> None:
    fox.open(OPTIONS)
    assert fox.run("return await navigator.storage.persisted()") is True


def test_no_other_origin_ever_sees_the_token_however_the_mail_leads_there(
    leading: GuardedWebmail, fox: Firefox, token: str, elsewhere: Bystander
) -> None:
    enrol(fox, leading.url, token)
    fox.open(leading.url)
    fox.run(f"return ({EVERY_WAY})(arguments[0])", elsewhere.url)
    fox.open(f"{leading.url}/away?{elsewhere.url}/opened")
    assert fox.run("return document.title") == "Elsewhere"
    assert elsewhere.paths() >= WAYS
    assert not [seen for seen in elsewhere.seen if "device-attestation" in seen]


def test_the_popup_has_the_verdict_its_time_and_diagnostics_without_a_token(fox: Firefox) -> None:
    fox.open(POPUP)
    expect_headline(fox, OPEN)
    assert wait_for(lambda: fox.text("#when") == "Checked just now")
    fox.run("document.querySelector('details').open = true")
    assert wait_for(lambda: "browser: Firefox" in fox.text("#diagnostics"))
    assert "eyJ" not in fox.text("#diagnostics")


def test_an_ended_worker_is_woken_by_its_alarm(gate: GuardedWebmail, fox: Firefox) -> None:
    held = fox.run("return (await browser.storage.session.get('session')).session.token")
    fox.run(
        "const { memory } = await browser.storage.local.get('memory');"
        "await browser.storage.local.set({ memory: { ...memory, reportAt: 1 } });"
    )
    assert wait_for(lambda: fox.end_worker(ID) == "stopped")
    before = len(decided(gate))
    fox.open(gate.url)
    assert {line["attestation"] for line in decided(gate)[before:]} == {"accepted"}
    fox.open(OPTIONS)
    fox.run("await browser.alarms.create('turn', { when: Date.now() + 100 })")
    renewed = "return (await browser.storage.session.get('session')).session.token"
    assert wait_for(lambda: fox.run(renewed) != held)


def test_a_changed_rule_shows_in_the_popup_and_then_in_the_badge(gate: GuardedWebmail, fox: Firefox) -> None:
    fox.open(POPUP)
    expect_headline(fox, OPEN)
    with no_laptops(gate):
        expect_headline(fox, "Mail does not open in this browser", BEFORE_THE_NEXT_LOOK)
        assert wait_for(lambda: badge(fox) == "×")
        fox.open(OPTIONS)  # which does not look by itself
    assert wait_for(lambda: badge(fox) == "")


def test_a_laptop_says_that_the_phone_of_its_owner_gets_no_mail_and_why(
    gate: GuardedWebmail, fox: Firefox
) -> None:
    fox.open(POPUP)
    expect_headline(fox, OPEN)
    with phone_with_tiktok(gate):
        expect_headline(fox, "Remove TikTok from your phone")
        assert fox.text("#badge") == "Phone: No mail"
        assert fox.text("#remove").startswith(PHONE_REFUSED)
        assert fox.text("#open") == "Open mail"
    expect_headline(fox, OPEN)


def test_a_revoked_device_says_so_and_returns_by_a_new_code(
    gate: GuardedWebmail, fox: Firefox, token: str
) -> None:
    revoked = known(fox)
    admin(gate, "enroll", "revoke", revoked["deviceId"])
    fox.run(
        "const { memory } = await browser.storage.local.get('memory');"
        "await browser.storage.local.set({ memory: { ...memory, reportAt: 1 } });"
    )
    fox.open(POPUP)
    expect_headline(fox, "This browser was shut out of company mail")
    enrol(fox, gate.url, token)
    assert known(fox)["thumbprint"] != revoked["thumbprint"]


def test_strict_mode_leads_to_the_extension_and_on_after_the_enrolment(
    mail: MailSystem, fox: Firefox, tmp_path: Path
) -> None:
    rules = YAML(typ="safe").load(STRICT)
    with guarded(mail.url, tmp_path, rules, probe="require") as gate:
        fox.open(gate.url)
        assert wait_for(lambda: "open its set-up" in fox.text("main").lower())
        with fox.another_tab():
            enrol(fox, gate.url, admin(gate, "enroll", "code"))
        assert wait_for(lambda: "Roundcube" in str(fox.run("return document.title")))

        cookies = fox.command("WebDriver:GetCookies", {})
        assert "mailgate-proved" in [each["name"] for each in cookies]

        # an outage: the next try would come in an hour, but somebody opens the mail
        fox.open(OPTIONS)
        fox.run(f"await ({AFTER_AN_OUTAGE})(3600)")
        fox.open(gate.url)
        assert wait_for(lambda: "Roundcube" in str(fox.run("return document.title")))
