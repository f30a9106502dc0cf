"""Whose trace a request belongs to: the field ``traceparent`` (W3C Trace Context), read and written."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# version 00; of a later one, what stands where 00 has it (section 3.2.2, versioning)
_FIELD = re.compile(rb"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_LINES = re.compile(rb"\r\n(?:traceparent|tracestate)[ \t]*:[^\r\n]*", re.IGNORECASE)
_LINE = re.compile(rb"\r\ntraceparent[ \t]*:[^\r\n]*", re.IGNORECASE)
SAMPLED = 1


class Parent(NamedTuple):
    """Of which span of somebody else a request is a part."""

    trace: int
    span: int
    sampled: bool


class Trace(NamedTuple):
    """The trace of a request here, and the ids of its spans: what the gate does, and in it what it asks the webmail."""

    trace: int
    span: int
    asking: int
    sampled: bool
    parent: Parent | None


def parent_in(values: Sequence[bytes]) -> Parent | None:
    """The parent that the values of a request's ``traceparent`` name; None where there is none, or none that is whole."""
    found = _FIELD.fullmatch(values[0]) if len(values) == 1 else None
    if found is None or (found[1] == b"00" and found[5]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return Parent(trace, span, bool(int(found[4], 16) & SAMPLED)) if trace and span else None


def with_trace(head: bytes, trace: Trace) -> bytes:
    """The head of a request to the webmail as a part of this trace. A state that belonged to no whole parent goes."""
    rest = (_LINE if trace.parent else _LINES).sub(b"", head).removesuffix(b"\r\n")
    field = b"traceparent: 00-%032x-%016x-%02x\r\n" % (trace.trace, trace.asking, trace.sampled)
    return rest + field + b"\r\n"
