"""Measures idle connections. Run as a module with the port and the process of a gate, and their number; prints one JSON
object.

Every connection requests a page once and then stays idle, like those of browsers. While all are held, the page is
requested over new connections and over some of those held; every request has to be answered.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence

import uvloop

from benchmarks.fixed_rate import REQUEST, what_is_wrong
from benchmarks.memory import resident
from benchmarks.site import PAGE_BYTES
from benchmarks.transfers import WrongAnswer

AT_ONCE = 100
ASKED = 200
"""How many requests are timed while all connections are held: half over new connections, half over held ones."""

Held = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def measure(port: int, pid: int, count: int) -> dict[str, float]:
    """The gate's memory per connection in KiB, and the time of requests during the test. Raises WrongAnswer,
    OSError."""
    await _close(await _open(port, AT_ONCE))  # the first connections have costs of their own
    before = resident(pid)
    held: list[Held] = []
    for start in range(0, count, AT_ONCE):
        held += await _open(port, min(AT_ONCE, count - start))
    grown = resident(pid) - before
    others = held[:: max(1, count // (ASKED // 2))]
    seconds = [await _timed_new(port) for _ in range(ASKED // 2)]
    seconds += [await _timed(each) for each in others[: ASKED // 2]]
    await _close(held)
    return {
        "idle_connections": len(held),
        "idle_connection_kib": grown * 1024 / len(held),
        "idle_answer_ms": sorted(seconds)[len(seconds) // 2] * 1000,
        "idle_slowest_answer_ms": max(seconds) * 1000,
    }


async def _open(port: int, count: int) -> list[Held]:
    made = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(count)))
    await asyncio.gather(*(_ask(each) for each in made))
    return made


async def _ask(connection: Held) -> None:
    reader, writer = connection
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    if wrong := what_is_wrong(head[:-4]):
        raise WrongAnswer(f"beside idle connections {wrong}")
    await reader.readexactly(PAGE_BYTES)


async def _timed(connection: Held) -> float:
    started = time.perf_counter()
    await _ask(connection)
    return time.perf_counter() - started


async def _timed_new(port: int) -> float:
    started = time.perf_counter()
    await _close(await _open(port, 1))
    return time.perf_counter() - started


async def _close(held: Sequence[Held]) -> None:
    for _, writer in held:
        writer.close()


if __name__ == "__main__":
    print(json.dumps(uvloop.run(measure(*map(int, sys.argv[1:])))))
