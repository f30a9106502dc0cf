"""Reads the whole body of a request to the gate itself. Such a body never has more than a few KiB."""

import asyncio

from mailgate.http.exchange import Exchange
from mailgate.http.grammar import members
from mailgate.http.request import RequestHead, RequestRefused
from mailgate.model import Reason

MAX_BYTES = 16 * 1024
TIMEOUT_SECONDS = 10.0
"""How many seconds the whole body may take."""


def refuse_coded_body(head: RequestHead) -> None:
    """Refuse a coded body (RFC 9110, section 8.4). The gate decompresses nothing, since a few bytes could become very many."""
    if any(each != b"identity" for each in members(head.fields, b"content-encoding")):
        raise RequestRefused(415, Reason.REQUEST_NOT_SUPPORTED, "Expected a body without Content-Encoding.")


async def read_small_body(exchange: Exchange) -> bytes:
    """Read the body. Raises RequestRefused if it is coded, longer than ``MAX_BYTES`` or does not come within ``TIMEOUT_SECONDS``."""
    if not exchange.head.has_body:
        return b""
    refuse_coded_body(exchange.head)
    body = b""
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while piece := await exchange.body.readany():
                body += piece
                if len(body) > MAX_BYTES:
                    raise RequestRefused(
                        413, Reason.REQUEST_BODY_TOO_LARGE, f"Expected at most {MAX_BYTES} bytes."
                    )
    except TimeoutError:
        raise RequestRefused(
            408, Reason.REQUEST_TIMEOUT, "The request body did not arrive in time."
        ) from None
    return body
