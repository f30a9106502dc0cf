"""Proofs that were accepted as new at one gate, so that none accepts them again (``gateway/evaluate/proving.py``)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store import gates
from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Database
from mailgate.store.errors import StoreError, StoreUnavailableError
from mailgate.store.schema import spent_proofs

_MOST_WAITING = 10_000

_BATCH = 500
_SPENDING_SECONDS = 2.0
_RETRY_AFTER = timedelta(seconds=1)
"""How long a store that did not answer is not asked again, so that not every request waits for it."""

_CLOCKS_DIFFER = timedelta(minutes=2)
"""Proofs are kept for this much longer, since another gate's clock may be behind."""

_Waiting = dict[bytes, tuple[datetime, asyncio.Future[bool]]]


class SpentProofs:
    """Queries on spent proofs. Proofs that come at the same time share one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: _Waiting = {}
        self._writer: asyncio.Task[None] | None = None
        self._silent_at: datetime | None = None

    async def spend(self, ticket: bytes, until: datetime, now: datetime) -> bool:
        """Mark a proof as spent, unless a gate has done so before. Returns whether it was new, in one step. Raises
        ``StoreUnavailableError`` if that is unknown; the proof may be marked or not."""
        if self._silent_at is not None and abs(now - self._silent_at) < _RETRY_AFTER:
            raise StoreUnavailableError("the store did not answer just now")
        if ticket in self._waiting:
            return False
        if len(self._waiting) >= _MOST_WAITING:
            raise StoreUnavailableError("the store does not keep up")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        self._waiting[ticket] = until, answer
        if self._writer is None:
            self._writer = loop.create_task(self._write(now))
        return await answer

    async def prune(self, now: datetime) -> int:
        """Delete proofs that would be too old anyway, also by the database's clock: otherwise a gate whose clock is ahead would
        let others accept them again. Returns how many rows were deleted."""
        async with self._database.writing() as connection:
            old = spent_proofs.c.until < await gates.earliest_now(connection, now) - _CLOCKS_DIFFER
            return (await connection.execute(delete(spent_proofs).where(old))).rowcount

    async def close(self) -> None:
        if self._writer is not None:
            await asyncio.wait({self._writer})

    async def _write(self, now: datetime) -> None:
        try:
            while self._waiting:
                batch = {ticket: self._waiting[ticket] for ticket in list(self._waiting)[:_BATCH]}
                await self._write_batch(batch, now)
                for ticket in batch:
                    del self._waiting[ticket]
        finally:
            self._writer = None
            self._give_up(self._waiting)
            self._waiting = {}

    async def _write_batch(self, batch: _Waiting, now: datetime) -> None:
        try:
            async with (
                asyncio.timeout(_SPENDING_SECONDS + 0.5),
                self._database.writing(_SPENDING_SECONDS) as connection,
            ):
                new = await _insert(connection, {ticket: until for ticket, (until, _) in batch.items()})
        except (StoreError, TimeoutError):
            self._silent_at = now
            self._give_up(batch)
            return
        self._silent_at = None
        for ticket, (_, answer) in batch.items():
            if not answer.done():
                answer.set_result(ticket in new)

    def _give_up(self, batch: _Waiting) -> None:
        for _, answer in batch.values():
            if not answer.done():
                answer.set_exception(StoreUnavailableError("the store does not answer"))


async def _insert(connection: AsyncConnection, tickets: Mapping[bytes, datetime]) -> set[bytes]:
    """Insert tickets, and return those that were new. They are sorted, so that two writers never wait for each other."""
    rows = [{"ticket": ticket, "until": tickets[ticket]} for ticket in sorted(tickets)]
    statement = upsert(connection, spent_proofs).on_conflict_do_nothing().returning(spent_proofs.c.ticket)
    return {bytes(ticket) for ticket in (await connection.execute(statement, rows)).scalars()}
