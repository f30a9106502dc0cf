"""Asks an issuer for its keys by one bounded GET of a JWKS (RFC 7517) over https."""

import re
import ssl
from dataclasses import dataclass
from datetime import timedelta

from mailgate.errors import SourceError, Trouble
from mailgate.wire import ApiRequest, ApiResponse, HttpsWire

MAX_BYTES = 64 * 1024
TIMEOUT_SECONDS = 5.0
MIN_FRESHNESS, MAX_FRESHNESS = timedelta(minutes=1), timedelta(hours=24)
DEFAULT_FRESHNESS = timedelta(minutes=10)
"""The limits of an answer's freshness, whatever its Cache-Control says, and the freshness if it says nothing."""

_WORDS = {Trouble.TIMEOUT: "timeout", Trouble.CERTIFICATE: "tls", Trouble.TOO_BIG: "too-large"}
"""The words for what the wire says; all else is ``unreachable``."""
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
    headers |= {"If-None-Match": etag} if etag else {}
    wire = HttpsWire(TIMEOUT_SECONDS, MAX_BYTES, trust)
    try:
        return _read(await wire.ask(ApiRequest("GET", url, headers)), etag)
    except SourceError as error:
        raise JwksError(_WORDS.get(error.trouble, "unreachable")) from None
    finally:
        await wire.close()


def _read(response: ApiResponse, etag: str) -> JwksAnswer:
    fresh_for = freshness(response.headers.get("cache-control", ""))
    if response.status == 304 and etag:
        return JwksAnswer(None, etag, fresh_for)
    if response.status in range(300, 400):
        raise JwksError("redirect")
    if response.status != 200:
        raise JwksError("status")
    try:
        return JwksAnswer(response.body.decode(), response.headers.get("etag", ""), fresh_for)
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
