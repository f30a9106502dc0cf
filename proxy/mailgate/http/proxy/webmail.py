"""The webmail behind the gate: its address, its limits, and the errors of its answers."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of the webmail, and the limits of the connection to it. Times are in seconds."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    connect_time: float
    response_time: float
    idle_time: float
    keep_alive: float = 15.0
    max_idle: int = 64
    max_head: int = 256 * 1024
    max_fields: int = 256


class UpstreamError(Exception):
    """The webmail did not give a usable answer."""


class UpstreamUnreachable(UpstreamError):
    """No connection could be made."""


class UpstreamClosed(UpstreamError):
    """The connection ended before the first byte of an answer."""


class UpstreamMalformed(UpstreamError):
    """The answer is not a valid HTTP/1.1 response, or it was cut short."""


class UpstreamTimeout(UpstreamError):
    """Nothing came in time."""
