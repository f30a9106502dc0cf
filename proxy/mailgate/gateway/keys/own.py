"""The gate as an issuer: keys that all gates on one store share, which sign what it hands to enrolled devices."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from mailgate.attest import KeySet, mint, parse_jwks
from mailgate.attest.jose import Key as SigningKey
from mailgate.attest.nonces import Nonces
from mailgate.attest.passport import OWN_LIFETIME
from mailgate.store import Key, StoreError

log = structlog.get_logger()

SIGNING, NONCE = "attest-signing", "dpop-nonce"
"""Purposes of keys in the store."""
SETTLING = OWN_LIFETIME
"""A new key is used only after this time: by then every gate has it, and whoever reads the published keys."""
SIGNING_AGE, NONCE_AGE = timedelta(days=7), timedelta(days=1)
"""A key is renewed after this time. The one before stays until the next renewal, long after its last token ended."""
PAUSE = timedelta(seconds=1)
"""At most once within this time is the store asked for a key that is missing."""


class Keys(Protocol):
    """Where the gates of one store share secrets (``store/keys.py``)."""

    async def current(self, purpose: str, now: datetime, renew_after: timedelta) -> tuple[Key, ...]: ...


class OwnKeys:
    """The source of the gate's own keys. ``renew`` reads them; keep ``run`` going to see new ones in time."""

    def __init__(self, keys: Keys, nonces: Nonces, clock: Callable[[], datetime]) -> None:
        self._store = keys
        self._nonces = nonces
        self._clock = clock
        self._made: Sequence[tuple[datetime, SigningKey]] = ()
        self._keys = KeySet({})
        self._pressed: datetime | None = None

    def keys(self) -> KeySet:
        return self._keys

    def jwks(self) -> str:
        """What is published (RFC 7517): also the key that will sign next."""
        return mint.jwks(*(key for _, key in self._made))

    def signing_key(self) -> SigningKey:
        """The newest key that every gate has by now."""
        settled = (key for made_at, key in self._made if made_at <= self._clock() - SETTLING)
        return next(settled, self._made[-1][1])

    async def press(self) -> bool:
        """Read the store because a key is missing: another gate may have made one."""
        now = self._clock()
        if self._pressed is not None and abs(now - self._pressed) < PAUSE:
            return False
        self._pressed = now
        try:
            await self.renew()
        except StoreError:
            return False
        return True

    async def renew(self) -> None:
        """Read the keys, making new ones where it is time. Raises StoreError."""
        now = self._clock()
        signing = await self._store.current(SIGNING, now, SIGNING_AGE)
        self._nonces.keys = await self._store.current(NONCE, now, NONCE_AGE)
        self._made = [(key.made_at, _signing_key(key)) for key in signing]
        self._keys = self._keys.renewed(parse_jwks(self.jwks()))

    async def run(self, interval: float = 5.0) -> None:
        """Read the keys again and again, until cancelled. A store that is away changes nothing."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.renew()
            except StoreError as error:
                log.debug("own-keys-not-read", error=type(error).__name__)


def _signing_key(key: Key) -> SigningKey:
    """A P-256 key out of the shared secret, named by what it is, so that two gates never name two keys alike."""
    made = mint.make_key(key.secret, "")
    return mint.make_key(key.secret, f"gate-{made.thumbprint()[:16]}")
