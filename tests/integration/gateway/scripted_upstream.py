"""An upstream that follows a script and keeps the received bytes."""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.integration.gateway.messages import Body, MalformedError, Request, read_request, request_body
from tests.integration.gateway.wire import Wire
from tests.servers import PATIENCE


class Act(Enum):
    """A step of a script that does not send bytes."""

    READ_BODY = auto()
    CLOSE = auto()
    HALF_CLOSE = auto()
    ABORT = auto()


@dataclass
class Exchange:
    """One request as the upstream received it."""

    wire: Wire
    request: Request
    body: Body = field(init=False)

    def __post_init__(self) -> None:
        self.body = request_body(self.request)

    @property
    def complete(self) -> bool:
        return self.body.done

    def values(self, name: str) -> list[bytes]:
        return self.request.values(name)


Step = bytes | Act | asyncio.Event | Callable[[Exchange], Awaitable[object]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Upstream:
    """Serves one listening socket. Every request takes the next script, or is answered ``OK``."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.exchanges: list[Exchange] = []
        self.malformed: list[str] = []
        self._scripts: deque[tuple[Step, ...]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Condition()
        self._always: tuple[Step, ...] = (Act.READ_BODY, OK)

    def play(self, *steps: Step) -> None:
        """Answer the next request with these steps, once it was read completely."""
        self._scripts.append((Act.READ_BODY, *steps))

    def play_at_head(self, *steps: Step) -> None:
        """Answer the next request as soon as its head was read."""
        self._scripts.append(steps)

    def always(self, *steps: Step) -> None:
        """Answer every request that has no script of its own with these steps."""
        self._always = (Act.READ_BODY, *steps)

    async def listen(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Wire(self._accept), sock=listener.dup())

    def _accept(self, wire: Wire) -> None:
        self.wires.append(wire)
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._tasks.add(task)

    async def _serve(self, wire: Wire) -> None:
        try:
            while (raw := await wire.head()) is not None:
                await self._exchange(Exchange(wire, read_request(raw)))
        except MalformedError as reason:
            self.malformed.append(str(reason))
        finally:
            await wire.close()

    async def _exchange(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        async with self._arrived:
            self._arrived.notify_all()
        for step in self._scripts.popleft() if self._scripts else self._always:
            await self._perform(step, exchange)
        await exchange.wire.fill(exchange.body)

    async def _perform(self, step: Step, exchange: Exchange) -> None:
        wire = exchange.wire
        if isinstance(step, bytes):
            await wire.send(step)
        elif isinstance(step, asyncio.Event):
            await step.wait()
        elif step is Act.READ_BODY:
            await wire.fill(exchange.body)
        elif step is Act.CLOSE:
            await wire.close()
        elif step is Act.HALF_CLOSE:
            wire.half_close()
        elif step is Act.ABORT:
            await wire.abort()
        else:
            await step(exchange)

    async def arrival(self, count: int = 1) -> Exchange:
        """Wait until that many requests have arrived; the last of them."""
        async with asyncio.timeout(PATIENCE), self._arrived:
            await self._arrived.wait_for(lambda: len(self.exchanges) >= count)
        return self.exchanges[count - 1]

    @property
    def targets(self) -> list[bytes]:
        return [e.request.target for e in self.exchanges]

    @property
    def only(self) -> Exchange:
        """The only request that arrived."""
        assert len(self.exchanges) == 1, self.targets
        return self.exchanges[0]

    async def leave(self) -> None:
        """End every connection and wait for the gate to notice, so that no later test meets a dead connection in the gate's pool."""
        self._server.close()
        for wire in self.wires:
            wire.half_close()
        for wire in self.wires:
            with suppress(TimeoutError):
                await wire.end(timeout=2)
            await wire.abort()
        for task in self._tasks:
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        assert not self.malformed, f"the gate sent what is no HTTP request: {self.malformed}"
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
