"""ActiveSync through a real gate, before an upstream that plays a mail server."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from itertools import product
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP
from pyactivesync._wbxml import WBXMLReader
from tests.integration import commands
from tests.integration.conftest import Guard, Guarded
from tests.integration.gate import PHONE_RULES, wait_for
from tests.servers import PATIENCE

from mailgate.classify.activesync import CODES

PATH = "/Microsoft-Server-ActiveSync"
DEVICE = "ApplC39X8FAKEID"
WBXML = "application/vnd.ms-sync.wbxml"
LOGIN = {
    "Authorization": aiohttp.encode_basic_auth("alice", "secret"),
    "User-Agent": "Apple-iPhone15C2/2107.102",
}
VERSION = {"MS-ASProtocolVersion": "14.1"}
AUTODISCOVER = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"><Action><Settings><Server>
<Type>MobileSync</Type><Url>http://{host}/Microsoft-Server-ActiveSync</Url></Server></Settings></Action></Response></Autodiscover>"""


class MailServer:
    """Plays the server side of ActiveSync: wants a login, answers at once, but for a Ping.

    Like SOGo it says 403, and does not ask for a login, where a request without one has a body or a length.
    """

    def __init__(self) -> None:
        self.mail = asyncio.Event()
        self.pinged = asyncio.Event()
        self.left = asyncio.Event()
        self.bodies: list[bytes] = []
        self.methods: list[str] = []
        self.cookies: list[str] = []
        self.wants_login = True

    async def activesync(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        self.methods.append(request.method)
        self.cookies.append(request.headers.get("Cookie", ""))
        if self.wants_login and request.headers.get("Authorization") != LOGIN["Authorization"]:
            if "Content-Length" in request.headers:
                return web.Response(status=403)
            return web.Response(
                status=401, headers={"WWW-Authenticate": 'Basic realm="SOGo"'}, text="<html>no</html>"
            )
        if request.method == "OPTIONS":
            return web.Response(headers={"MS-ASProtocolVersions": "14.1", "MS-Server-ActiveSync": "14.1"})
        if "Ping" in request.query_string or request.query_string.startswith(query_of("Ping")[:4]):
            await self._hang()
        return web.Response(body=b"\x03\x01\x6a\x00" + request.query_string.encode(), content_type=WBXML)

    async def _hang(self) -> None:
        self.pinged.set()
        try:
            await self.mail.wait()
        except asyncio.CancelledError:
            self.left.set()
            raise

    async def autodiscover(self, request: web.Request) -> web.Response:
        assert request.headers.getall("Accept-Encoding") == ["identity"]
        return web.Response(text=AUTODISCOVER.format(host=request.app["host"]), content_type="text/xml")


@pytest.fixture
def server() -> MailServer:
    return MailServer()


@pytest.fixture
async def webmail(server: MailServer) -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_route("*", PATH, server.activesync)
    app.router.add_route("*", "/Autodiscover/Autodiscover.xml", server.autodiscover)
    async with TestServer(app, handler_cancellation=True) as running:
        app._state["host"] = f"127.0.0.1:{running.port}"
        yield running


def plain(command: str) -> str:
    return f"{PATH}?Cmd={command}&User=alice&DeviceId={DEVICE}&DeviceType=iPhone"


def query_of(command: str) -> str:
    code = next(code for code, name in CODES.items() if name == command)
    device, kind = DEVICE.encode(), b"iPhone"
    head = bytes((141, code, 9, 4, len(device))) + device + b"\0" + bytes((len(kind),)) + kind
    return base64.b64encode(head).decode()


def binary(command: str) -> str:
    return f"{PATH}?{query_of(command)}"


async def report(client: aiohttp.ClientSession, guarded: Guarded, *apps: str) -> None:
    async with client.get(
        guarded.url + "/", headers=guarded.report(eas_ids=(DEVICE,), apps=apps, user="alice")
    ) as answer:
        assert answer.headers.get("X-Device-Reason") == ("prohibited-app" if apps else None)


async def post(
    client: aiohttp.ClientSession,
    url: str,
    headers: dict[str, str] = LOGIN | VERSION,
    body: bytes = b"\x03\x01\x6a\x00",
) -> tuple[int, str, bytes]:
    async with client.post(url, data=body, headers=headers | {"Content-Type": WBXML}) as response:
        return response.status, response.content_type, await response.read()


async def test_a_clean_phone_notices_nothing(
    client: aiohttp.ClientSession, guard: Guard, webmail: TestServer, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    server.mail.set()
    await report(client, guarded)
    for command, form in product(CODES.values(), (plain, binary)):
        direct = await post(client, str(webmail.make_url("")).rstrip("/") + form(command))
        assert await post(client, guarded.url + form(command)) == direct


async def test_a_phone_with_a_listed_app_is_told_in_each_commands_own_form(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded, "tiktok")
    for command, form in product(CODES.values(), (plain, binary)):
        status, content_type, body = await post(client, guarded.url + form(command))
        if command == "GetAttachment":
            assert (status, body) == (403, b""), form
            continue
        assert (status, content_type) == (200, WBXML), (command, form)
        assert "'129'" in str(WBXMLReader(body).parse()), (command, form)
    assert server.bodies == []


async def test_a_refused_phone_keeps_its_connection(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    """It asks again within minutes, and every new connection costs it a handshake."""
    guarded = guard(PHONE_RULES)
    await report(client, guarded, "tiktok")
    reader, writer = await asyncio.open_connection(*guarded.gate.public)
    fields = LOGIN | VERSION | {"Host": "mail.example.com", "Content-Length": "4"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    for command in ("FolderSync", "Sync", "Ping"):
        writer.write(f"POST {plain(command)} HTTP/1.1\r\n{head}\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")  # the body comes after the answer to the head
        assert b"X-Device-Reason: rule-matched" in answer
        assert WBXMLReader(await reader.readuntil(b"129\0\1\1")).parse()
        writer.write(b"\x03\x01\x6a\x00")
    writer.close()
    assert server.bodies == []


async def test_a_query_of_which_a_server_may_read_either_half_names_no_device(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    """The id of a clean phone, or the type of a computer's client, beside another."""
    guarded = guard(PHONE_RULES)
    await report(client, guarded)
    for more in (
        "&DeviceId=another",
        "&devicetype=WindowsOutlook15",
        "&Cmd=Sync;DeviceType=WindowsOutlook15",
    ):
        headers = LOGIN | VERSION | {"User-Agent": "Outlook/16.0 (16.0.19426.20076; x86)"}
        assert (await post(client, guarded.url + plain("FolderSync") + more, headers))[::2] == (403, b"")
    assert server.bodies == []
    assert (await post(client, guarded.url + plain("FolderSync") + f"&deviceid={DEVICE}&"))[0] == 200


async def test_an_old_or_unknown_version_and_a_setting_make_it_a_bare_403(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded, "tiktok")
    for version in ({}, {"MS-ASProtocolVersion": "12.1"}, {"MS-ASProtocolVersion": "x"}):
        assert (await post(client, guarded.url + plain("Sync"), LOGIN | version))[::2] == (403, b"")
    guarded.gate.stop()
    forbidding = guard(PHONE_RULES, activesync={"refusal": "forbidden"})
    assert (await post(client, forbidding.url + plain("Sync")))[::2] == (403, b"")


async def test_a_phone_that_has_not_logged_in_is_asked_to(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    async with client.post(guarded.url + plain("SendMail"), data=b"a letter", headers=VERSION) as response:
        assert (response.status, await response.read()) == (401, b"")
        assert response.headers["WWW-Authenticate"] == 'Basic realm="SOGo"'
    assert (server.methods, server.bodies) == (["OPTIONS"], [b""])
    server.wants_login = False
    _, content_type, body = await post(client, guarded.url + plain("FolderSync"), VERSION)
    assert content_type == WBXML
    assert "'129'" in str(WBXMLReader(body).parse())


async def test_asking_the_way_is_never_refused(
    client: aiohttp.ClientSession, guard: Guard, webmail: TestServer, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded, "tiktok")
    async with client.options(guarded.url + plain("Sync"), headers=LOGIN) as response:
        assert (response.status, response.headers["MS-ASProtocolVersions"]) == (200, "14.1")
    async with client.options(
        guarded.url + plain("Sync"), headers=LOGIN | {"Cookie": "lb=node2"}
    ) as response:
        assert (response.status, response.headers["MS-ASProtocolVersions"]) == (200, "14.1")
    assert server.cookies == ["", ""]
    async with client.options(guarded.url + PATH) as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Basic realm="SOGo"')
    path = "/Autodiscover/Autodiscover.xml"
    async with client.post(
        guarded.url + path, data="<a/>", headers=LOGIN | {"Content-Type": "text/xml", "Cookie": "lb=node2"}
    ) as response:
        text = await response.text()
    assert f"<Url>{guarded.url}{PATH}</Url>" in text
    assert str(webmail.port) not in text


async def pinging(client: aiohttp.ClientSession, guarded: Guarded, server: MailServer) -> "asyncio.Task[Any]":
    """A Ping that hangs at the mail server."""
    ping = asyncio.ensure_future(post(client, guarded.url + plain("Ping")))
    async with asyncio.timeout(PATIENCE):
        await server.pinged.wait()
    return ping


async def hanging(client: aiohttp.ClientSession, guarded: Guarded) -> str:
    async with client.get(f"{guarded.admin}/metrics") as response:
        lines = (await response.text()).splitlines()
    return next(line for line in lines if line.startswith("mailgate_requests_lasting")).split()[1]


async def none_hangs(client: aiohttp.ClientSession, guarded: Guarded) -> None:
    async with asyncio.timeout(PATIENCE):
        while await hanging(client, guarded) != "0.0":
            await asyncio.sleep(0.02)


async def ended(ping: "asyncio.Task[Any]", server: MailServer) -> None:
    """The phone is told, and the mail server need not wait any more."""
    async with asyncio.timeout(PATIENCE):
        status, _, body = await ping
        await server.left.wait()
    assert status == 200
    assert str(WBXMLReader(body).parse()).count("'129'") == 1


HASTY = {"response": "1s", "idle": "1s"}


async def test_a_hanging_ping_outlives_the_usual_times_and_brings_its_mail(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES, timeouts=HASTY)
    await report(client, guarded)
    ping = await pinging(client, guarded, server)
    assert await hanging(client, guarded) == "1.0"
    await asyncio.sleep(2.5)  # longer than the usual times
    server.mail.set()
    assert (await ping)[0] == 200
    await none_hangs(client, guarded)


async def test_a_hanging_ping_ends_with_the_report_of_a_listed_app(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded)
    ping = await pinging(client, guarded, server)
    await report(client, guarded, "tiktok")
    await ended(ping, server)
    await none_hangs(client, guarded)


async def test_a_hanging_ping_ends_with_a_report_to_another_gate(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded)
    ping = await pinging(client, guarded, server)
    await report(client, guard(PHONE_RULES), "tiktok")
    await ended(ping, server)


def devices(guarded: Guarded, *arguments: str) -> dict[str, Any]:
    """What ``mailgate devices`` says, run beside the gate as an admin would."""
    said = json.loads(
        commands.output_of(guarded.directory / "mailgate.yaml", "devices", *arguments, "--json")
    )
    assert isinstance(said, dict)
    return said


async def refused_with(client: aiohttp.ClientSession, guarded: Guarded, reason: str | None) -> None:
    """Ask until the phone is told this reason; None: until it is let through."""
    url, told = guarded.url + plain("FolderSync"), "never asked"
    async with asyncio.timeout(PATIENCE):
        while told != reason:
            async with client.post(url, headers=LOGIN | VERSION | {"Content-Type": WBXML}) as response:
                told = response.headers.get("X-Device-Reason")


async def test_a_lost_phone_gets_nothing_at_any_gate_until_it_is_found(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded)
    ping = await pinging(client, guarded, server)
    other = guard(PHONE_RULES)
    await refused_with(client, other, None)
    lost = await asyncio.to_thread(devices, guarded, "lost", DEVICE)
    await ended(ping, server)
    await refused_with(client, other, "rule-matched")
    async with client.get(other.url + "/", headers=other.report(eas_ids=(DEVICE,))) as response:
        assert (response.status, response.headers.get("X-Device-Reason")) == (403, "device-lost")
        assert "This device is reported as lost" in await response.text()
    assert (await asyncio.to_thread(devices, guarded, "show", "phone-1"))["lost_at"] == lost["lost_at"]
    await asyncio.to_thread(devices, guarded, "found", lost["id"])
    for gate in (guarded, other):
        await refused_with(client, gate, None)


async def test_a_phone_that_was_forgotten_is_unknown_at_every_gate(
    client: aiohttp.ClientSession, guard: Guard
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded)
    other = guard(PHONE_RULES)
    await refused_with(client, other, None)
    assert (await asyncio.to_thread(devices, guarded, "forget", DEVICE, "--yes"))["forgotten"]
    for gate in (guarded, other):
        await refused_with(client, gate, "rule-matched")


async def test_a_hanging_ping_ends_with_a_new_policy(
    client: aiohttp.ClientSession, guard: Guard, server: MailServer
) -> None:
    guarded = guard(PHONE_RULES)
    await report(client, guarded)
    ping = await pinging(client, guarded, server)
    rules = {"rules": [{"id": "nobody", "when": "true", "effect": "block"}]}
    (guarded.directory / "policy.yaml").write_text(json.dumps(rules))
    await ended(ping, server)


class Mailbox:
    """Takes mail, and keeps it."""

    def __init__(self) -> None:
        self.letters: list[tuple[list[str], Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's word
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append((envelope.rcpt_tos, letter))
        return "250 OK"


async def test_the_person_is_written_to_once(client: aiohttp.ClientSession, guard: Guard) -> None:
    mailbox = Mailbox()
    listener = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="mx.example.com"), "127.0.0.1", 0
    )
    smtp = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    mail = {"smtp": smtp, "security": "none", "sender": "it-help@example.com", "domain": "example.com"}
    for _ in range(2):
        guarded = guard(PHONE_RULES, activesync={"quarantine_mail": mail})
        await report(client, guarded, "tiktok")
        for number in range(65):  # a stranger who knows addresses, and no password
            login = aiohttp.encode_basic_auth(f"colleague{number}", "guessed")
            target = f"{PATH}?Cmd=Sync&User=x&DeviceId=Call{number}&DeviceType=Call+evil.example"
            assert (await post(client, guarded.url + target, {"Authorization": login}))[0] == 403
        for _ in range(3):
            await post(client, guarded.url + plain("FolderSync"), LOGIN | VERSION)
        await asyncio.to_thread(wait_for, lambda: mailbox.letters)
        assert guarded.gate.stop() == 0
    listener.close()
    [(recipients, letter)] = mailbox.letters
    text = letter.get_content()
    assert (recipients, letter["From"].addresses[0].addr_spec) == (
        ["alice@example.com"],
        "it-help@example.com",
    )
    for said in ("iPhone", "TikTok", "Delete App", "it-help@example.com"):
        assert said in text
