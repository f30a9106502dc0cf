"""Requests are due whether or not earlier ones were answered, and waiting counts."""

import asyncio

import pytest
from benchmarks.fixed_rate import REQUEST, Connection, Load, instants, what_is_wrong
from benchmarks.site import PAGE_BYTES
from benchmarks.transfers import WrongAnswer

HEAD = f"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: {PAGE_BYTES}\r\n\r\n".encode()
PAGE = b"p" * PAGE_BYTES


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(bytes(data))


def connected(load: Load) -> tuple[Connection, Wire]:
    connection, wire = Connection(load), Wire()
    connection.connection_made(wire)
    return connection, wire


def test_instants_are_even() -> None:
    assert instants(10.0, 4, 1) == [10.0, 10.25, 10.5, 10.75]


async def test_who_is_due_while_nobody_is_free_waits_and_the_wait_counts() -> None:
    load = Load(2)
    connection, wire = connected(load)
    load.due(0.0)
    load.due(-1.0)
    assert wire.sent == [REQUEST]
    connection.data_received(HEAD + PAGE)
    assert wire.sent == [REQUEST, REQUEST]
    assert not load.done.done()
    connection.data_received(HEAD + PAGE)
    assert load.done.done()
    assert load.latencies[1] - load.latencies[0] >= 1_000_000


async def test_an_answer_in_pieces_is_one() -> None:
    load = Load(1)
    connection, _ = connected(load)
    load.due(0.0)
    answer = HEAD + PAGE
    for start in range(0, len(answer), 30):
        assert not load.latencies
        connection.data_received(answer[start : start + 30])
    assert len(load.latencies) == 1
    assert load.free == [connection]


async def test_a_wrong_answer_ends_the_load() -> None:
    load = Load(1)
    connection, _ = connected(load)
    load.due(0.0)
    connection.data_received(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
    with pytest.raises(WrongAnswer, match="502"):
        await load.done


async def test_a_connection_that_is_closed_ends_the_load() -> None:
    load = Load(1)
    connection, _ = connected(load)
    connection.connection_lost(None)
    with pytest.raises(WrongAnswer, match="closed"):
        await load.done


@pytest.mark.parametrize(
    ("head", "wrong"),
    [
        (HEAD[:-4], ""),
        (HEAD[:-4].replace(b"Content-Length", b"content-length"), ""),
        (HEAD[:-4].replace(b"200 OK", b"403 Forbidden"), "403"),
        (HEAD[:-4].replace(b"8192", b"81920"), "length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", "length"),
        (b"", "answer"),
    ],
)
def test_only_the_page_is_right(head: bytes, wrong: str) -> None:
    found = what_is_wrong(head)
    assert wrong in found
    assert bool(found) is bool(wrong)
