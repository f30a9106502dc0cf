"""Measures the latency at a fixed rate. Run as a module with a port, a rate and seconds; prints a JSON list of
microseconds.

The load is open: requests are due at fixed instants, whether or not earlier ones were answered, and a latency counts
from the instant at which its request was due. A system that stalls is so charged for every request that waited, which
wrk, whose connections wait for their answers, leaves out ("coordinated omission").
"""

import asyncio
import gc
import json
import selectors
import sys
import time
from collections import deque

from benchmarks.agents import LAPTOP
from benchmarks.site import PAGE_BYTES
from benchmarks.transfers import WrongAnswer

CONNECTIONS = 64
REQUEST = (
    f"GET /page.html HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {LAPTOP}\r\nAccept: */*\r\n\r\n".encode()
)
TIMEOUT_SECONDS = 30.0
"""How many seconds the last answers may take."""


class Load:
    """Requests that are due, and connections that are free."""

    def __init__(self, count: int) -> None:
        self.waiting: deque[float] = deque()
        self.free: list[Connection] = []
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count = count

    def due(self, instant: float) -> None:
        """Send a request, or keep it until a connection is free."""
        if self.free:
            self.free.pop().ask(instant)
        else:
            self.waiting.append(instant)

    def answered(self, connection: "Connection", due: float) -> None:
        self.latencies.append((time.perf_counter() - due) * 1e6)
        if self.waiting:
            connection.ask(self.waiting.popleft())
        else:
            self.free.append(connection)
        if len(self.latencies) == self._count:
            self.done.set_result(None)

    def failed(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(WrongAnswer(why))


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._due = 0.0
        self._head = bytearray()
        self._missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._load.free.append(self)

    def ask(self, due: float) -> None:
        self._due = due
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            wrong = what_is_wrong(bytes(self._head[:end]))
            if wrong:
                self._load.failed(wrong)
                return
            self._missing = PAGE_BYTES - (len(self._head) - end - 4)
            self._head.clear()
        if self._missing == 0:
            self._load.answered(self, self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.failed(f"a connection was closed: {exc}")


def what_is_wrong(head: bytes) -> str:
    """Why a response head is not that of the page; empty if it is."""
    first, _, fields = head.partition(b"\r\n")
    if first.split(b" ")[1:2] != [b"200"]:
        return f"the answer is {first[:100]!r}"
    if f"\r\ncontent-length: {PAGE_BYTES}\r\n" not in f"\r\n{fields.decode('latin-1').lower()}\r\n":
        return "the answer does not have the page's length"
    return ""


def instants(start: float, rate: float, seconds: float) -> list[float]:
    """When each request is due, at equal intervals."""
    return [start + number / rate for number in range(round(rate * seconds))]


async def run(port: int, rate: float, seconds: float) -> list[float]:
    """Microseconds from when each request was due to its complete answer. Raises WrongAnswer, TimeoutError, OSError."""
    loop = asyncio.get_running_loop()
    load = Load(round(rate * seconds))
    made = [
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port) for _ in range(CONNECTIONS)
    ]
    for instant in instants(time.perf_counter() + 0.05, rate, seconds):
        while (left := instant - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        load.due(instant)
        if load.done.done():
            break
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await load.done
    for transport, _ in made:
        transport.abort()
    return load.latencies


def main() -> None:
    port, rate, seconds = sys.argv[1:]
    gc.disable()  # the client's own pauses are not the system's
    # epoll waits for whole milliseconds, which would make every request up to one late; select waits for microseconds
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        latencies = runner.run(run(int(port), float(rate), float(seconds)))
    print(json.dumps([round(each) for each in latencies]))


if __name__ == "__main__":
    main()
