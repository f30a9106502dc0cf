"""Notes who asks for mail by a browser of a laptop, beside the sightings of one gate."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cachetools import LRUCache
from sqlalchemy import case, func, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import user_text
from mailgate.model import Kind, Protocol
from mailgate.store.bulk_rows import upsert, upsert_rows
from mailgate.store.schema import laptop_readers
from mailgate.store.sightings import ACCEPTED, ClientFacts, Sighting, Tally

AGAIN_AFTER = timedelta(minutes=5)
"""A gate writes the same reader again after this time, so that people who read all day cost next to nothing."""
_KNOWN = 50_000
"""How many readers a gate remembers for that."""


class LaptopReader(NamedTuple):
    person: str
    os: str
    browser: str
    """The family of the browser, as the user agent names it."""


_TIMES = ("seen_at", "named_at", "bare_at")


class LaptopReaders:
    """Writes who asks for mail by a browser of a laptop beside the sightings of one gate, so that ten thousand browsers are held against
    it without reading millions of those. A request says whose it is only if its device proved itself or a trusted proxy names the
    person; all others are left out, so what is not here is not known."""

    def __init__(self) -> None:
        self._known: LRUCache[tuple[LaptopReader, str], datetime] = LRUCache(_KNOWN)
        self._written: dict[tuple[LaptopReader, str], datetime] = {}

    async def note(self, connection: AsyncConnection, seen: Mapping[Sighting, Tally]) -> None:
        """Store the readers among these sightings, in their transaction."""
        self._written = {each: at for each, at in _last_times(seen).items() if self._is_due(each, at)}
        rows: dict[LaptopReader, dict[str, Any]] = {}
        for (reader, time), at in self._written.items():
            nothing = dict.fromkeys(_TIMES) | {"seen_at": at}
            rows.setdefault(reader, {**reader._asdict(), **nothing})[time] = at
        if rows:
            await _put(connection, [rows[reader] for reader in sorted(rows)])

    def stored(self) -> None:
        """Remember what was written, now that the store has it."""
        self._known.update(self._written)
        self._written = {}

    def _is_due(self, each: tuple[LaptopReader, str], at: datetime) -> bool:
        known = self._known.get(each)
        return known is None or at - known >= AGAIN_AFTER


def _last_times(seen: Mapping[Sighting, Tally]) -> dict[tuple[LaptopReader, str], datetime]:
    last: dict[tuple[LaptopReader, str], datetime] = {}
    for sighting, tally in seen.items():
        client = sighting.client
        for time in _times_of(client) if sighting.user else ():
            key = LaptopReader(user_text(sighting.user), client.os, client.browser), time
            last[key] = max(tally.last, last.get(key, tally.last))
    return last


def _times_of(client: ClientFacts) -> Iterator[str]:
    """The times that a request of this client moves: none, unless it is a browser of a laptop whose person is more than its own word."""
    if client.kind != Kind.LAPTOP or client.protocol != Protocol.WEB or client.proofs is None:
        return
    is_named = client.proofs.named_by == "proxy"
    if is_named or client.proofs.attestation == ACCEPTED:
        yield "seen_at"
    if is_named:
        yield "named_at"
    if is_named and not client.proofs.attestation:
        yield "bare_at"


async def _put(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    statement = upsert(connection, laptop_readers)
    new, old = statement.excluded, laptop_readers.c
    again = {
        time: case(
            (or_(old[time].is_(None), new[time] > old[time]), func.coalesce(new[time], old[time])),
            else_=old[time],
        )
        for time in _TIMES
    }
    statement = statement.on_conflict_do_update(index_elements=list(LaptopReader._fields), set_=again)
    await upsert_rows(connection, statement, laptop_readers, rows)
