"""The side door: a real Dovecot with the shipped snippet asks a running gate about every login."""

import imaplib
import os
import poplib
import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from tests.e2e.mailsystem import LETTERS, PASSWORD, USERS, dovecot
from tests.integration.conftest import Guarded
from tests.integration.gate import PHONE_RULES, start_gate, wait_for, write_config
from tests.servers import free_port, require, unavailable

from mailgate.attest.mint import JWKS_FILE, TEST_ISSUER, key_files

pytestmark = pytest.mark.e2e

SNIPPET = Path(__file__).parents[2] / "deploy/dovecot/auth-policy-2.4.conf"
WEBMAIL = "127.0.0.7"
"""An address of this machine that logins of the webmail itself come from."""

RULES = {
    "rules": [
        {
            "id": "webmail-itself",
            "when": f'request.protocol == "imap" && request.remote == "{WEBMAIL}"',
            "effect": "allow",
        },
        *PHONE_RULES["rules"],
    ]
}
THUNDERBIRD = '("name" "Thunderbird" "version" "140.5.0")'
IPHONE_MAIL = '("name" "iPhone Mail" "version" "22F76" "os" "iOS" "os-version" "18.6 (22G86)")'
K9 = '("name" "K-9 Mail" "version" "12.0")'
KEY = "the key of these tests"
POP3 = Path("/usr/lib/dovecot/pop3-login")
POP3_SETTINGS = """\
protocols {{
  pop3 = yes
}}
service pop3-login {{
  inet_listener pop3 {{
    listen = 127.0.0.1
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class SideDoor:
    """A mail server at ``imap_port`` and the gate that it asks."""

    guarded: Guarded
    imap_port: int

    def report(self, user: str, *apps: str, device: str = "phone") -> None:
        """What management says of a device of somebody, sent apart from any mail."""
        path = "/.mailgate/status"
        headers = self.guarded.report(path, user=user, subject=f"{user}-{device}", apps=apps)
        with urlopen(Request(self.guarded.url + path, headers=headers), timeout=10) as answer:
            assert answer.status == 200


class Imap(imaplib.IMAP4):
    """An IMAP session from an address of one's choice."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._source = source
        super().__init__("127.0.0.1", port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), 20, (self._source, 0))


def log_in(
    port: int, user: str, imap_id: str = "", *, source: str = "127.0.0.1", password: str = PASSWORD
) -> str:
    """Log in as a mail client does, ID first; empty where it may read, else what the client shows."""
    with Imap(port, source) as session:
        if imap_id:
            assert session.xatom("ID", imap_id)[0] == "OK"
        try:
            session.login(user, password)
        except imaplib.IMAP4.error as refused:
            return str(refused.args[0], "utf-8")
        assert session.select() == ("OK", [str(len(LETTERS)).encode()])
    return ""


@contextmanager
def mail_server(policy_url: str, key: str, further: str = "", *, on_fail: str = "yes") -> Iterator[int]:
    """A Dovecot with the shipped snippet and ``further`` settings. Yields its IMAP port."""
    require("dovecot")
    if os.geteuid() != 0:
        unavailable("Dovecot gives its processes users of their own, which needs root")
    with tempfile.TemporaryDirectory(prefix="mailgate-side-door-") as directory:
        run = Path(directory)
        run.chmod(0o755)
        (run / "mailgate.key").write_text(f"X-API-Key: {key}")
        shipped = SNIPPET.read_text()
        for line, instead in (
            ("http://127.0.0.1:8081/dovecot/policy", policy_url),
            ("</etc/dovecot/mailgate.key\n\n", f"<{run / 'mailgate.key'}\n\n"),
            ("auth_policy_reject_on_fail = yes", f"auth_policy_reject_on_fail = {on_fail}"),
        ):
            assert line in shipped
            shipped = shipped.replace(line, instead)
        with dovecot(run, f"{shipped}\nauth_failure_delay = 0\n{further}", indexed=False) as port:
            yield port


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SideDoor]:
    directory, port = tmp_path_factory.mktemp("gate"), free_port()
    keys = key_files(secrets.token_bytes(32), secrets.token_bytes(32))
    (directory / JWKS_FILE).write_text(keys[JWKS_FILE])
    (directory / "dovecot.key").write_text(f"{KEY}\n")
    settings = {
        "listen": f"127.0.0.1:{port}",
        "public_url": f"http://127.0.0.1:{port}",
        "attestation": {"issuers": [{"issuer": TEST_ISSUER, "jwks": JWKS_FILE}]},
        "dovecot": {"api_key": {"file": "dovecot.key"}},
    }
    gate = start_gate(write_config(directory, "http://127.0.0.1:9", settings, RULES))
    guarded = Guarded(gate, directory, f"http://127.0.0.1:{port}", keys)
    try:
        with mail_server(f"{guarded.admin}/dovecot/policy", KEY) as imap_port:
            for user in USERS:
                assert log_in(imap_port, user, source=WEBMAIL) == ""
            yield SideDoor(guarded, imap_port)
    finally:
        assert gate.stop() == 0


@pytest.mark.parametrize("imap_id", [IPHONE_MAIL, K9, "", '("name" "Something Else")'])
def test_a_handheld_or_unknown_client_follows_the_persons_phone_and_a_laptops_works(
    door: SideDoor, imap_id: str
) -> None:
    door.report("alice", "tiktok")
    door.report("bob")
    shown = log_in(door.imap_port, "alice", imap_id)
    assert "[ALERT]" in shown
    assert "TikTok" in shown
    assert "(prohibited-app)" in shown
    assert log_in(door.imap_port, "alice", THUNDERBIRD) == ""
    assert log_in(door.imap_port, "bob", imap_id) == ""
    assert log_in(door.imap_port, "bob", THUNDERBIRD) == ""

    door.report("alice")
    assert log_in(door.imap_port, "alice", imap_id) == ""


def test_the_reference_that_the_person_reads_out_stands_in_the_log(door: SideDoor) -> None:
    door.report("alice", "tiktok")
    shown = log_in(door.imap_port, "alice", IPHONE_MAIL)
    (line,) = wait_for(
        lambda: [
            each
            for each in door.guarded.gate.records()
            if each.get("reference") and each["reference"] in shown
        ]
    )
    assert (line["reason"], line["protocol"], line["kind"]) == ("prohibited-app", "imap", "phone")
    assert "alice" not in str(line)


def test_nobody_without_the_password_learns_what_is_on_the_phone(door: SideDoor) -> None:
    door.report("alice", "tiktok")
    shown = log_in(door.imap_port, "alice", IPHONE_MAIL, password="guessed")
    assert "AUTHENTICATIONFAILED" in shown
    assert "TikTok" not in shown


def test_the_most_restrictive_of_two_phones_counts(door: SideDoor) -> None:
    door.report("bob")
    door.report("Bob", "tiktok", device="old-phone")
    assert "TikTok" in log_in(door.imap_port, "bob", IPHONE_MAIL)
    door.report("bob", device="old-phone")
    door.report("Bob", device="old-phone")
    assert log_in(door.imap_port, "bob", IPHONE_MAIL) == ""


def test_the_webmails_own_logins_are_let_in_by_their_address(door: SideDoor) -> None:
    door.report("alice", "tiktok")
    assert log_in(door.imap_port, "alice", '("name" "Roundcube" "version" "1.6")', source=WEBMAIL) == ""
    assert "no-rule-matched" in log_in(door.imap_port, "alice", '("name" "Roundcube" "version" "1.6")')


@pytest.mark.parametrize("why", ["nobody answers", "the key is wrong"])
@pytest.mark.parametrize(("setting", "let_in"), [("yes", False), ("no", True)])
def test_without_an_answer_the_setting_of_dovecot_decides(
    door: SideDoor, why: str, setting: str, let_in: bool
) -> None:
    dead = f"http://127.0.0.1:{free_port()}/dovecot/policy"
    url = dead if why == "nobody answers" else f"{door.guarded.admin}/dovecot/policy"
    with mail_server(url, "not the key", on_fail=setting) as port:
        assert (log_in(port, "alice", THUNDERBIRD) == "") is let_in


def test_pop3_tells_nothing_of_the_client_so_the_persons_phone_counts(door: SideDoor) -> None:
    require(str(POP3))
    port = free_port()
    with mail_server(f"{door.guarded.admin}/dovecot/policy", KEY, POP3_SETTINGS.format(port=port)):
        door.report("alice", "tiktok")
        session = poplib.POP3("127.0.0.1", port, timeout=20)
        session.user("alice")
        with pytest.raises(poplib.error_proto, match="TikTok"):
            session.pass_(PASSWORD)
        session.close()

        door.report("alice")
        session = poplib.POP3("127.0.0.1", port, timeout=20)
        session.user("alice")
        session.pass_(PASSWORD)
        assert session.stat()[0] == len(LETTERS)
        session.quit()
