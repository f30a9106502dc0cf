"""The current keys of every trusted issuer: from files, from the network or from the store, and the gate's own keys there, which sign the tokens that it gives to enrolled devices."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mailgate.attest import mint
from mailgate.attest.jose import Key as SigningKey
from mailgate.attest.keys import OF_LOGINS, KeySet, parse_jwks
from mailgate.attest.passport import OWN_LIFETIME
from mailgate.attest.sealing import Nonces
from mailgate.gateway.remote_keys import RemoteKeys
from mailgate.store import SharedKey, StoreError
from mailgate.store.enrolments import Enrolments
from mailgate.store.gates import SharedKeys
from mailgate.tasks import end_all

NO_KEYS = KeySet({})
_OVERLAP = timedelta(minutes=10)
"""How far back a poll goes, since the clocks of the machines that revoke keys differ."""


class Revocations(set[str]):
    """The thumbprints of revoked keys. The set only grows, since a revoked key stays revoked, and while the store cannot be reached
    the known ones are used."""

    def __init__(self, enrolments: Enrolments, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._enrolments = enrolments
        self._clock = clock
        self._whole_in: datetime | None = None
        """The minute in which all of them were read, as they are in each minute, whatever the clocks say."""

    async def poll(self) -> None:
        """Learn what was revoked since the last poll. Raises StoreError."""
        now = self._clock()
        minute = now.replace(second=0, microsecond=0)
        whole = minute != self._whole_in
        self.update(await self._enrolments.revoked(None if whole else now - _OVERLAP))
        self._whole_in = minute


class KeySource(Protocol):
    """The keys of one issuer."""

    def keys(self) -> KeySet: ...

    async def look_for_missing_key(self) -> bool:
        """Look again because a key is missing. Returns False if nothing new can be found now."""
        ...


class FileKeys:
    """Keys from a file. A reload reads them again."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    def keys(self) -> KeySet:
        return self._keys

    async def look_for_missing_key(self) -> bool:
        return False


class Keyring(Mapping[str, KeySet]):
    """The keys by issuer, for a verifier, and beside them those of logins, which are no issuer's. ``close`` ends every task."""

    def __init__(self) -> None:
        self._sources: Mapping[str, KeySource] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __getitem__(self, issuer: str) -> KeySet:
        if issuer not in self:
            raise KeyError(issuer)
        return self._sources[issuer].keys()

    def __iter__(self) -> Iterator[str]:
        return (each for each in self._sources if each in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, issuer: object) -> bool:
        # Mapping's own method would read the keys
        return issuer in self._sources and not str(issuer).startswith(OF_LOGINS)

    def of_logins(self, source: str) -> KeySet:
        """The keys of logins under this name; none if there is no such source."""
        found = self._sources.get(source)
        return found.keys() if found else NO_KEYS

    async def look_for_missing_key(self, issuer: str) -> bool:
        source = self._sources.get(issuer)
        return source is not None and await source.look_for_missing_key()

    def remote(self) -> list[RemoteKeys]:
        return [source for source in self._sources.values() if isinstance(source, RemoteKeys)]

    def replace(self, sources: Mapping[str, KeySource]) -> None:
        """Use these sources from now on. A source that is already used stays; a new one is asked at once."""
        before, self._sources = self._sources, sources
        for issuer, task in list(self._tasks.items()):
            if sources.get(issuer) is not before.get(issuer):
                task.cancel()
                del self._tasks[issuer]
        for source in self.remote():
            if source.issuer not in self._tasks:
                self._tasks[source.issuer] = asyncio.get_running_loop().create_task(source.run())

    async def close(self) -> None:
        await end_all(self._tasks.values())


SIGNING, NONCE = "attest-signing", "dpop-nonce"
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
