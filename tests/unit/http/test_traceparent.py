"""W3C Trace Context: what counts as a parent, and what the webmail is told."""

import pytest

from mailgate.http.traceparent import Parent, Trace, parent_in, with_trace

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
