"""One request and the way back to its client."""

import asyncio
import socket
import ssl
import struct
from types import SimpleNamespace

import pytest
from tests.unit.gateway.wire import FakeClient, exchange

from mailgate.http.exchange import Exchange
from mailgate.http.request import RequestRefused, refused_head
from mailgate.model import Reason


@pytest.mark.parametrize(
    ("connection", "peer", "secure"),
    [
        ({}, "192.0.2.7", False),
        ({"sslcontext": object()}, "192.0.2.7", True),
        ({"peername": ("2001:db8::1", 5, 0, 0)}, "2001:db8::1", False),
        ({"peername": ""}, "", False),
    ],
)
async def test_an_exchange_knows_its_peer_and_whether_it_is_secure(connection, peer, secure):
    asked = exchange(client=FakeClient(**connection))
    assert (asked.peer, asked.secure) == (peer, secure)


async def test_certificates_are_read_only_where_they_were_asked_for():
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    connected = SimpleNamespace(
        getpeercert=lambda binary_form: b"leaf", get_unverified_chain=lambda: [b"leaf"]
    )
    found = []
    for mode in (ssl.CERT_NONE, ssl.CERT_OPTIONAL):
        asking.verify_mode = mode
        found.append(exchange(client=FakeClient(sslcontext=asking, ssl_object=connected)).certificates())
    assert found == [(), (b"leaf",)]
    asked = exchange(client=FakeClient(sslcontext=asking))
    asked.connection.transport = None
    assert asked.certificates() == exchange().certificates() == ()


async def test_the_reader_of_a_body_is_made_once_on_demand():
    made = []
    asked = Exchange(exchange().head, lambda: made.append(1) or exchange(body=b"x").body, FakeClient(), b"x")
    assert asked.read
    assert made == []
    assert await asked.body.readany() == b"x"
    assert asked.body is asked.body
    assert made == [1]


async def test_nothing_is_written_to_a_client_that_is_gone():
    asked = exchange()
    asked.write(b"a")
    assert asked.connection.transport.written == b"a"
    asked.connection.transport = None
    asked.abort()
    asked.half_close()
    with pytest.raises(ConnectionResetError):
        asked.write(b"b")


REFUSED = RequestRefused(400, Reason.REQUEST_MALFORMED, "no")


async def test_nothing_behind_an_unreadable_head_is_a_request():
    """RFC 9112, 6.3: where the body ends is not known."""
    whole, cut, unread = exchange(), exchange(), exchange()
    cut.body.set_exception(REFUSED)
    unread.head = refused_head(REFUSED)
    assert [asked.broken for asked in (whole, cut, unread)] == [False, True, True]


class Socket:
    def __init__(self):
        self.options = []

    def setsockopt(self, level, option, value):
        self.options.append((level, option, struct.unpack("ii", value)))


async def test_a_broken_answer_ends_in_a_reset():
    """RFC 9112, 8: a body without a length is complete where the connection ends."""
    asked = exchange(client=FakeClient(socket=Socket()))
    asked.abort()
    transport = asked.connection.transport
    assert transport.aborted
    assert transport.extra["socket"].options == [(socket.SOL_SOCKET, socket.SO_LINGER, (1, 0))]


async def test_a_client_that_does_not_read_is_awaited_only_so_long():
    asked, room = exchange(), asyncio.Event()
    asked.connection.drained = room.wait
    await asked.drain(0)
    asked.connection.writing_paused = True
    with pytest.raises(TimeoutError):
        await asked.drain(0)
    room.set()
    await asked.drain(5)


async def test_an_end_that_is_said_leaves_the_way_in_open():
    """RFC 9112, 9.6."""
    asked = exchange()
    asked.half_close()
    assert (asked.connection.transport.ended, asked.connection.transport.closing) == (True, False)


async def test_tls_has_no_half_close():
    asked = exchange(client=FakeClient(sslcontext=object()))
    asked.half_close()
    assert not asked.connection.transport.ended
