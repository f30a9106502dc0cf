"""The current keys of every trusted issuer: from files, from the network or from the store, and the gate's own keys there, which sign the tokens that it gives to enrolled devices."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from mailgate.attest import KeySet, mint, parse_jwks
from mailgate.attest.jose import Key as SigningKey
from mailgate.attest.passport import OWN_LIFETIME
from mailgate.attest.sealing import Nonces
from mailgate.gateway.keys.remote import RemoteKeys
from mailgate.store import SharedKey, StoreError
from mailgate.store.enrolments import Enrolments
from mailgate.store.keys import SharedKeys
from mailgate.tasks import end_all

log = structlog.get_logger()

POLL_SECONDS = 0.5
"""The pause between two looks in seconds."""
_OVERLAP = timedelta(minutes=10)
"""How far back a poll goes, since the clocks of the machines that revoke keys differ."""
_FULL_READ_EVERY = timedelta(minutes=1)
"""How often all revocations are read, whatever the clocks say."""


class Revocations(set[str]):
    """The thumbprints of revoked keys. The set only grows, since a revoked key stays revoked."""

    def __init__(self, enrolments: Enrolments, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._enrolments = enrolments
        self._clock = clock
        self._whole_at: datetime | None = None

    async def poll(self) -> None:
        """Learn what was revoked since the last poll. Raises StoreError."""
        now = self._clock()
        whole = self._whole_at is None or abs(now - self._whole_at) >= _FULL_READ_EVERY
        self.update(await self._enrolments.revoked(None if whole else now - _OVERLAP))
        if whole:
            self._whole_at = now

    async def run(self) -> None:
        """Poll regularly, until cancelled. While the store cannot be reached, the known revocations are used."""
        away = False
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.poll()
                away = False
            except StoreError as error:
                if not away:
                    log.warning("revocations-not-read", error=type(error).__name__)
                away = True


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
    """The keys by issuer, for a verifier. ``replace`` changes the issuers; ``close`` ends every task."""

    def __init__(self) -> None:
        self._sources: Mapping[str, KeySource] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __getitem__(self, issuer: str) -> KeySet:
        return self._sources[issuer].keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def __contains__(self, issuer: object) -> bool:
        return issuer in self._sources  # Mapping's own method would read the keys

    async def look_for_missing_key(self, issuer: str) -> bool:
        """Look again for a missing key of ``issuer``. Returns False if nothing new can be found now."""
        source = self._sources.get(issuer)
        return source is not None and await source.look_for_missing_key()

    def remote(self) -> list[RemoteKeys]:
        """The sources that are asked over the network."""
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
"""Purposes of keys in the store."""
SETTLING = OWN_LIFETIME
"""A new key is used only after this time. By then every gate has it, and so have the readers of the published keys."""
SIGNING_AGE, NONCE_AGE = timedelta(days=7), timedelta(days=1)
"""A key is renewed after this time. The key before it stays until the next renewal, long after its last token has ended."""
CHECK_INTERVAL = timedelta(seconds=1)
"""The store is asked for a missing key at most once within this time."""


class OwnKeys:
    """The source of the gate's own keys. ``renew`` reads them. ``run`` has to run as a task, so that new keys are seen in
    time."""

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
        """Read the keys, and make new ones if it is time. Raises StoreError."""
        now = self._clock()
        signing = await self._store.current(SIGNING, now, SIGNING_AGE)
        self._nonces.keys = await self._store.current(NONCE, now, NONCE_AGE)
        self._made = [(key.made_at, _signing_key(key)) for key in signing]
        self._keys = self._keys.renewed(parse_jwks(self.jwks()))

    async def run(self, interval: float = 5.0) -> None:
        """Read the keys regularly, until cancelled. A store that cannot be reached changes nothing."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.renew()
            except StoreError as error:
                log.debug("own-keys-not-read", error=type(error).__name__)


def _signing_key(key: SharedKey) -> SigningKey:
    """Derive a P-256 key from the shared secret. It is named by its own thumbprint, so that no two keys have the same name."""
    made = mint.make_key(key.secret)
    return mint.make_key(key.secret, f"gate-{made.thumbprint()[:16]}")
