"""Bytes in any pieces, and fake ends of connections that record calls."""

import asyncio
from itertools import pairwise

from aiohttp.streams import StreamReader
from hypothesis import strategies as st

from mailgate.gateway.evaluate.facts import read_facts
from mailgate.http.exchange import Exchange
from mailgate.http.request import parse_request_head
from mailgate.http.trusted_headers import origin_of

CUTS = st.lists(st.integers(0, 400), max_size=12)


def split(wire, cuts):
    """``wire`` in pieces, cut at these places."""
    places = sorted({min(cut, len(wire)) for cut in cuts} | {0, len(wire)})
    return [wire[start:end] for start, end in pairwise(places)]


class FakeTransport:
    """A transport without a socket."""

    def __init__(self, protocol=None, **extra):
        self.protocol = protocol
        self.extra = {"peername": ("192.0.2.7", 50000), **extra}
        self.written = b""
        self.reading = True
        self.closing = self.aborted = self.ended = False
        self.unsent = 0

    def get_write_buffer_size(self):
        return self.unsent

    def write(self, data):
        assert not self.closing
        self.written += data

    def taken(self):
        """The bytes that were written since the last call."""
        data, self.written = self.written, b""
        return data

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def can_write_eof(self):
        return "sslcontext" not in self.extra

    def write_eof(self):
        self.ended = True

    def close(self):
        self.closing = True

    def abort(self):
        self.aborted = self.closing = True

    def is_closing(self):
        return self.closing

    def get_extra_info(self, name, default=None):
        return self.extra.get(name, default)


class FakeClient:
    """A client's connection with the methods that an exchange uses."""

    def __init__(self, **extra):
        self.transport = FakeTransport(self, **extra)
        name = self.transport.extra["peername"]
        self.peer = str(name[0]) if isinstance(name, tuple) else ""
        self.secure = "sslcontext" in extra
        self.ssl_context = extra.get("sslcontext")
        self.writing_paused = False
        self.reader = None
        self.over = None

    @property
    def connected(self):
        return self.transport is not None

    def pause_reading(self):
        if self.transport:
            self.transport.pause_reading()

    def resume_reading(self, resume_parser=True):
        if self.transport:
            self.transport.resume_reading()

    def start_tunnel(self, reader, peer):
        self.reader = reader

    def answered(self, outcome):
        self.over = asyncio.get_running_loop().create_future()
        self.over.set_result(outcome)

    def wait_for(self, rest):
        self.over = asyncio.ensure_future(rest)


def exchange(line=b"GET / HTTP/1.1", *fields, body=b"", whole=True, client=None):
    """One request that has arrived, with this part of its body. Needs a running loop."""
    head = parse_request_head(
        b"\r\n".join([line, b"Host: mail.example.com", *fields, b"", b""]), max_fields=99
    )
    client = client or FakeClient()
    reader = StreamReader(client, 2**16, loop=asyncio.get_running_loop())
    reader.feed_data(body)
    if whole:
        reader.feed_eof()
    return Exchange(head, reader, client)


async def handled(on, asked):
    """Let a gate serve a request. Returns the outcome, whether it comes at once or later."""
    return await over(asked, on.handle(asked))


async def over(asked, rest):
    """Wait for the outcome: of ``rest``, or without it the one that the connection gets."""
    while rest is None and asked.connection.over is None:
        await asyncio.sleep(0)
    return await (asked.connection.over if rest is None else rest)


async def settle():
    """Run everything that is ready, and everything that becomes ready by it."""
    ready = asyncio.get_running_loop()._ready
    for _ in range(60):
        await asyncio.sleep(0)
        if not ready:
            return


def facts_of(head, *, peer, secure, trusted, certificate=(), **more):
    """The facts that a gate reads from this head."""
    origin = origin_of(head.fields, peer=peer, secure=secure, host=head.host, trusted=trusted)
    return read_facts(head, origin, certificate, **more)
