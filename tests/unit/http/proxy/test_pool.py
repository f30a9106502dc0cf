"""Idle connections to the webmail are used again only where that is safe."""

import asyncio
import os
import ssl

import pytest
from tests.unit.gateway.wire import FakeTransport
from tests.unit.http.proxy.test_upstream import endpoint

from mailgate.http.proxy.pool import UpstreamPool
from mailgate.http.proxy.upstream import UpstreamUnreachable


class Webmail:
    """Takes the place of the network: makes connections, or says why not."""

    def __init__(self, monkeypatch, refused=None):
        self.made, self.asked, self.refused = [], [], refused
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", self.connect)

    async def connect(self, factory, host, port, **tls):
        self.asked.append((host, port, tls))
        if self.refused == "silence":
            await asyncio.Event().wait()
        if self.refused:
            raise self.refused
        connection = factory()
        transport = FakeTransport(connection)
        connection.connection_made(transport)
        self.made.append(connection)
        return transport, connection


async def acquire(pool, *, repeatable):
    """What a request gets."""
    return pool.take(repeatable=repeatable) or await pool.connect()


@pytest.fixture
async def webmail(monkeypatch):
    return Webmail(monkeypatch)


async def test_an_idle_connection_is_used_again_the_freshest_first(webmail):
    pool = UpstreamPool(endpoint())
    first, second = [await acquire(pool, repeatable=True) for _ in range(2)]
    pool.release(first)
    pool.release(second)
    assert await acquire(pool, repeatable=True) is second
    assert await acquire(pool, repeatable=True) is first
    assert len(webmail.made) == 2


async def test_a_request_that_must_not_be_repeated_trusts_only_a_fresh_connection(webmail):
    """RFC 9112, 9.3.1 and 9.5: the webmail may close an older one at this moment."""
    pool = UpstreamPool(endpoint())
    idle = await acquire(pool, repeatable=True)
    pool.release(idle)
    assert await acquire(pool, repeatable=False) is idle
    pool.release(idle)
    idle.idle_since -= 2
    assert await acquire(pool, repeatable=False) is not idle
    assert await acquire(pool, repeatable=True) is idle


async def test_a_connection_that_ended_or_got_bytes_while_idle_is_not_used(webmail):
    pool = UpstreamPool(endpoint())
    ended, spoilt = [await acquire(pool, repeatable=True) for _ in range(2)]
    pool.release(ended)
    pool.release(spoilt)
    ended.connection_lost(None)
    spoilt.data_received(b"HTTP/1.1 408 x\r\n\r\n")
    assert await acquire(pool, repeatable=True) not in (ended, spoilt)
    assert spoilt._transport.aborted


async def test_idle_connections_are_bounded_in_number_and_age(webmail):
    pool = UpstreamPool(endpoint(max_idle=2))
    three = [await acquire(pool, repeatable=True) for _ in range(3)]
    for connection in three:
        pool.release(connection)
    assert [connection.closed for connection in three] == [True, False, False]
    three[1].idle_since -= 16
    await acquire(pool, repeatable=True)
    assert [connection.closed for connection in three] == [True, True, False]


async def test_closing_the_pool_closes_what_is_idle(webmail):
    pool = UpstreamPool(endpoint())
    idle = await acquire(pool, repeatable=True)
    pool.release(idle)
    pool.close()
    assert idle.closed


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (ConnectionRefusedError("10.0.0.5:80 secret"), "ConnectionRefusedError"),
        (ssl.SSLCertVerificationError("secret"), "SSLCertVerificationError"),
        ("silence", "in time"),
    ],
)
async def test_an_absent_webmail_is_unreachable_without_details(monkeypatch, refused, said):
    Webmail(monkeypatch, refused)
    with pytest.raises(UpstreamUnreachable, match=said) as unreachable:
        await UpstreamPool(endpoint(connect_time=0)).connect()
    assert "secret" not in str(unreachable.value)


async def test_tls_names_the_host_that_must_prove_itself(webmail):
    context = ssl.create_default_context()
    await UpstreamPool(endpoint(tls=context, port=443)).connect()
    assert webmail.asked == [("inner", 443, {"ssl": context, "server_hostname": "inner"})]


class Wire:
    """A socket, as far as it is asked whether there is something to read."""

    def __init__(self):
        self.here, self.there = os.pipe()

    def fileno(self):
        return self.here


@pytest.mark.parametrize("repeatable", [True, False])
@pytest.mark.parametrize("ends", [True, False])
async def test_a_connection_on_which_something_arrived_unread_is_not_used(webmail, repeatable, ends):
    """The end of the connection, or a whole answer that would be taken for that to the next request."""
    pool = UpstreamPool(endpoint())
    idle, wire = await acquire(pool, repeatable=True), Wire()
    idle._transport.extra["socket"] = wire
    pool.release(idle)
    assert pool.take(repeatable=repeatable) is idle
    if not ends:
        os.write(wire.there, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    else:
        os.close(wire.there)
    pool.release(idle)
    assert pool.take(repeatable=repeatable) is None
    assert idle._transport.aborted
    os.close(wire.here)
    if not ends:
        os.close(wire.there)


async def test_a_connection_that_is_closing_is_not_used(webmail):
    """Its number may already be that of another one, which the operating system would be asked about."""
    pool = UpstreamPool(endpoint())
    idle = await acquire(pool, repeatable=True)
    pool.release(idle)
    idle._transport.close()
    assert pool.take(repeatable=True) is None
