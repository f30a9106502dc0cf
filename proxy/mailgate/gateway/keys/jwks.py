"""Asks an issuer for its keys by one bounded GET of a JWKS (RFC 7517) over https."""

import re
import ssl
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

MAX_BYTES = 64 * 1024
TIMEOUT = aiohttp.ClientTimeout(total=5)
MIN_FRESHNESS, MAX_FRESHNESS = timedelta(minutes=1), timedelta(hours=24)
DEFAULT_FRESHNESS = timedelta(minutes=10)
"""The limits of an answer's freshness, whatever its Cache-Control says, and the freshness if it says nothing."""

_MAX_AGE = re.compile(r'(?:^|,)\s*max-age\s*=\s*"?(?P<seconds>[0-9]{1,10})"?\s*(?:,|$)', re.IGNORECASE)
_NO_CACHE = re.compile(r"(?:^|,)\s*no-(?:cache|store)\s*(?:,|$)", re.IGNORECASE)


class JwksError(Exception):
    """The keys could not be fetched. ``why`` is one of a few words, for a metric and a log line."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class JwksAnswer:
    """An issuer's answer. ``text`` is None if nothing has changed (304)."""

    text: str | None
    etag: str
    fresh_for: timedelta


async def fetch(url: str, etag: str, *, trust: ssl.SSLContext | None = None) -> JwksAnswer:
    """Fetch the JWKS at ``url``, unless it is still the one of ``etag``. Raises JwksError.

    Redirects are not followed, since only the settings say whom to trust.
    """
    headers = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
    if etag:
        headers["If-None-Match"] = etag
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, headers=headers, allow_redirects=False, ssl=trust or True) as response,
        ):
            return await _read(response, etag)
    except TimeoutError:
        raise JwksError("timeout") from None
    except (aiohttp.ClientSSLError, ssl.SSLError):
        raise JwksError("tls") from None
    except (aiohttp.ClientError, OSError, ValueError):
        raise JwksError("unreachable") from None


async def _read(response: aiohttp.ClientResponse, etag: str) -> JwksAnswer:
    fresh_for = freshness(response.headers.get("Cache-Control", ""))
    if response.status == 304 and etag:
        return JwksAnswer(None, etag, fresh_for)
    if response.status in range(300, 400):
        raise JwksError("redirect")
    if response.status != 200:
        raise JwksError("status")
    body = b""
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MAX_BYTES:
            raise JwksError("too-large")
    try:
        return JwksAnswer(body.decode(), response.headers.get("ETag", ""), fresh_for)
    except UnicodeDecodeError:
        raise JwksError("malformed") from None


def freshness(cache_control: str) -> timedelta:
    """How long an answer may be used without asking again (RFC 9111, section 5.2.2), within the gate's own limits."""
    if _NO_CACHE.search(cache_control):
        return MIN_FRESHNESS
    told = _MAX_AGE.search(cache_control)
    return (
        min(max(timedelta(seconds=int(told["seconds"])), MIN_FRESHNESS), MAX_FRESHNESS)
        if told
        else DEFAULT_FRESHNESS
    )
