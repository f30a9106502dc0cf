"""The side door: a real Dovecot with the shipped snippet asks a running gate about every login."""

import base64
import imaplib
import os
import poplib
import re
import secrets
import smtplib
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.request import Request, urlopen

import pytest
from aiosmtpd.controller import Controller
from tests.e2e.mailsystem import PASSWORD, SAMPLE_MAILS, USERS, dovecot
from tests.integration.conftest import Guarded
from tests.integration.gate import PHONE_RULES, start_gate, wait_for, write_config
from tests.servers import PATIENCE, free_port, require_or_skip, unavailable

from mailgate.attest.mint import JWKS_FILE, TEST_ISSUER, key_files

pytestmark = pytest.mark.e2e

SNIPPET = Path(__file__).parents[2] / "deploy/dovecot/auth-policy-2.4.conf"
DOCS = Path(__file__).parents[2] / "docs"
WEBMAIL = "127.0.0.7"
"""An address of this machine that logins of the webmail itself come from."""

SENDING = {
    "id": "sending",
    "when": 'request.protocol == "submission" && !("prohibited" in device.lists)',
    "effect": "allow",
}
RULES = {
    "rules": [
        {
            "id": "webmail-itself",
            "when": f'request.protocol == "imap" && request.remote == "{WEBMAIL}"',
            "effect": "allow",
        },
        SENDING,
        *PHONE_RULES["rules"],
    ]
}
THUNDERBIRD = '("name" "Thunderbird" "version" "140.5.0")'
IPHONE_MAIL = '("name" "iPhone Mail" "version" "22F76" "os" "iOS" "os-version" "18.6 (22G86)")'
K9 = '("name" "K-9 Mail" "version" "12.0")'
KEY = "the key of these tests"
PROTOCOLS = {
    "pop3": ("pop3-login", "pop3s"),
    "submission": ("submission-login", "submissions"),
    "sieve": ("managesieve-login", ""),
}
"""What logs in there but IMAP: Dovecot's service, and its listener over TLS that these tests do without."""
RELAY = """\
hostname = mail.example.com
submission_relay_host = 127.0.0.1
submission_relay_port = {port}
"""


def listening(protocol: str, port: int) -> str:
    """The settings of Dovecot by which one of ``PROTOCOLS`` is served at a port."""
    service, encrypted = PROTOCOLS[protocol]
    without_tls = f"inet_listener {encrypted} {{\n port = 0\n }}\n" if encrypted else ""
    listener = f"inet_listener {protocol} {{\n listen = 127.0.0.1\n port = {port}\n }}\n"
    return f"protocols {{\n {protocol} = yes\n}}\nservice {service} {{\n {listener} {without_tls}}}\n"


@dataclass(frozen=True)
class SideDoor:
    """A mail server at ``imap_port`` and the gate that it asks."""

    guarded: Guarded
    imap_port: int

    def report(self, user: str, *apps: str, device: str = "phone") -> None:
        """What management says of a device of somebody, sent apart from any mail."""
        path = "/.mailgate/status"
        subject = f"{user}-{device}"
        headers = self.guarded.with_key_of(subject).report(path, user=user, subject=subject, apps=apps)
        with urlopen(Request(self.guarded.url + path, headers=headers), timeout=PATIENCE) as answer:
            assert answer.status == 200

    def logged(self, shown: str) -> list[dict[str, Any]]:
        """The log lines whose reference stands in what a person was shown."""
        records = self.guarded.gate.records()
        return [each for each in records if each.get("reference") and each["reference"] in shown]


class Imap(imaplib.IMAP4):
    """An IMAP session from an address of one's choice."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self._source = source
        super().__init__("127.0.0.1", port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return socket.create_connection((self.host, self.port), PATIENCE, (self._source, 0))


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
        assert session.select() == ("OK", [str(len(SAMPLE_MAILS)).encode()])
    return ""


@contextmanager
def mail_server(policy_url: str, key: str, further: str = "", *, on_fail: str = "yes") -> Iterator[int]:
    """A Dovecot with the shipped snippet and ``further`` settings. Yields its IMAP port."""
    require_or_skip("dovecot")
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


@dataclass(frozen=True)
class OtherDoors:
    """A mail server of the same people for everything but IMAP: the ports, and what was sent through it."""

    ports: Mapping[str, int]
    outbox: "Outbox"

    def log_in(self, protocol: str, user: str, password: str = PASSWORD) -> str:
        """Log in and use it; empty where that worked, else what the client shows."""
        if protocol == "sieve":
            return use_sieve(self.ports[protocol], user, password)
        if protocol == "submission":
            return self._send(user, password)
        return read_pop3(self.ports[protocol], user, password)

    def _send(self, user: str, password: str) -> str:
        before = len(self.outbox.senders)
        with smtplib.SMTP("127.0.0.1", self.ports["submission"], timeout=PATIENCE) as session:
            try:
                session.login(user, password)
            except smtplib.SMTPAuthenticationError as refused:
                return bytes(refused.smtp_error).decode()
            session.sendmail(f"{user}@example.com", ["desk@example.com"], "Subject: Hello\r\n\r\nHello.\r\n")
        assert self.outbox.senders[before:] == [f"{user}@example.com"]
        return ""


class Outbox:
    """The server that submission hands its letters to."""

    def __init__(self) -> None:
        self.senders: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's word
        self.senders.append(envelope.mail_from)
        return "250 OK"


def read_pop3(port: int, user: str, password: str) -> str:
    session = poplib.POP3("127.0.0.1", port, timeout=PATIENCE)
    try:
        session.user(user)
        session.pass_(password)
        assert session.stat()[0] == len(SAMPLE_MAILS)
        session.quit()
    except poplib.error_proto as refused:
        return str(refused)
    finally:
        session.close()
    return ""


def use_sieve(port: int, user: str, password: str) -> str:
    """ManageSieve (RFC 5804): the greeting, AUTHENTICATE with SASL PLAIN (RFC 4616), a list of the scripts."""
    credentials = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as connection,
        connection.makefile("rwb", 0) as wire,
    ):
        assert sieve_answer(wire).startswith("OK")
        for command in (f'AUTHENTICATE "PLAIN" "{credentials}"', "LISTSCRIPTS", "LOGOUT"):
            wire.write(f"{command}\r\n".encode())
            answer = sieve_answer(wire)
            if not answer.startswith("OK"):
                return answer
    return ""


def sieve_answer(wire: IO[bytes]) -> str:
    """The last line of an answer, with the literal that it may end in (RFC 5804, section 1.2)."""
    while line := wire.readline().decode():
        if line.startswith(("OK", "NO", "BYE")):
            literal = re.search(r"\{(\d+)\+?\}\r\n$", line)
            return line + wire.read(int(literal[1])).decode() if literal else line
    raise AssertionError("the server said no OK, NO or BYE")


@contextmanager
def outgoing(outbox: Outbox) -> Iterator[int]:
    """A mail server for letters on their way out. Yields its port."""
    port = free_port()
    server = Controller(outbox, "127.0.0.1", port, ready_timeout=PATIENCE)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@pytest.fixture(scope="module")
def others(door: SideDoor) -> Iterator[OtherDoors]:
    require_or_skip(*(f"/usr/lib/dovecot/{service}" for service, _ in PROTOCOLS.values()))
    ports = {protocol: free_port() for protocol in PROTOCOLS}
    outbox = Outbox()
    with outgoing(outbox) as relay:
        further = "".join(listening(protocol, port) for protocol, port in ports.items())
        further += RELAY.format(port=relay)
        with mail_server(f"{door.guarded.admin}/dovecot/policy", KEY, further):
            yield OtherDoors(ports, outbox)


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
    (line,) = wait_for(lambda: door.logged(shown))
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


def test_the_webmails_own_logins_are_allowed_by_address(door: SideDoor) -> None:
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


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_elsewhere_the_client_tells_nothing_so_the_persons_phone_counts(
    door: SideDoor, others: OtherDoors, protocol: str
) -> None:
    door.report("alice", "tiktok")
    door.report("bob")
    shown = others.log_in(protocol, "alice")
    assert "TikTok" in shown
    assert "(prohibited-app)" in shown
    assert others.log_in(protocol, "bob") == ""
    assert "TikTok" not in others.log_in(protocol, "alice", "guessed")

    door.report("alice")
    assert others.log_in(protocol, "alice") == ""


def test_the_documented_rule_lets_people_without_a_listed_app_send(
    door: SideDoor, others: OtherDoors
) -> None:
    """A laptop's login cannot be told from a phone's there; the rule is the one of docs/protocols.md."""
    assert SENDING["when"] in (DOCS / "protocols.md").read_text()
    assert others.log_in("submission", "carol") == ""
    for protocol in ("pop3", "sieve"):
        assert "(posture-missing)" in others.log_in(protocol, "carol")
    door.report("carol", "tiktok")
    assert "(prohibited-app)" in others.log_in("submission", "carol")


def test_the_log_names_each_protocol(door: SideDoor, others: OtherDoors) -> None:
    door.report("alice", "tiktok")
    for protocol in PROTOCOLS:
        shown = others.log_in(protocol, "alice")
        lines = wait_for(lambda shown=shown: door.logged(shown))
        assert [line["protocol"] for line in lines] == [protocol]
