"""Read the whole body of a request to the gate itself, which is never more than a few KiB."""

import asyncio

from mailgate.gateway.exchange import Exchange
from mailgate.gateway.http1.request import RequestRefused
from mailgate.model import Reason

MAX_BYTES = 16 * 1024
PATIENCE = 10.0
"""Seconds for the whole body."""


async def read_small_body(exchange: Exchange) -> bytes:
    """The body, or RequestRefused where it is longer than ``MAX_BYTES`` or does not come within ``PATIENCE``."""
    if not exchange.head.has_body:
        return b""
    body = b""
    try:
        async with asyncio.timeout(PATIENCE):
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
