"""The load: 32 connections that send the next request as soon as the last was answered, each request a new one.

Run as a module with a port, a mix, the number of the round, seconds, and the processes whose time is measured; prints
one JSON object. A loop over plain sockets in a process of its own costs about as much as wrk does, so that the load is
not what is measured; it reports its own share of a processor.
"""

import gc
import json
import select
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import repeat
from math import inf

from benchmarks.traffic.answers import CHUNKED, length_of
from benchmarks.traffic.mixes import MIXES, Mix
from benchmarks.traffic.people import addresses
from benchmarks.traffic.processor import seconds as processor_seconds

CONNECTIONS = 32
WARM_ANSWERS, WARM_SECONDS = 2000, 3.0
"""The warm-up before the measurement: this many answers, or as many as come in this time."""
ANSWERS_A_CONNECTION = 200
"""After this many answers the next client comes, from another address."""
TIMEOUT_SECONDS = 10.0
"""The seconds without any answer that end a load."""
LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(frozen=True)
class Loaded:
    """``cpu_us``: processor time of the servers for one request. ``share``: how much of one processor the load itself took."""

    rate: float
    cpu_us: float
    share: float


class UnexpectedAnswer(Exception):
    """An answer is not one of the expected ones."""


class Client:
    """One connection, and the received part of its answer. It is a class with slots, since every request uses it."""

    __slots__ = ("answers", "data", "missing", "socket")

    def __init__(self, port: int, source: str) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.data = b""
        self.missing = 0
        self.answers = 0


class Load:
    """Sends requests, counts and checks the answers."""

    def __init__(self, port: int, mix: Mix, turn: int) -> None:
        self._port = port
        self._statuses, self._kind = mix.statuses, mix.kind
        self._requests = mix.requests(turn)
        self._sources: Iterator[str] = repeat("127.0.0.1") if mix.one_address else addresses()
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        self.count = 0

    def open(self) -> None:
        for _ in range(CONNECTIONS):
            self._come()

    def close(self) -> None:
        for client in self._clients.values():
            client.socket.close()
        self._poll.close()

    def run(self, seconds: float, answers: float = inf) -> float:
        """Send requests for this time, or until this many were answered. Returns the time. Raises UnexpectedAnswer, OSError."""
        started = time.perf_counter()
        until = started + seconds
        poll, clients, answered = self._poll.poll, self._clients, self._answered
        while (now := time.perf_counter()) < until and self.count < answers:
            ready = poll(TIMEOUT_SECONDS)
            if not ready:
                raise UnexpectedAnswer(f"no answer for {TIMEOUT_SECONDS:.0f} s")
            for number, _ in ready:
                answered(clients[number])
        return now - started

    def _come(self) -> None:
        client = Client(self._port, next(self._sources))
        self._clients[client.socket.fileno()] = client
        self._poll.register(client.socket, select.EPOLLIN)
        client.socket.sendall(next(self._requests))

    def _answered(self, client: Client) -> None:
        """Take the received bytes, and send the next request once the answer is complete."""
        data = client.socket.recv(262_144)
        if not data:
            raise UnexpectedAnswer("a connection was closed in the place of an answer")
        if client.missing > 0:
            client.missing -= len(data)
            if client.missing == 0:
                self._next(client)
            return
        if client.data:
            data = client.data + data
        length = length_of(data)
        if length == 0 or (length == CHUNKED and not data.endswith(LAST_CHUNK)):
            client.data = data
            return
        if data[9:12] not in self._statuses or self._kind not in data:
            raise UnexpectedAnswer(f"the answer is {data[:600]!r}")
        client.data = b""
        client.missing = max(0, length - len(data))
        if client.missing == 0:
            self._next(client)

    def _next(self, client: Client) -> None:
        self.count += 1
        client.answers += 1
        if client.answers < ANSWERS_A_CONNECTION:
            client.socket.sendall(next(self._requests))
            return
        del self._clients[client.socket.fileno()]
        self._poll.unregister(client.socket)
        client.socket.close()
        self._come()


def loaded(port: int, mix: Mix, turn: int, seconds: float, pids: Sequence[int]) -> Loaded:
    """Run a load. Raises UnexpectedAnswer, OSError."""
    load = Load(port, mix, turn)
    load.open()
    try:
        load.run(WARM_SECONDS, WARM_ANSWERS)
        load.count = 0
        own, used = time.process_time(), processor_seconds(pids)
        took = load.run(seconds)
        own, used = time.process_time() - own, processor_seconds(pids) - used
    finally:
        load.close()
    return Loaded(load.count / took, used / max(load.count, 1) * 1e6, own / took)


def main() -> None:
    port, mix, turn, seconds, *pids = sys.argv[1:]
    gc.disable()  # the client's own pauses are not the system's
    found = loaded(int(port), MIXES[mix], int(turn), float(seconds), [int(pid) for pid in pids])
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
