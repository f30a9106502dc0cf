"""The keyring: the current keys of every trusted issuer, from files, from the network or from the store."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from mailgate.attest import KeySet
from mailgate.gateway.keys.remote import RemoteKeys
from mailgate.store.enrolments import Enrolments
from mailgate.tasks import end_all

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
