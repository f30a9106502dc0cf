"""Sources that call by themselves: the proofs of those that send no API key, and the pushed messages of Google Cloud Pub/Sub."""

import asyncio
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.google import AndroidManagementSettings, PushSettings
from mailgate.connectors.http import as_json
from mailgate.connectors.inventory import text, value
from mailgate.errors import SourceError, Trouble
from mailgate.wire import ApiRequest, HttpsWire, Wire

_ISSUERS = ["https://accounts.google.com", "accounts.google.com"]
_CERTS = "/oauth2/v3/certs"
_LEEWAY = 60
"""How many seconds clocks may differ."""
_OLD = timedelta(hours=6)
"""After this time keys are fetched again, so that a key that Google withdrew is no longer accepted."""
_PAUSE = timedelta(seconds=30)
"""The shortest time between two requests for keys, even if tokens name unknown keys."""


def message(body: bytes) -> tuple[str, Any]:
    """The type (``notificationType``) and the content of the message in a push request. Raises ``SourceError`` if there is none."""
    envelope = as_json(body)
    if not isinstance(value(envelope, "message"), dict):
        raise SourceError(Trouble.SHAPE, "not a Pub/Sub message: there is no `message`")
    written = value(envelope, "message", "data")
    try:
        data = b64decode(written if isinstance(written, str) else "", validate=True)
    except ValueError:
        raise SourceError(Trouble.SHAPE, "the `data` of a message is not base64") from None
    kind = text(envelope, "message", "attributes", "notificationType")
    return kind, as_json(data) if data else None


class GoogleToken:
    """Checks that a request carries a token that Google made for this subscription (OpenID Connect)."""

    def __init__(self, settings: PushSettings, wire: Callable[[], Wire], now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._wire = wire
        self._now = now
        self._keys: KeySet | None = None
        self._fetched: datetime | None = None
        self._tried: datetime | None = None
        self._lock = asyncio.Lock()
        if settings.keys is not None:
            self._keys = KeySet.import_key_set(json.loads(settings.keys.read_text("utf-8")))

    async def __call__(self, headers: Mapping[str, str], _body: bytes) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer":
            return False
        try:
            keys = await self._found(str(extract_compact(token.strip().encode()).headers().get("kid", "")))
            claims = jwt.decode(token.strip(), keys, algorithms=["RS256"]).claims if keys else {}
            self._registry().validate(claims)
        except (JoseError, ValueError, TypeError):
            return False
        return claims.get("email_verified") is True

    def _registry(self) -> jwt.JWTClaimsRegistry:
        def now() -> int:
            return int(self._now().timestamp())

        return jwt.JWTClaimsRegistry(
            now,
            _LEEWAY,
            iss={"essential": True, "values": _ISSUERS},
            aud={"essential": True, "value": self._settings.audience or ""},
            email={"essential": True, "value": self._settings.email or ""},
            exp={"essential": True},
            iat={"essential": True},
        )

    async def _found(self, kid: str) -> KeySet | None:
        """Google's keys. They are fetched if they are old, or if none of them has this name."""
        if self._settings.keys is None:
            async with self._lock:
                if self._wanting(kid):
                    await self._fetch()
        return self._keys

    def _wanting(self, kid: str) -> bool:
        now = self._now()
        if self._tried is not None and abs(now - self._tried) < _PAUSE:
            return False
        known = self._keys is not None and any(key.kid == kid for key in self._keys.keys)
        return not known or self._fetched is None or not timedelta() <= now - self._fetched <= _OLD

    async def _fetch(self) -> None:
        """Fetch the keys. If Google does not answer, the old keys stay."""
        self._tried = self._now()
        wire = self._wire()
        try:
            answer = await wire.ask(ApiRequest("GET", self._settings.keys_url + _CERTS))
            if answer.status == 200:
                self._keys = KeySet.import_key_set(as_json(answer.body))
                self._fetched = self._now()
        except (SourceError, JoseError, ValueError, TypeError, KeyError, AttributeError):
            return
        finally:
            await wire.close()


Proof = Callable[[Mapping[str, str], bytes], Awaitable[bool]]
"""Returns whether headers, with names in lower case, and body are from the source."""

_TIMEOUT = 30.0
_KEY_BYTES = 1024 * 1024


async def is_signed(key: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether there is an HMAC over the body, as NanoMDM makes it: SHA-256, base64, in ``X-Hmac-Signature``."""
    right = b64encode(hmac.digest(key.encode(), body, sha256))
    return hmac.compare_digest(headers.get("x-hmac-signature", "").encode(), right)


class WebhookProofs:
    """The proofs of all connectors. Each is kept as long as its settings stay the same, since it may cache keys."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._made: dict[str, tuple[EverySource, Proof | None]] = {}

    def of(self, name: str, settings: EverySource) -> Proof | None:
        """The proof of a source; None if it sends an API key."""
        made = self._made.get(name)
        if made is None or made[0] != settings:
            made = self._made[name] = (settings, self._proof(settings))
        return made[1]

    def _proof(self, settings: EverySource) -> Proof | None:
        if isinstance(settings, AppleMdmSettings) and settings.hmac_key is not None:
            return partial(is_signed, settings.hmac_key.get_secret_value())
        if isinstance(settings, AndroidManagementSettings) and settings.push and settings.push.audience:
            wire = partial(HttpsWire, _TIMEOUT, _KEY_BYTES, settings.ca, settings.proxy)
            return GoogleToken(settings.push, wire, self._now)
        return None
