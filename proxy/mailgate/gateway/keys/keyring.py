"""The keyring: the current keys of every trusted issuer, from files, from the network or from the store."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Protocol

from mailgate.attest import KeySet
from mailgate.gateway.keys.remote import RemoteKeys
from mailgate.tasks import end_all


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
