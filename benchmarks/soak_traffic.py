"""The traffic of a soak: every kind of client, each with its expected answers."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path

import aiohttp

from benchmarks.agents import LAPTOP, PHONE, never_seen
from benchmarks.decisions import TARGET
from benchmarks.peers.mailgate import PUBLIC_URL
from benchmarks.site import MiB, Site
from benchmarks.transfers import WrongAnswer
from mailgate.app.clock import utc_now
from mailgate.attest import mint
from mailgate.attest.jose import Key
from mailgate.model.languages import TAGS

LAPTOP_HEADERS = {"User-Agent": LAPTOP}
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
MAIL = "/Microsoft-Server-ActiveSync?Cmd={command}&User=p&DeviceId={device}&DeviceType=iPhone"
PHONES = 50
NEW_AGENTS = 1000
"""How many user agents laptops of all versions send. The gate's cache of them is full long before the end of the
warm-up."""
UPLOAD = b"u" * MiB
CLOSED = """  - {id: closed, when: 'request.path == "/closed"', effect: block}\n"""
TIMEOUT_SECONDS = 10.0
"""The seconds that changed rules may take."""


@dataclass
class Phone:
    """A device with its key, its token, and its ActiveSync id."""

    key: Key
    token: str
    eas_id: str

    def headers(self) -> dict[str, str]:
        proof = {"method": "GET", "url": PUBLIC_URL + TARGET, "jti": secrets.token_hex(8)}
        signed = mint.sign_proof(self.token, self.key, now=utc_now(), **proof)
        return {"User-Agent": PHONE, "Device-Attestation": self.token, "DPoP": signed}


def new_phone(issuer: Key, number: int) -> Phone:
    key = mint.make_key(secrets.token_bytes(32), "device")
    device = mint.Device(f"phone-{number}", eas_ids=(f"Appl{number:012X}",))
    issue = mint.Issue(mint.TEST_ISSUER, PUBLIC_URL, secrets.token_hex(8), utc_now())
    return Phone(key, mint.sign_token(mint.claims(device, issue, key), issuer), device.eas_ids[0])


@dataclass
class Traffic:
    """The clients of one gate. ``counts`` has the number of requests, and ``wrong`` the wrong answers."""

    client: aiohttp.ClientSession
    url: str
    site: Site
    issuer: Key
    rules: Path
    """The gate's policy file, which is changed from time to time."""
    counts: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._phones = cycle([new_phone(self.issuer, number) for number in range(PHONES)])
        self._agents = cycle(islice(never_seen(), NEW_AGENTS))
        self._languages = cycle(TAGS)
        self._numbers = count()

    def callers(self) -> list[tuple[Callable[[], Awaitable[None]], int, float]]:
        """Each kind of client, their number, and the seconds that each pauses in between."""
        return [
            (self.laptop, 8, 0.02),
            (self.new_laptop, 1, 0.05),
            (self.laptop_once, 1, 0.05),
            (self.phone, 2, 0.1),
            (self.mail_app, 2, 0.1),
            (self.unknown_mail_app, 1, 0.1),
            (self.refused_phone, 2, 0.05),
            (self.forged_phone, 1, 0.2),
            (self.upload, 2, 0.2),
            (self.download, 1, 2.0),
            (self.left_download, 1, 0.5),
            (self.left_request, 1, 0.2),
            (self.websocket, 4, 0.2),
            (self.changed_rules, 1, 5.0),
        ]

    async def run(self, seconds: float) -> None:
        """Run all clients until the time is over."""
        until = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as group:
            for caller, many, rest in self.callers():
                for _ in range(many):
                    group.create_task(self._again(caller, rest, until))

    async def _again(self, caller: Callable[[], Awaitable[None]], rest: float, until: float) -> None:
        name = caller.__name__.replace("_", " ")
        while asyncio.get_running_loop().time() < until:
            try:
                await caller()
                self.counts[name] += 1
            except (WrongAnswer, aiohttp.ClientError, OSError, TimeoutError) as error:
                self.wrong[f"{name}: {type(error).__name__}: {str(error)[:100]}"] += 1
            await asyncio.sleep(rest)

    async def laptop(self) -> None:
        await self._get(TARGET, LAPTOP_HEADERS, 200, self.site.page)

    async def new_laptop(self) -> None:
        await self._get(TARGET, {"User-Agent": next(self._agents)}, 200, self.site.page)

    async def laptop_once(self) -> None:
        """A connection for a single page."""
        await self._get(TARGET, {**LAPTOP_HEADERS, "Connection": "close"}, 200, self.site.page)

    async def phone(self) -> None:
        """A phone with its token and a new proof."""
        await self._get(TARGET, next(self._phones).headers(), 200, self.site.page)

    async def mail_app(self) -> None:
        """A mail app on a phone that has reported: first its report, then its mail."""
        phone = next(self._phones)
        await self._get(TARGET, phone.headers(), 200)
        await self._mail(phone.eas_id, 200)

    async def unknown_mail_app(self) -> None:
        await self._mail(f"Other{next(self._numbers) % 1000:08X}", 403)

    async def refused_phone(self) -> None:
        headers = {"User-Agent": PHONE, "Accept-Language": next(self._languages), **NAVIGATION}
        await self._get(TARGET, headers, 403)

    async def forged_phone(self) -> None:
        """A phone with a token that nobody signed."""
        headers = next(self._phones).headers()
        headers["Device-Attestation"] = headers["Device-Attestation"][:-8] + "AAAAAAAA"
        await self._get(TARGET, headers, 403)

    async def upload(self) -> None:
        path = f"/upload/soak-{next(self._numbers) % 8}.bin"
        async with self.client.put(self.url + path, data=UPLOAD, headers=LAPTOP_HEADERS) as answer:
            self._expect(answer.status, 201, 204)

    async def download(self) -> None:
        async with self.client.get(f"{self.url}/large.bin", headers=LAPTOP_HEADERS) as answer:
            length = 0
            async for piece in answer.content.iter_any():
                length += len(piece)
            self._expect(length, len(self.site.large))

    async def left_download(self) -> None:
        """A client that disconnects in the middle of a download."""
        async with self.client.get(f"{self.url}/large.bin", headers=LAPTOP_HEADERS) as answer:
            self._expect(answer.status, 200)
            await answer.content.readexactly(MiB)
            answer.close()

    async def left_request(self) -> None:
        """A client that disconnects before its request is complete."""
        host, _, port = self.url.rpartition("/")[2].partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"PUT /upload/left.bin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n")
        if next(self._numbers) % 2:
            writer.write(f"User-Agent: {LAPTOP}\r\n\r\nsome of it".encode())
        await writer.drain()
        writer.transport.abort()

    async def websocket(self) -> None:
        async with self.client.ws_connect(f"{self.url}/socket", headers=LAPTOP_HEADERS) as socket:
            for _ in range(20):
                await socket.send_str("still there")
                self._expect(await socket.receive_str(), "still there")

    async def changed_rules(self) -> None:
        """Change the rules by one more rule, or back. Either takes effect within a moment."""
        text = self.rules.read_text()
        closed, opened = CLOSED not in text, text.replace(CLOSED, "")
        self.rules.write_text(opened.replace("rules:\n", f"rules:\n{CLOSED}", 1) if closed else opened)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while (await self._status("/closed")) != (403 if closed else 404):
                await asyncio.sleep(0.1)

    async def _status(self, path: str) -> int:
        async with self.client.get(self.url + path, headers=LAPTOP_HEADERS) as answer:
            await answer.read()
            return answer.status

    async def _mail(self, eas_id: str, status: int) -> None:
        url = self.url + MAIL.format(command="FolderSync", device=eas_id)
        headers = {"User-Agent": "Apple-iPhone16C1/2207.100"}
        async with self.client.post(url, headers=headers, data=b"\x03\x01\x6a\x00") as answer:
            await answer.read()
            self._expect(answer.status, status)

    async def _get(self, path: str, headers: dict[str, str], status: int, body: bytes | None = None) -> None:
        async with self.client.get(self.url + path, headers=headers) as answer:
            got = await answer.read()
            self._expect(answer.status, status)
        if body is not None and got != body:
            raise WrongAnswer(f"a body of {len(got)} bytes that is another")

    def _expect(self, got: object, *wanted: object) -> None:
        if got not in wanted:
            raise WrongAnswer(f"{got!s:.100} in the place of {wanted[0]}")
