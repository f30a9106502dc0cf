"""One request and the way back to its client."""

import socket
import ssl
import struct
from types import SimpleNamespace

import pytest
from tests.unit.gateway.wire import FakeClient, exchange

from mailgate.http.exchange import Exchange, Parent, Trace, parent_in, with_trace
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
    asked = Exchange(exchange().head, b"x", FakeClient())
    assert asked.read
    assert asked.content == b"x"
    assert await asked.body.readany() == b"x"
    assert asked.body is asked.body
    assert asked.read


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


async def test_an_end_that_is_said_leaves_the_way_in_open():
    """RFC 9112, 9.6."""
    asked = exchange()
    asked.half_close()
    assert (asked.connection.transport.ended, asked.connection.transport.closing) == (True, False)


async def test_tls_has_no_half_close():
    asked = exchange(client=FakeClient(sslcontext=object()))
    asked.half_close()
    assert not asked.connection.transport.ended


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = Parent(int(TRACE, 16), int(SPAN, 16), sampled=True)
HEAD = b"GET / HTTP/1.1\r\nHost: mail.example.com\r\nTraceParent: x\r\nA: b\r\ntraceparent:\ty\r\nTracestate: v=1\r\n\r\n"


@pytest.mark.parametrize(
    ("value", "parent"),
    [
        (f"00-{TRACE}-{SPAN}-01", PARENT),
        (f"00-{TRACE}-{SPAN}-00", PARENT._replace(sampled=False)),
        (f"00-{TRACE}-{SPAN}-ff", PARENT),
        (f"cc-{TRACE}-{SPAN}-01-what.the.future.brings", PARENT),
        (f"cc-{TRACE}-{SPAN}-01", PARENT),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"cc-{TRACE}-{SPAN}-01.more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}", None),
        (f"00-{TRACE}-{SPAN}-01\n", None),
        ("", None),
    ],
)
def test_a_malformed_parent_is_none(value, parent):
    assert parent_in([value.encode()]) == parent


def test_nobody_has_two_parents():
    assert parent_in([]) is None
    assert parent_in([f"00-{TRACE}-{SPAN}-01".encode()] * 2) is None


def test_the_webmail_is_told_of_one_span_however_many_were_told_here():
    trace = Trace(PARENT.trace, 1, 2, sampled=False, parent=PARENT)
    assert with_trace(HEAD, trace) == (
        b"GET / HTTP/1.1\r\nHost: mail.example.com\r\nA: b\r\nTracestate: v=1\r\n"
        b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000002-00\r\n\r\n"
    )


def test_a_state_without_a_parent_goes():
    head = with_trace(HEAD, Trace(10, 1, 2, sampled=True, parent=None))
    assert b"racestate" not in head
    assert head.endswith(b"\r\ntraceparent: 00-0000000000000000000000000000000a-0000000000000002-01\r\n\r\n")
