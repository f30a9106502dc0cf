"""The helper on the computer, as real browsers find and ask it, and as its word goes on to the gate's token."""

import json
import os
import subprocess
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright
from tests.e2e.extension.companion import companion, extension_id, packaged
from tests.e2e.extension.firefox import firefox
from tests.e2e.extension.policies import chromium_told, firefox_told
from tests.e2e.gate import GuardedWebmail
from tests.integration.gate import wait_for

from mailgate.cli.extension_files import Fit

pytestmark = pytest.mark.e2e

HELPER = Path(__file__).parents[3] / "deploy/native-host/mailgate-machine.py"
REACHED_AS = "6b1f6a2e-3c0d-4f57-9a41-2f1f0c9f7d56"
NAME = "mailgate.machine.json"
ANSWERED = {"disk_encrypted": True, "screen_lock": False}
SAID = json.dumps({**ANSWERED, "firewall": None, "serial": "PF2X7"})


def stand_in(folder: Path) -> Path:
    """The helper with what this computer says fixed, so that every browser has to hear the same."""
    text = HELPER.read_text().replace(
        "def answer():", f"def answer():\n    return json.loads({SAID!r})\n\n\ndef unused():", 1
    )
    program = folder / "mailgate-machine.py"
    program.write_text(text)
    program.chmod(0o755)
    return program


def install(folder: Path, extension: str) -> None:
    """Have the helper write its manifests below ``root`` in this folder."""
    into = os.environ | {"DESTDIR": str(folder / "root")}
    subprocess.run([stand_in(folder), "--install", extension], check=True, env=into)


def claims(token: str) -> Any:
    payload = token.split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_chromium_asks_the_helper_and_the_gate_repeats_it(
    gate: GuardedWebmail, playwright: Playwright, token: str, tmp_path: Path
) -> None:
    package, profile = packaged(tmp_path / "package", gate.url, helper=True), tmp_path / "profile"
    install(tmp_path, extension_id(package))
    found = tmp_path / "root/etc/chromium/native-messaging-hosts" / NAME
    (profile / "NativeMessagingHosts").mkdir(parents=True)
    (profile / "NativeMessagingHosts" / NAME).write_text(found.read_text())
    program = chromium_told(tmp_path, package, {"gate": gate.url, "enrolmentToken": token})
    with companion(playwright, profile, package, agent=None, program=program) as browser:
        assert wait_for(lambda: browser.session() and browser.session()["token"])
        reported = claims(browser.session()["token"])["reported"]
        assert browser.ask("state")["memory"]["managed"] is True
    assert reported["machine"] == ANSWERED
    assert reported["extension_version"]
    assert reported["browser"]["version"].count(".") == 3  # the whole version, not the first part alone


def test_firefox_asks_the_helper_and_names_no_version_of_the_system_that_it_makes_up(
    gate: GuardedWebmail, token: str, tmp_path: Path
) -> None:
    package = packaged(tmp_path / "package", gate.url, "firefox", helper=True)
    name = Fit(origin=gate.url).firefox_id
    install(tmp_path, name)
    hosts = tmp_path / ".mozilla/native-messaging-hosts"
    hosts.mkdir(parents=True)
    (hosts / NAME).write_text((tmp_path / "root/usr/lib/mozilla/native-messaging-hosts" / NAME).read_text())
    program = firefox_told(tmp_path, name, {"gate": gate.url, "enrolmentToken": token})
    with firefox(tmp_path, {name: REACHED_AS}, program) as fox:
        fox.install(package)
        fox.open(f"moz-extension://{REACHED_AS}/popup/popup.html")
        session = "return (await browser.storage.session.get('session')).session?.token ?? ''"
        assert wait_for(lambda: fox.run(session))
        told = claims(fox.run(session))
        assert fox.run("return (await browser.runtime.sendMessage({ type: 'state' })).memory.managed") is True
    assert told["reported"]["machine"] == ANSWERED
    assert told["reported"]["browser"]["name"] == "Firefox"
    assert "os_version" not in told
