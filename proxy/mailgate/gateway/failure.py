"""Errors at the edge: typed inside, here they become one status, one reason and one log line."""

import traceback
from typing import NamedTuple

import structlog

from mailgate.gateway.http1.request import RequestRefused
from mailgate.gateway.upstream import UpstreamError, UpstreamTimeout, UpstreamUnreachable
from mailgate.model import Reason

log = structlog.get_logger()


class Failure(NamedTuple):
    """What an error becomes at the edge. ``detail`` is what a program may be told."""

    status: int
    reason: Reason
    detail: str = ""
    allow: tuple[str, ...] = ()


def translate(error: Exception) -> Failure:
    """What the caller is told of an error. Whatever is not known is ours: 500, without a word of the inside."""
    if isinstance(error, RequestRefused):
        return Failure(error.status, error.reason, error.detail, error.allow)
    if isinstance(error, UpstreamUnreachable):
        return Failure(502, Reason.UPSTREAM_UNREACHABLE)
    if isinstance(error, UpstreamTimeout):
        return Failure(504, Reason.UPSTREAM_TIMEOUT)
    if isinstance(error, UpstreamError):
        return Failure(502, Reason.UPSTREAM_MALFORMED)
    return Failure(500, Reason.INTERNAL_ERROR)


def note_failure(failure: Failure, reference: str, error: Exception) -> None:
    """One log line with the reference of the answer."""
    status, reason = failure.status, failure.reason
    if reason is not Reason.INTERNAL_ERROR:
        log.warning("failed", reference=reference, reason=reason, status=status, detail=str(error))
        return
    # where it broke, not with which values: an error's text may quote a header
    where = traceback.format_tb(error.__traceback__)[-4:]
    log.error("failed", reference=reference, reason=reason, error=type(error).__name__, where=where)
