"""The gate's own keys, which all gates on one store share. They sign the tokens that the gate gives to enrolled devices."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from mailgate.attest import KeySet, mint, parse_jwks
from mailgate.attest.jose import Key as SigningKey
from mailgate.attest.nonces import Nonces
from mailgate.attest.passport import OWN_LIFETIME
from mailgate.store import SharedKey, StoreError
from mailgate.store.keys import SharedKeys

SIGNING, NONCE = "attest-signing", "dpop-nonce"
"""Purposes of keys in the store."""
SETTLING = OWN_LIFETIME
"""A new key is used only after this time. By then every gate has it, and so have the readers of the published keys."""
SIGNING_AGE, NONCE_AGE = timedelta(days=7), timedelta(days=1)
"""A key is renewed after this time. The key before it stays until the next renewal, long after its last token has ended."""
CHECK_INTERVAL = timedelta(seconds=1)
"""The store is asked for a missing key at most once within this time."""


class OwnKeys:
    """The source of the gate's own keys. ``renew`` has to be called each minute, so that new keys are seen in time."""

    def __init__(self, keys: SharedKeys, nonces: Nonces, clock: Callable[[], datetime]) -> None:
        self._store = keys
        self._nonces = nonces
        self._clock = clock
        self._made: Sequence[tuple[datetime, SigningKey]] = ()
        self._keys = KeySet({})
        self._pressed: datetime | None = None

    def keys(self) -> KeySet:
        return self._keys

    def jwks(self) -> str:
        """The published JWKS (RFC 7517). It also has the key that will sign next."""
        return mint.jwks(*(key for _, key in self._made))

    def signing_key(self) -> SigningKey:
        """The newest key that every gate has by now."""
        settled = (key for made_at, key in self._made if made_at <= self._clock() - SETTLING)
        return next(settled, self._made[-1][1])

    async def look_for_missing_key(self) -> bool:
        """Read the store because a key is missing. Another gate may have made it."""
        now = self._clock()
        if self._pressed is not None and abs(now - self._pressed) < CHECK_INTERVAL:
            return False
        self._pressed = now
        try:
            await self.renew()
        except StoreError:
            return False
        return True

    async def renew(self) -> None:
        """Read the keys, and make new ones if it is time. Raises StoreError, and then those that are known stay."""
        now = self._clock()
        signing = await self._store.current(SIGNING, now, SIGNING_AGE)
        self._nonces.keys = await self._store.current(NONCE, now, NONCE_AGE)
        self._made = [(key.made_at, _signing_key(key)) for key in signing]
        self._keys = self._keys.renewed(parse_jwks(self.jwks()))


def _signing_key(key: SharedKey) -> SigningKey:
    """Derive a P-256 key from the shared secret. It is named by its own thumbprint, so that no two keys have the same name."""
    made = mint.make_key(key.secret)
    return mint.make_key(key.secret, f"gate-{made.thumbprint()[:16]}")
