"""Measures the gate's own program for one page, without sockets: ``python -m benchmarks.path_cost``.

The gate is wired as ``mailgate run`` wires it, between a client and a webmail that are objects in memory. So only
changes of the source change the result; the kernel, and the event loop's work on sockets, are not in it.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count, cycle
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.agents import LAPTOP, never_seen
from benchmarks.peers.mailgate import write_config
from mailgate.app.parts import server_limits
from mailgate.app.serve import settle_memory
from mailgate.app.service import Service
from mailgate.gateway.http1.listener import Server
from mailgate.gateway.logs import configure_logs
from mailgate.gateway.proxy.upstream import UpstreamConnection

BATCHES = 15
BATCH = 2000
CLIENT, PROXY = "127.0.0.1", "192.0.2.1"
SETTINGS = {
    "listen": "127.0.0.1:0",
    "upstream": "http://127.0.0.1:9",
    "authz": {"dialect": "nginx"},
    "trusted_proxies": [f"{PROXY}/32"],
}

PAGE = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.26.3\r\nDate: Tue, 24 Nov 2026 09:05:07 GMT\r\nContent-Type: text/html\r\n"
    b"Content-Length: 8192\r\nLast-Modified: Tue, 24 Nov 2026 09:00:00 GMT\r\nConnection: keep-alive\r\n"
    b'ETag: "69241a30-2000"\r\nAccept-Ranges: bytes\r\n\r\n' + b"a" * 8192
)
SHORT = [f"GET /page.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: {LAPTOP}\r\n\r\n".encode()]
"""The request of wrk."""

_BROWSER = """\
GET {target} HTTP/1.1
Host: mail.example.com
Connection: keep-alive
sec-ch-ua-platform: "Windows"
User-Agent: {agent}
sec-ch-ua: "Chromium";v="143", "Not A(Brand";v="24"
{mode}
sec-ch-ua-mobile: ?0
Accept: {accept}
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: {fetch}
Sec-Fetch-Dest: {dest}
Referer: http://mail.example.com/?_task=mail&_mbox=INBOX
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9
Cookie: roundcube_sessid=0123456789abcdef0123456789; roundcube_sessauth=AbCdEfGhIjKlMnOpQrStUvWxYz01-1764000000

"""
_KINDS = (
    ("X-Requested-With: XMLHttpRequest", "application/json, text/javascript, */*; q=0.01", "cors", "empty"),
    ("DNT: 1", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "no-cors", "image"),
)
BROWSER = [
    _BROWSER.format(target=f"/?_task=mail&_action=list&_page={number}", agent=LAPTOP, mode=mode, accept=accept, fetch=fetch, dest=dest)
    .replace("\n", "\r\n")
    .encode()
    for number in range(6)
    for mode, accept, fetch, dest in _KINDS
]  # fmt: skip
"""Requests of a browser: another target each time, and other fields every second time."""


QUESTION = [
    "GET /.mailgate/authz HTTP/1.1\r\nHost: mail.example.com\r\nX-Forwarded-For: 192.0.2.7\r\n"
    "X-Forwarded-Proto: https\r\nX-Forwarded-Host: mail.example.com\r\nX-Original-Method: GET\r\n"
    f"X-Original-URI: /page.html\r\nUser-Agent: {LAPTOP}\r\n\r\n".encode()
]
"""nginx's question about the same page."""


def elsewhere(requests: list[bytes]) -> Iterator[bytes]:
    """The same requests, each for another address."""
    for request, number in zip(cycle(requests), count(), strict=False):
        yield request.replace(b"/page.html", b"/page.html?%d" % number)


def fresh(requests: list[bytes]) -> Iterator[bytes]:
    """The same requests, each with a user agent that the gate has never seen."""
    for request, agent in zip(cycle(requests), never_seen(), strict=False):
        yield request.replace(LAPTOP.encode(), agent.encode())


LOADS = {
    "short": (partial(cycle, SHORT), CLIENT, 8192),
    "browser": (partial(cycle, BROWSER), CLIENT, 8192),
    "question": (partial(cycle, QUESTION), PROXY, 1),
    "question elsewhere": (partial(elsewhere, QUESTION), PROXY, 1),
    "fresh": (partial(fresh, SHORT), CLIENT, 8192),
    "fresh browser": (partial(fresh, BROWSER), CLIENT, 8192),
}
"""The requests in turn, their client, and the least number of bytes of an answer."""
ANSWERS = (b"HTTP/1.1 200 ", b"HTTP/1.1 403 ")


class Wire:
    """A transport without a socket. Written data goes to ``receive``."""

    def __init__(self, receive: Callable[[bytes], object], peer: str = CLIENT) -> None:
        self.receive, self.peer = receive, peer

    def write(self, data: bytes) -> None:
        self.receive(data)

    def writelines(self, pieces: list[bytes]) -> None:
        self.receive(b"".join(pieces))

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.peer, 50000) if name == "peername" else default

    def nothing(self, *_: object) -> None:
        """Do nothing for pausing, resuming and closing."""

    pause_reading = resume_reading = close = abort = set_write_buffer_limits = nothing

    def is_closing(self) -> bool:
        return False


class Client:
    """Sends the next request as soon as the last one was answered."""

    def __init__(
        self, server: Server, requests: Iterator[bytes], peer: str, size: int, times: int = BATCH
    ) -> None:
        self.loop, self.requests, self.left = asyncio.get_running_loop(), requests, times
        self.done, self.size = self.loop.create_future(), size
        self.got = 0
        self.connection: Any = server()
        self.connection.connection_made(Wire(self.take, peer))
        self.loop.call_soon(self.ask)

    def ask(self) -> None:
        self.connection.data_received(next(self.requests))

    def take(self, data: bytes) -> None:
        self.got += len(data)
        if self.got < self.size:
            return
        if not data.startswith(ANSWERS) and not self.done.done():
            self.done.set_exception(ValueError(f"an unexpected answer: {data[:64]!r}"))
        self.got, self.left = 0, self.left - 1
        if self.left > 0:
            self.loop.call_soon(self.ask)
        elif not self.done.done():
            self.done.set_result(None)


@asynccontextmanager
async def wired(config: Path) -> AsyncIterator[Server]:
    """A gate by these settings, with a webmail that answers every request by ``PAGE``."""
    service = await Service.start(config)
    gate, loop = service.gate, asyncio.get_running_loop()
    endpoint = gate.carrier.usual.pool._endpoint
    connection = UpstreamConnection(endpoint, loop)
    wire = Wire(lambda _: loop.call_soon(connection.data_received, PAGE))
    connection.connection_made(wire)  # type: ignore[arg-type]
    gate.carrier.usual.pool.release(connection)
    server = Server(gate.handle, server_limits(service.bundle.settings))
    settle_memory()
    try:
        yield server
    finally:
        await service.stop()


async def measure(config: Path) -> None:
    async with wired(config) as server:
        for name, (requests, peer, size) in LOADS.items():
            made = requests()
            costs = [await batch(server, made, peer, size) for _ in range(BATCHES)]
            print(
                f"{name}: {min(costs):.1f} µs at best, {sorted(costs)[len(costs) // 2]:.1f} µs in the middle"
            )


async def batch(server: Server, requests: Iterator[bytes], peer: str, size: int, times: int = BATCH) -> float:
    """The mean processor time of one request in µs, over this many in a row."""
    client = Client(server, requests, peer, size, times)
    started = time.thread_time()  # work of the store's own thread is no part of a page
    await client.done
    cost = (time.thread_time() - started) / times * 1e6
    client.connection.connection_lost(None)
    return cost


def main() -> None:
    configure_logs("info")
    with tempfile.TemporaryDirectory(prefix="mailgate-path-") as directory:
        config = write_config(Path(directory), SETTINGS)
        uvloop.run(measure(config))


if __name__ == "__main__":
    main()
