"""What a request says of itself gets nobody mail, and tells nothing of anybody: ``SECURITY.md``, "What is believed".

The webmail has one script for every address, as many have: it goes by the cookie of its session, whatever stands in the path, in the query
or in ``Authorization``. Where it serves ActiveSync, it checks the login.
"""

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from itertools import product

import aiohttp
import pytest
from tests.attacks.conftest import INLINE, EntryPoint, taking_its_turn
from tests.attacks.recording_webmail import RawServer, answer_to, request
from tests.integration.conftest import IPHONE, LAPTOP
from tests.integration.gate import PHONE_RULES

MAIL = b"Dear Ada, your salary"
EAS = "/Microsoft-Server-ActiveSync"
SESSION = b"Cookie: roundcube_sessid=ada"
SYNC = b"Content-Type: application/vnd.ms-sync.wbxml"
NAVIGATES = b"Sec-Fetch-Mode: navigate"
HTML = b"Accept: text/html,application/xhtml+xml,*/*;q=0.8"
FORM = b"Content-Type: application/x-www-form-urlencoded"
CLEAN, LISTED = "EASCLEAN1", "EASLISTED1"
RULES = {
    "rules": [
        {"id": "boss", "when": 'user.name == "boss" || "execs" in user.groups', "effect": "allow"},
        {"id": "pilot", "when": "client.handheld && !(device.state in ['clean'])", "groups": ["pilot"], "effect": "block"},
        {"id": "half", "when": "client.handheld && device.state != 'clean'", "share": "50%", "effect": "block"},
        *PHONE_RULES["rules"],
        ]
}  # fmt: skip


@dataclass
class OneScript(RawServer):
    """Shows Ada's mail to her session at any address, and to her login where it serves ActiveSync. ``asked``: how often."""

    asked: int = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        if length := re.search(rb"(?im)^content-length:[ \t]*(\d+)", asked):
            await reader.readexactly(int(length[1]))
        login = b"authorization: basic " + b64encode(b"ada:secret").lower()
        session, right = b"roundcube_sessid=ada" in asked, login in asked.lower()
        if session or right:
            writer.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Mail: %b\r\nContent-Length: 0\r\n\r\n" % MAIL
            )
        else:
            writer.write(
                b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="m"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
            )
        await writer.drain()


@pytest.fixture
async def recording(origin: socket.socket) -> AsyncIterator[OneScript]:
    async with taking_its_turn(OneScript(), origin) as mail:
        yield mail


@pytest.fixture
async def front(
    kept: Callable[..., EntryPoint], recording: OneScript, client: aiohttp.ClientSession
) -> EntryPoint:
    """A way to the webmail with a clean phone and one with TikTok, both Lin's."""
    front = kept(RULES, "groups: {pilot: [ada], execs: [grace]}\n")
    for number, (device, apps) in enumerate({CLEAN: (), LISTED: ("tiktok",)}.items()):
        phone = front.guarded.with_key_of(f"phone-{number}")
        report = phone.report(subject=f"phone-{number}", eas_ids=(device,), apps=apps, user="lin")
        async with client.get(front.guarded.url + "/", headers=report) as answer:
            assert answer.status in (200, 401, 403)
    return front


def basic(name: str, password: str = "x") -> bytes:
    return b"Authorization: Basic " + b64encode(f"{name}:{password}".encode())


TARGETS = [
    "/inbox",
    EAS,
    f"{EAS}/",
    f"{EAS}/default.eas",
    EAS.lower(),
    f"/{EAS}",
    f"{EAS};x=1",
    "/%4dicrosoft-Server-ActiveSync",
    f"/index.php{EAS}",
    f"/SOGo{EAS}",
    f"{EAS}/../inbox",
    f"/inbox/..{EAS}",
    f"/inbox/%2e%2e{EAS}",
    f"{EAS}/%2e%2e/inbox",
    f"{EAS}%2f..%2finbox",
    "/index.php/dav",
    "/EWS/Exchange.asmx",
    "/mapi/emsmdb/",
    "/jmap/",
    "/owa/",
    "/.well-known/caldav",
    "/.well-known/jmap",
    "/remote.php/dav",
    "/rpc/rpcproxy.dll",
    "/autodiscover/autodiscover.xml",
    "/index.php/AutoDiscover/AutoDiscover.svc",
    "/autodiscover/autodiscover.json",
    f"{EAS.upper()}/",
    f"{EAS}%3bx=1/inbox",
    f"{EAS}/..;/inbox",
    f"{EAS}%00",
    f"{EAS}%20/",
    f"/inbox;{EAS}",
    f"/inbox%3f{EAS}",
    f"/.mailgate/..{EAS}",
    "/.mailgate/%2e%2e/inbox",
    "/.mailgate%2f..%2finbox",
    "/.mailgate/authz/../../inbox",
    f"http://mail.example.com/inbox{EAS}",
]
QUERIES = [
    "",
    "_task=mail",
    f"Cmd=Sync&User=ada&DeviceId={CLEAN}&DeviceType=iPhone",
    f"DeviceId={CLEAN}&_task=mail",
    f"DeviceId={CLEAN};_task=mail",
    "DeviceType=WindowsOutlook15&DeviceId=1",
    "DeviceType=WindowsOutlook15&_task=mail",
    b64encode(bytes((141, 0, 9, 4, len(CLEAN))) + CLEAN.encode() + b"\0\x10WindowsOutlook15").decode(),
]
WAYS = [
    (b"GET", NAVIGATES, HTML),
    (b"GET", HTML),
    (b"GET", SYNC),
    (b"GET", b"Sec-Fetch-Mode: no-cors", b"Sec-Fetch-Dest: image"),
    (b"GET", b"Sec-Purpose: prefetch", b"Sec-Fetch-Mode: no-cors"),
    (b"GET", NAVIGATES, b"Sec-Fetch-Dest: iframe"),
    (b"GET", NAVIGATES, b"Sec-Fetch-Dest: object", SYNC),
    (b"GET", b"Range: bytes=0-99"),
    (b"HEAD", HTML),
    (b"POST", NAVIGATES, FORM, b"Content-Length: 0"),
    (b"POST", SYNC, b"Content-Length: 0"),
    (b"POST", SYNC, b"Sec-Fetch-Mode: cors", b"Content-Length: 0"),
    (b"POST", b"MS-ASProtocolVersion: 14.1", b"Content-Length: 0"),
    (b"POST", b"SOAPAction: http://schemas.microsoft.com/exchange/services/2006/messages/FindItem", b"Content-Length: 0"),
    (b"PROPFIND", b"Depth: 1"),
    (b"OPTIONS", SYNC),
    (b"GET", b"Connection: Upgrade", b"Upgrade: websocket"),
    (b"GET", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Protocol: jmap", SYNC),
]  # fmt: skip
NAMES = ["boss", "grace", "lin", "nobody"]
"""One that a rule lets in, one of a group that is let in, one who owns a clean phone, and one outside every group."""


def attempts(front: str) -> Iterator[tuple[bytes, ...]]:
    """Every target with every query, and beside each some of the ways and of the names in turn: one through another proxy, which may
    understand the line otherwise but judges nothing."""
    for number, (target, query) in enumerate(product(TARGETS, QUERIES)):
        asked = f"{target}?{query}" if query else target
        for turn in range(4) if front == INLINE else [(number // len(QUERIES) + number) % 4]:
            method, *fields = WAYS[(5 * number + turn) % len(WAYS)]
            line = method + b" " + asked.encode()
            login = [basic(NAMES[(number + turn) % 4])] if turn else []
            yield line, SESSION, *login, *fields


async def test_no_claim_opens_a_session_on_a_refused_phone(front: EntryPoint) -> None:
    shown = []
    for line, *fields in attempts(front.name):
        answer = await answer_to(front.url, request(line, b"User-Agent: " + IPHONE.encode(), *fields))
        shown += [(line, fields)] if MAIL in answer else []
    assert shown == []


async def test_every_way_to_name_somebody_at_activesyncs_address_beside_a_session(front: EntryPoint) -> None:
    queries = [query for query in QUERIES if "DeviceId" in query or not query]
    every = [*product(queries, WAYS, NAMES)]
    for query, (method, *fields), name in every if front.name == INLINE else every[:: len(NAMES) + 1]:
        line = method + f" {EAS}?{query}".encode()
        sent = request(line, b"User-Agent: Apple-iPhone15C2/2107.102", SESSION, basic(name), *fields)
        assert MAIL not in await answer_to(front.url, sent), (query, method, fields, name)


async def test_a_session_beside_a_harmless_cookie_is_a_session(front: EntryPoint) -> None:
    line = f"POST {EAS}?Cmd=Sync&DeviceId={CLEAN}&DeviceType=iPhone".encode()
    for cookies in (
        [b"Cookie: X-BackEndCookie=1; roundcube_sessid=ada"],
        [b"Cookie: roundcube_sessid=ada; ClientId=1"],
        [b"Cookie: ClientId=1", SESSION],
        [SESSION, b"Cookie: ClientId=1"],
        [b"cookie: ClientId=1,roundcube_sessid=ada"],
        [b"Cookie:roundcube_sessid=ada;"],
        [b"Cookie: ClientId=1 roundcube_sessid=ada"],
        [b'Cookie: ClientId="1" roundcube_sessid=ada'],
    ):
        sent = request(line, b"User-Agent: x", *cookies, basic("boss"), SYNC, b"Content-Length: 0")
        assert MAIL not in await answer_to(front.url, sent), cookies


@pytest.fixture
def probing(kept: Callable[..., EntryPoint]) -> EntryPoint:
    """A way on which a share and a group may not use phones, and computers are probed."""
    rules = [
        {"id": "half", "when": "client.handheld", "share": "50%", "effect": "block"},
        {"id": "pilot", "when": "client.handheld", "groups": ["pilot"], "effect": "block"},
        {"id": "others", "when": "true", "effect": "allow"},
    ]
    return kept({"rules": rules}, "groups: {pilot: [joe]}\n", probe="require")


async def test_a_link_is_no_way_around_the_probe(probing: EntryPoint, recording: OneScript) -> None:
    """The webmail is not even asked: a request without its cookie would show no mail either. What a link claims of a mail app makes it a
    phone's, which the rules refuse; what it claims elsewhere leaves it a computer's, which is probed."""
    agent, outlook = b"User-Agent: " + LAPTOP.encode(), "DeviceType=WindowsOutlook15"
    for target in (EAS, f"/index.php{EAS}", f"{EAS}/../inbox", "/inbox", "/index.php/mail"):
        for query in (f"{outlook}&_task=mail", f"{outlook}&DeviceId=1"):
            for fields in ((NAVIGATES, HTML), (HTML,), (NAVIGATES, HTML, SYNC)):
                sent = request(f"GET {target}?{query}".encode(), agent, SESSION, *fields)
                answer = await answer_to(probing.url, sent)
                probed = b"probe-required" in answer
                assert probed or EAS in target or SYNC in fields, (target, query, fields)
                assert (probed or answer[:12] == b"HTTP/1.1 403", recording.asked) == (True, 0), (
                    target,
                    query,
                    fields,
                )


async def test_a_phone_that_the_webmail_checks_is_served_by_its_report(front: EntryPoint) -> None:
    """What is not to be lost."""
    agent, length = b"User-Agent: Apple-iPhone15C2/2107.102", b"Content-Length: 0"
    for device, served in ((CLEAN, True), (LISTED, False), ("OTHER", False)):
        line = f"POST {EAS}?Cmd=Sync&User=ada&DeviceId={device}&DeviceType=iPhone".encode()
        sent = request(line, agent, basic("ada", "secret"), SYNC, b"MS-ASProtocolVersion: 14.1", length)
        assert (MAIL in await answer_to(front.url, sent)) is served, device


class EveryLogin(OneScript):
    """Takes every spelling of a login, as directories do."""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Mail: %b\r\nContent-Length: 0\r\n\r\n" % MAIL
        )
        await writer.drain()


SPELLINGS = (
    "{}",
    "{}@example.com",
    "EXAMPLE\\{}",
    "{} ",
    "{}@corp.example",
    "{}+x",
    "\uff03{}",
    '"{}"',
    "smtp:{}",
    "{}\u0301",
)


async def test_nobody_leaves_a_share_or_a_group_by_another_spelling_of_their_login(
    probing: EntryPoint, origin: socket.socket
) -> None:
    line = f"POST {EAS}?Cmd=Sync&User=x&DeviceId=OTHER&DeviceType=iPhone".encode()
    fields = b"User-Agent: Apple-iPhone15C2/2107.102", SYNC, b"Content-Length: 0"
    async with taking_its_turn(EveryLogin(), origin):
        served = dict[str, bool]()
        for name in ("ada", "grace", "lin", "joe"):
            for spelling in SPELLINGS:
                login = spelling.format(name)
                answer = await answer_to(probing.url, request(line, basic(login), *fields))
                served[login] = MAIL in answer
    assert served["grace"]
    for name in ("ada", "grace", "lin", "joe"):
        left = [each for each in SPELLINGS if served[each.format(name)] and not served[name]]
        assert left == [], name


SECRETS = ("tiktok", "prohibited", "remove-app")


async def test_nobody_is_told_what_is_on_a_phone_that_they_only_name(
    front: EntryPoint, client: aiohttp.ClientSession
) -> None:
    sync = {"Content-Type": "application/vnd.ms-sync.wbxml", "MS-ASProtocolVersion": "14.1"}
    query = f"Cmd=Sync&User=lin&DeviceId={LISTED}&DeviceType=iPhone"
    spelled = [EAS, EAS.lower(), f"/index.php{EAS}", "/inbox", "/.mailgate/status", f"/.mailgate/status{EAS}",
               f"/.mailgate{EAS}", "/.mailgate/recheck"]  # fmt: skip
    logins = [{}, {"Authorization": basic("lin").partition(b" ")[2].decode()}]
    added = [{}, sync, {"Accept": "text/html"}, {"Accept": "text/html"} | sync, {"Depth": "0"}]
    every = [*product(spelled, logins, ("GET", "POST", "OPTIONS", "PROPFIND"), added)]
    for path, login, method, more in every if front.name == INLINE else every[:: len(added) - 1]:
        headers = {"User-Agent": IPHONE, "Origin": front.url} | login | more
        async with client.request(method, f"{front.url}{path}?{query}", headers=headers) as answer:
            told = f"{dict(answer.headers)} {(await answer.read()).decode('latin-1')}".lower()
        for secret in SECRETS:
            assert secret not in told, (path, login, method, more)


async def test_the_own_page_reads_no_id_of_a_phone(front: EntryPoint, client: aiohttp.ClientSession) -> None:
    """It names the apps of the company's list, to everybody."""
    told = set()
    for device in (LISTED, CLEAN, "OTHER"):
        headers = {"User-Agent": IPHONE, "Content-Type": "application/vnd.ms-sync"}
        url = f"{front.url}/.mailgate/me?DeviceId={device}&DeviceType=iPhone"
        async with client.get(url, headers=headers) as answer:
            told.add(
                re.sub(r"nonce-[^']+|Help number[^<]*<[^<]*<", "", (await answer.text()).replace(device, ""))
            )
    assert len({re.sub(r"[A-Z0-9]{10}", "", each) for each in told}) == 1


async def test_the_device_itself_is_told_which_app_it_is(
    front: EntryPoint, client: aiohttp.ClientSession
) -> None:
    phone = front.guarded.with_key_of("phone-1")
    for path in ("/", "/.mailgate/status"):
        report = phone.report(path, subject="phone-1", eas_ids=(LISTED,), apps=("tiktok",), user="lin")
        async with client.get(front.guarded.url + path, headers=report | {"Accept": "text/html"}) as answer:
            assert "TikTok" in await answer.text()
