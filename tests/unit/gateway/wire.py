"""Bytes in any pieces, and ends of connections that record what is done to them."""

from itertools import pairwise

from hypothesis import strategies as st

CUTS = st.lists(st.integers(0, 400), max_size=12)


def split(wire, cuts):
    """``wire`` in pieces, cut at these places."""
    places = sorted({min(cut, len(wire)) for cut in cuts} | {0, len(wire)})
    return [wire[start:end] for start, end in pairwise(places)]


class FakeTransport:
    """What asyncio gives a protocol, without a socket under it."""

    def __init__(self, protocol=None, **extra):
        self.protocol = protocol
        self.extra = {"peername": ("192.0.2.7", 50000), **extra}
        self.written = b""
        self.reading = True
        self.closing = self.aborted = self.ended = False

    def write(self, data):
        assert not self.closing
        self.written += data

    def taken(self):
        """What was written since the last time this was asked."""
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
