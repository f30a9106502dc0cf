"""The secrets with which the gate seals values that it gives out. All gates on this store share them, also after a
restart."""

import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Queries
from mailgate.store.schema import keys

_KEPT = 2
_BYTES = 32


class SharedKey(NamedTuple):
    """One secret. ``number`` counts up with each new secret for the same purpose."""

    number: int
    secret: bytes
    made_at: datetime

    def __repr__(self) -> str:
        return f"Key(number={self.number})"


class SharedKeys(Queries):
    """Queries on keys."""

    async def current(self, purpose: str, now: datetime, renew_after: timedelta) -> tuple[SharedKey, ...]:
        """The two newest keys, newest first. A new key is made if there is none or the newest is older than ``renew_after``.

        Gates that do this at the same moment end up with the same keys.
        """
        async with self._database.writing() as connection:
            found = await _newest(connection, purpose)
            if found and now - found[0].made_at < renew_after:
                return found
            await _make(connection, purpose, found[0].number + 1 if found else 1, now)
            return await _newest(connection, purpose)

    async def known(self, purpose: str) -> tuple[SharedKey, ...]:
        """The keys as ``current`` has last left them, for whoever only looks; empty if there are none."""
        async with self._database.reading() as connection:
            return await _newest(connection, purpose)

    async def drop(self) -> int:
        """Delete every key, so that new ones are made. Returns how many there were."""
        return await self._change(delete(keys))


async def _newest(connection: AsyncConnection, purpose: str) -> tuple[SharedKey, ...]:
    query = select(keys.c.number, keys.c.secret, keys.c.made_at).where(keys.c.purpose == purpose)
    rows = await connection.execute(query.order_by(keys.c.number.desc()).limit(_KEPT))
    return tuple(SharedKey(*row) for row in rows)


async def _make(connection: AsyncConnection, purpose: str, number: int, now: datetime) -> None:
    row = {"purpose": purpose, "number": number, "secret": secrets.token_bytes(_BYTES), "made_at": now}
    await connection.execute(upsert(connection, keys).values(row).on_conflict_do_nothing())
    old = keys.c.number <= number - _KEPT
    await connection.execute(delete(keys).where(keys.c.purpose == purpose, old))
