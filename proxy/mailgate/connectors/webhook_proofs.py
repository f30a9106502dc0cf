"""Proofs of sources that call by themselves and send no API key."""

import hmac
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from hashlib import sha256

from mailgate.config.sources import (
    AndroidManagementSettings,
    ApiSourceSettings,
    AppleMdmSettings,
    EverySource,
)
from mailgate.connectors.push import GoogleToken
from mailgate.connectors.wire import HttpsWire, Wire

Proof = Callable[[Mapping[str, str], bytes], Awaitable[bool]]
"""Returns whether headers, with names in lower case, and body are from the source."""

_TIMEOUT = 30.0
_KEY_BYTES = 1024 * 1024


class Signature:
    """An HMAC over the body, as NanoMDM makes it: SHA-256, base64, in ``X-Hmac-Signature``."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    async def __call__(self, headers: Mapping[str, str], body: bytes) -> bool:
        right = b64encode(hmac.digest(self._key, body, sha256))
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
            return Signature(settings.hmac_key.get_secret_value())
        if isinstance(settings, AndroidManagementSettings) and settings.push and settings.push.audience:
            asked: ApiSourceSettings = settings

            def wire() -> Wire:
                return HttpsWire(_TIMEOUT, _KEY_BYTES, asked.ca, asked.proxy)

            return GoogleToken(settings.push, wire, self._now)
        return None
