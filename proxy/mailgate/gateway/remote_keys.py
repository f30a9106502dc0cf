"""The keys of an issuer that publishes them at an address. They are cached, and fetched again when due or when one is missing."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from mailgate.attest.keys import KeySet, KeySetError, parse_jwks
from mailgate.errors import SourceError, Trouble
from mailgate.model.times import LONG_AGO
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
    """The keys could not be fetched. ``why`` is one of a few words, for a metric and a log line; ``status`` is that of an answer
    that was not 200."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.status = status


@dataclass(frozen=True, slots=True)
class JwksAnswer:
    """An issuer's answer. ``text`` is None if nothing has changed (304)."""

    text: str | None
    etag: str
    fresh_for: timedelta


async def fetch(url: str, etag: str, *, trust: ssl.SSLContext | None = None) -> JwksAnswer:
    """Fetch the JWKS at ``url``, unless it is still the one of ``etag``. Follows no redirect: the settings say whom to trust. Raises JwksError."""
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
        raise JwksError("redirect", response.status)
    if response.status != 200:
        raise JwksError("status", response.status)
    try:
        return JwksAnswer(response.body.decode(), response.headers.get("etag", ""), fresh_for)
    except UnicodeDecodeError:
        raise JwksError("malformed") from None


def freshness(cache_control: str) -> timedelta:
    """How long an answer may be used without asking again (RFC 9111, section 5.2.2), within the gate's own limits."""
    if _NO_CACHE.search(cache_control):
        return MIN_FRESHNESS
    told = _MAX_AGE.search(cache_control)
    asked = timedelta(seconds=int(told["seconds"])) if told else DEFAULT_FRESHNESS
    return min(max(asked, MIN_FRESHNESS), MAX_FRESHNESS)


log = structlog.get_logger()

PAUSE_FOR_MISSING_KEY = timedelta(seconds=30)
"""A missing key is a reason to ask at most once within this time, since anybody can name keys that do not exist."""
KEYS_LAST = timedelta(hours=24)
"""How long the last keys stay valid while the issuer does not answer."""
FIRST_RETRY, LAST_RETRY = timedelta(seconds=1), timedelta(seconds=60)
MAX_WAITING = 1000
"""The most callers that wait for one answer. Further callers get the keys as they are."""


@dataclass
class RemoteKeys:
    """The keys of one issuer. Start ``run`` as a task. ``ask`` fetches an answer or raises JwksError."""

    issuer: str
    url: str
    ask: Callable[[str], Awaitable[JwksAnswer]]
    clock: Callable[[], datetime]
    count: Callable[[str, str], None]
    """Counts the outcome of each request by the issuer."""
    parse: Callable[[str], KeySet] = parse_jwks
    """Reads an answer. Raises KeySetError."""
    last_success: datetime | None = None
    failure: str = ""
    """Why the last request failed; empty after a success and before the first request."""
    _keys: KeySet = field(default_factory=lambda: KeySet({}))
    _etag: str = ""
    _waits: tuple[datetime, datetime] | None = None
    """From when until when nobody asks by themselves; a clock that is set back ends that."""
    _failures: int = 0
    _pressed: datetime | None = None
    _asking: asyncio.Task[None] | None = None
    _waiting: int = 0

    def keys(self) -> KeySet:
        """The keys that are valid now: for a day after the last answer, and none before the first."""
        if self.last_success is None or self.clock() - self.last_success > KEYS_LAST:
            return KeySet({}, unavailable=True)
        return KeySet(self._keys.keys, unavailable=bool(self.failure) or self._asking is not None)

    async def look_for_missing_key(self) -> bool:
        """Ask because a key is missing, or wait for a running request. Returns False if it is too early to ask again or too many
        callers wait."""
        if self._asking is None:
            now = self.clock()
            if self._pressed is not None and abs(now - self._pressed) < PAUSE_FOR_MISSING_KEY:
                return False
            if self._waits is not None:  # the first request is due anyway
                self._pressed = now
        elif self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        try:
            await self.renew()
        finally:
            self._waiting -= 1
        return True

    async def renew(self) -> None:
        """Ask once. Callers that come in between wait for the same answer. Does not raise if the issuer does not
        answer."""
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._renew())
        # awaiting the task would cancel it together with the caller, and raise its error here
        await asyncio.wait({self._asking})

    async def run(self) -> None:
        """Ask whenever it is due, until cancelled."""
        try:
            while True:
                await asyncio.sleep(self.pause().total_seconds())
                if not self.pause():  # another caller may have asked in between
                    await self.renew()
        finally:
            if self._asking is not None:
                self._asking.cancel()

    def pause(self) -> timedelta:
        since, due = self._waits or (LONG_AGO, LONG_AGO)
        now = self.clock()
        return due - now if since <= now < due else timedelta()

    async def _renew(self) -> None:
        try:
            answer = await self.ask(self._etag)
            if answer.text is not None:
                self._keys = self._keys.renewed(self.parse(answer.text))
            self._succeeded(answer)
        except JwksError as error:
            self._failed(error.why)
        except KeySetError:
            self._failed("malformed")
        finally:
            self._asking = None

    def _succeeded(self, answer: JwksAnswer) -> None:
        now = self.clock()
        self.count(self.issuer, "unchanged" if answer.text is None else "renewed")
        if self.failure:
            log.info("issuer-keys-back", issuer=self.issuer)
        self.last_success, self.failure, self._failures = now, "", 0
        self._etag, self._waits = answer.etag, (now, now + answer.fresh_for)

    def _failed(self, why: str) -> None:
        """Keep the old keys. The next try comes soon, and later tries come after ever longer pauses."""
        self.count(self.issuer, why)
        left = len(self.keys().keys)
        if left:
            log.warning("issuer-keys-failed", issuer=self.issuer, why=why, keys_left=left)
        else:
            log.error("issuer-keys-failed", issuer=self.issuer, why=why, keys_left=left)
        self.failure = why
        now = self.clock()
        self.last_success = self.last_success and min(self.last_success, now)
        self._waits = now, now + min(FIRST_RETRY * 2 ** min(self._failures, 10), LAST_RETRY)
        self._failures += 1
