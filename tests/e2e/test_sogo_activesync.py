"""ActiveSync of a real SOGo through the gate: a clean phone notices nothing, one with a listed app gets no mail."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from select import select
from uuid import uuid4

import pytest
from pyactivesync._wbxml import NodeBuilder, find_all, leaves
from tests.e2e.activesync import (
    COMMANDS,
    MailApp,
    Reply,
    device_information,
    fetch,
    find_person,
    folder_sync,
    get_item_estimate,
    ping,
    reply_of,
    sync,
)
from tests.e2e.gate import GuardedWebmail, guarded
from tests.e2e.mailsystem import PASSWORD, SAMPLE_MAILS, MailSystem
from tests.e2e.sogo import SHORTEST_PING
from tests.servers import PATIENCE

from mailgate.attest.mint import AttestedDevice

pytestmark = pytest.mark.e2e

HEARTBEAT = 30
"""Seconds of a Ping that no test waits for."""


PASSING = {"date", "content-length", "connection"}

FORMS = pytest.mark.parametrize("binary", [False, True], ids=["plain", "base64"])

BLOCKED = {
    "Sync": "AirSync.Sync(AirSync.Status(129))",
    "SendMail": "ComposeMail.SendMail(ComposeMail.Status(129))",
    "SmartForward": "ComposeMail.SmartForward(ComposeMail.Status(129))",
    "SmartReply": "ComposeMail.SmartReply(ComposeMail.Status(129))",
    "FolderSync": "FolderHierarchy.FolderSync(FolderHierarchy.Status(129))",
    "FolderCreate": "FolderHierarchy.FolderCreate(FolderHierarchy.Status(129))",
    "FolderDelete": "FolderHierarchy.FolderDelete(FolderHierarchy.Status(129))",
    "FolderUpdate": "FolderHierarchy.FolderUpdate(FolderHierarchy.Status(129))",
    "MoveItems": "Move.MoveItems(Move.Status(129) Move.Response(Move.SrcMsgId() Move.Status(129)))",
    "GetItemEstimate": "ItemEstimate.GetItemEstimate(ItemEstimate.Status(129))",
    "MeetingResponse": "page8.0x07(page8.0x0A(page8.0x0B(129)))",  # MeetingResponse(Result(Status))
    "Search": "Search.Search(Search.Status(129))",
    "Settings": "Settings.Settings(Settings.Status(129))",
    "Ping": "Ping.Ping(Ping.Status(129))",
    "ItemOperations": "ItemOperations.ItemOperations(ItemOperations.Status(129))",
    "Provision": "Provision.Provision(Provision.Status(129))",
    "ResolveRecipients": "ResolveRecipients.ResolveRecipients(ResolveRecipients.Status(129))",
    "ValidateCert": "page11.0x05(page11.0x0A(129))",  # ValidateCert(Status)
    "Find": "Find.Find(Find.Status(129))",
}
"""The refusal of each command, as the other codec reads it; it does not name the tokens of two pages."""


@pytest.fixture(scope="module")
def gate(guarded_sogo: GuardedWebmail) -> GuardedWebmail:
    return guarded_sogo


def phone(url: str, *, binary: bool = False) -> MailApp:
    """A phone that nobody has seen before."""
    return MailApp(url, "bob", PASSWORD, f"APPL{uuid4().hex[:12].upper()}", binary=binary)


def report(gate: GuardedWebmail, app: MailApp, *apps: str) -> None:
    gate.report(
        AttestedDevice(f"device of {app.device_id}", apps=apps, eas_ids=(app.device_id,), user=app.user)
    )


def open_inbox(app: MailApp) -> str:
    """Read the list of folders; the id of the inbox (type 2)."""
    tree = app.ask("FolderSync", folder_sync()).tree
    folders = [leaves(node[2]) for node in find_all(tree, "FolderHierarchy.Add")]
    return next(each["FolderHierarchy.ServerId"] for each in folders if each["FolderHierarchy.Type"] == "2")


def start_sync(app: MailApp) -> tuple[str, str]:
    """The id of the inbox, and the key of a partnership for it that has nothing yet."""
    inbox = open_inbox(app)
    return inbox, app.ask("Sync", sync(inbox)).text("AirSync.SyncKey") or ""


def read_inbox(app: MailApp) -> tuple[str, str]:
    """Take everything from the inbox, until the key of the partnership stays the same; id and key."""
    inbox, key = start_sync(app)
    while (newer := app.ask("Sync", sync(inbox, key)).text("AirSync.SyncKey")) and newer != key:
        key = newer
    return inbox, key


@contextmanager
def pings(apps: Iterable[MailApp], inbox: str, seconds: int) -> Iterator[list[HTTPConnection]]:
    """Let all of them wait at once for something to happen in the inbox."""
    with ExitStack() as hanging:
        yield [hanging.enter_context(app.asking("Ping", ping(inbox, seconds))) for app in apps]


def expect_nothing(hanging: HTTPConnection) -> None:
    """Until now there must be no answer, and the connection must be open."""
    assert hanging.sock is not None
    readable, _, _ = select([hanging.sock], [], [], 0.5)
    assert not readable


def conversation(app: MailApp) -> Iterator[Reply]:
    """What a mail app asks on its first day."""
    yield app.options()
    yield app.ask("Settings", device_information("iPhone 15"))
    yield app.ask("FolderSync", folder_sync())
    inbox, key = start_sync(app)
    yield app.ask("GetItemEstimate", get_item_estimate(inbox, key))
    letters = app.ask("Sync", sync(inbox, key))
    yield letters
    yield app.ask("ItemOperations", fetch(inbox, letters.text("AirSync.ServerId") or ""))
    yield app.ask("Sync", sync(inbox, letters.text("AirSync.SyncKey") or ""))
    yield app.ask("Search", find_person("alice"))
    yield replace(app, password="").ask("FolderSync", folder_sync())


OF_ALL_ANSWERS = {
    "server",
    "content-type",
    "content-length",
    "cache-control",
    "x-content-type-options",
    "x-device-reason",
}
"""Of the answer to OPTIONS a phone reads the versions and commands: this is what it gets before anything is known of it."""


def as_read(reply: Reply) -> tuple[int, dict[str, str], str]:
    """What a client makes of a reply, without what is new in every reply, and without what concerns one hop."""
    passing = PASSING | (
        OF_ALL_ANSWERS if not reply.body and "ms-asprotocolcommands" in reply.headers else set()
    )
    headers = {name: value for name, value in reply.headers.items() if name not in passing}
    if "wbxml" not in headers.get("content-type", ""):
        return reply.status, headers, reply.body.decode()
    return reply.status, headers, re.sub(r"(FolderHierarchy\.SyncKey)\(.*?\)", r"\1", reply.outline())


@FORMS
def test_a_clean_phone_works_as_without_the_gate(sogo: str, gate: GuardedWebmail, binary: bool) -> None:
    direct, guarded_app = phone(sogo, binary=binary), phone(gate.url, binary=binary)
    report(gate, guarded_app)
    without = [as_read(reply) for reply in conversation(direct)]
    assert [as_read(reply) for reply in conversation(guarded_app)] == without
    everything = " ".join(text for _, _, text in without)
    assert all(f"Email.Subject({letter.subject})" in everything for letter in SAMPLE_MAILS)


def test_everybody_may_ask_for_the_options(sogo: str, gate: GuardedWebmail) -> None:
    """A phone is set up with them before anything can be known of it."""
    options = phone(gate.url).options()
    assert (options.status, options.headers["ms-server-activesync"]) == (200, "14.1")
    assert as_read(options) == as_read(phone(sogo).options())
    asked = replace(phone(sogo), password="")
    stranger, of_sogo = replace(phone(gate.url), password="").options(), asked.options()
    assert (stranger.status, stranger.body) == (of_sogo.status, b"") == (401, b"")
    assert stranger.headers["www-authenticate"] == of_sogo.headers["www-authenticate"]


@FORMS
def test_a_wrong_password_is_refused_by_the_upstream(sogo: str, gate: GuardedWebmail, binary: bool) -> None:
    app, direct = (replace(phone(url, binary=binary), password="wrong") for url in (gate.url, sogo))
    report(gate, app)
    reply = app.ask("FolderSync", folder_sync())
    assert (reply.status, reply.headers["www-authenticate"]) == (401, 'basic realm="SOGo"')
    assert as_read(reply) == as_read(direct.ask("FolderSync", folder_sync()))


@FORMS
@pytest.mark.parametrize("command", BLOCKED)
def test_a_phone_with_a_listed_app_gets_status_129(gate: GuardedWebmail, command: str, binary: bool) -> None:
    app = phone(gate.url, binary=binary)
    report(gate, app, "tiktok")
    reply = app.ask(command, folder_sync())
    assert (reply.status, reply.headers["content-type"]) == (200, "application/vnd.ms-sync.wbxml")
    assert reply.outline() == BLOCKED[command]


@FORMS
@pytest.mark.parametrize("command", COMMANDS)
def test_a_refused_phone_is_asked_for_its_login_before_it_is_told(
    sogo: str, gate: GuardedWebmail, command: str, binary: bool
) -> None:
    """With anything but a 401 it would take the service for absent, and never ask for a password."""
    app = phone(gate.url, binary=binary)
    report(gate, app, "tiktok")
    asked = replace(app, password="").ask(command, folder_sync())
    of_sogo = replace(phone(sogo), password="").options()
    assert (asked.status, asked.body) == (of_sogo.status, b"") == (401, b"")
    assert asked.headers["www-authenticate"] == of_sogo.headers["www-authenticate"] == 'basic realm="SOGo"'
    refused = app.ask(command, folder_sync())
    if command in BLOCKED:
        assert (refused.status, refused.outline()) == (200, BLOCKED[command])
    else:
        assert (refused.status, refused.body) == (403, b"")


@FORMS
def test_versions_before_14_0_get_no_status_129(gate: GuardedWebmail, binary: bool) -> None:
    app = replace(phone(gate.url, binary=binary), version="12.1")
    report(gate, app, "tiktok")
    reply = app.ask("FolderSync", folder_sync())
    assert (reply.status, reply.body) == (403, b"")


def test_a_phone_that_nobody_vouches_for_gets_status_129(gate: GuardedWebmail) -> None:
    assert phone(gate.url).ask("FolderSync", folder_sync()).outline() == BLOCKED["FolderSync"]


def test_every_command_with_a_document_is_refused_in_one() -> None:
    assert BLOCKED.keys() == COMMANDS.keys() - {"GetAttachment"}


def test_a_hanging_ping_ends_as_without_the_gate(mail: MailSystem, sogo: str, gate: GuardedWebmail) -> None:
    """One letter for all who wait for one, and then silence until the heartbeat is over."""
    apps = [phone(url, binary=binary) for url in (sogo, gate.url) for binary in (False, True)]
    for app in apps[2:]:
        report(gate, app)
    inboxes = {read_inbox(app)[0] for app in apps}
    assert len(inboxes) == 1
    inbox = inboxes.pop()
    with pings(apps, inbox, HEARTBEAT) as hanging:
        for each in hanging:
            expect_nothing(each)
        mail.deliver("bob", "A letter while the phones wait")
        heard = f"Ping.Ping(Ping.Status(2) Ping.Folders(Ping.Folder({inbox})))"
        assert [reply_of(each).outline() for each in hanging] == [heard] * 4
    for app in apps:
        read_inbox(app)
    with pings(apps, inbox, SHORTEST_PING) as hanging:
        assert [reply_of(each).outline() for each in hanging] == ["Ping.Ping(Ping.Status(1))"] * 4


def hanging_requests(app: MailApp) -> dict[str, NodeBuilder]:
    """The two commands that wait for news, of a phone that has read everything."""
    inbox, key = read_inbox(app)
    return {"Ping": ping(inbox, HEARTBEAT), "Sync": sync(inbox, key, seconds=HEARTBEAT)}


def expect_cut(hanging: HTTPConnection, command: str) -> None:
    """The refusal, in time."""
    assert hanging.sock is not None
    hanging.sock.settimeout(PATIENCE)
    assert reply_of(hanging).outline() == BLOCKED[command]


@FORMS
@pytest.mark.parametrize("command", ["Ping", "Sync"])
def test_a_hanging_request_ends_when_the_phone_reports_a_listed_app(
    gate: GuardedWebmail, command: str, binary: bool
) -> None:
    app = phone(gate.url, binary=binary)
    report(gate, app)
    request = hanging_requests(app)[command]
    with app.asking(command, request) as hanging:
        expect_nothing(hanging)
        report(gate, app, "tiktok")
        expect_cut(hanging, command)
    assert app.ask(command, request).outline() == BLOCKED[command]
    report(gate, app)
    assert app.ask("FolderSync", folder_sync()).text("FolderHierarchy.Status") == "1"


def test_a_hanging_request_ends_when_the_policy_changes(sogo: str, tmp_path: Path) -> None:
    with guarded(sogo, tmp_path) as gate:
        app = phone(gate.url)
        report(gate, app)
        with app.asking("Ping", hanging_requests(app)["Ping"]) as hanging:
            expect_nothing(hanging)
            no_phones = {"id": "no-phones", "when": "client.handheld", "effect": "block"}
            replacement = tmp_path / "policy.new"
            replacement.write_text(json.dumps({"rules": [no_phones]}))
            replacement.rename(tmp_path / "policy.yaml")
            expect_cut(hanging, "Ping")
