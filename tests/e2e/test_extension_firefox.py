"""The companion extension in a real Firefox, loaded from its source folder with no build, before the gate and Roundcube."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.companion import EXTENSION, admin
from tests.e2e.firefox import Firefox, firefox
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import MailSystem
from tests.integration.gate import wait_for

pytestmark = pytest.mark.e2e

ID = "companion@mailgate.example"
REACHED_AS = "6b1f6a2e-3c0d-4f57-9a41-2f1f0c9f7d55"
POPUP, OPTIONS = (
    f"moz-extension://{REACHED_AS}/{page}" for page in ("popup/popup.html", "options/options.html")
)
OPEN = "Company mail opens in this browser."
PATIENCE = 20.0


@pytest.fixture(scope="module")
def gate(mail: MailSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedWebmail]:
    with guarded(mail.url, tmp_path_factory.mktemp("gate"), log={"level": "debug"}) as running:
        yield running


@pytest.fixture
def fox(gate: GuardedWebmail, tmp_path: Path) -> Iterator[Firefox]:
    """A Firefox whose extension enrolled with a code."""
    with firefox(tmp_path, {ID: REACHED_AS}) as running:
        running.install(EXTENSION)
        running.open(OPTIONS)
        code = admin(gate, "enroll", "code", "--user", "alice")
        running.run(
            "document.getElementById('gate').value = arguments[0];"
            "document.getElementById('code').value = arguments[1];",
            gate.url,
            code,
        )
        running.click("#connect")
        expect_headline(running, OPEN)
        yield running


def expect_headline(fox: Firefox, text: str) -> None:
    assert wait_for(lambda: fox.text("#headline") == text, PATIENCE), fox.text("main")


def test_mail_opens_and_every_request_carries_the_proof(gate: GuardedWebmail, fox: Firefox) -> None:
    before = len(gate.gate.records())
    fox.open(gate.url)
    assert "Roundcube" in fox.run("return document.title")
    lines = [line for line in gate.gate.records()[before:] if line.get("event") == "decided"]
    assert len(lines) > 3
    seen = {(line["kind"], line["assurance"], line["attestation"]) for line in lines}
    assert seen == {("laptop", "attested", "accepted")}


def test_the_popup_has_the_verdict_this_browser_and_diagnostics_without_a_token(
    gate: GuardedWebmail, fox: Firefox
) -> None:
    fox.open(POPUP)
    expect_headline(fox, OPEN)
    assert wait_for(lambda: "This browser" in fox.text("#devices"), PATIENCE)
    fox.run("document.querySelector('details').open = true")
    assert wait_for(lambda: "browser: Firefox" in fox.text("#diagnostics"), PATIENCE)
    assert "eyJ" not in fox.text("#diagnostics")


def test_a_device_that_is_revoked_says_so(gate: GuardedWebmail, fox: Firefox) -> None:
    fox.open(POPUP)
    expect_headline(fox, OPEN)
    shown = fox.run("return (await browser.storage.local.get('memory')).memory")
    admin(gate, "enroll", "revoke", shown["deviceId"])
    fox.run(
        "const { memory } = await browser.storage.local.get('memory');"
        "await browser.storage.local.set({ memory: { ...memory, reportAt: 1 } });"
    )
    expect_headline(fox, "This browser was shut out of company mail.")
