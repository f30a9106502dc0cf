"""Reads and writes ``traceparent`` (W3C Trace Context), the field that says to which trace a request belongs."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# the fields of version 00, which later versions must also begin with (section 3.2.2, versioning)
_FIELD = re.compile(rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LINES = re.compile(rb"\r\n(?:traceparent|tracestate)[ \t]*:[^\r\n]*", re.IGNORECASE)
_LINE = re.compile(rb"\r\ntraceparent[ \t]*:[^\r\n]*", re.IGNORECASE)
SAMPLED = 1


class Parent(NamedTuple):
    """A span of another system that the request is a part of."""

    trace: int
    span: int
    sampled: bool


class Trace(NamedTuple):
    """The trace of a request, with the ids of two spans: the gate's work, and in it the request to the webmail."""

    trace: int
    span: int
    asking: int
    sampled: bool
    parent: Parent | None


def parent_in(values: Sequence[bytes]) -> Parent | None:
    """The parent that a request's ``traceparent`` names; None if there is none or it is malformed."""
    found = _FIELD.fullmatch(values[0]) if len(values) == 1 else None
    if found is None or (found[1] == b"00" and found[5]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return Parent(trace, span, bool(int(found[4], 16) & SAMPLED)) if trace and span else None


def with_trace(head: bytes, trace: Trace) -> bytes:
    """The head of a request to the webmail with this trace. A ``tracestate`` without a valid parent is dropped."""
    rest = (_LINE if trace.parent else _LINES).sub(b"", head).removesuffix(b"\r\n")
    field = b"traceparent: 00-%032x-%016x-%02x\r\n" % (trace.trace, trace.asking, trace.sampled)
    return rest + field + b"\r\n"
