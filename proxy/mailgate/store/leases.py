"""Leases: a gate takes one for a task that only one gate may do at a time. They expire by the database's clock."""

from datetime import timedelta

from sqlalchemy import delete, or_

from mailgate.store.clock import seconds_now
from mailgate.store.database import Database
from mailgate.store.schema import leases
from mailgate.store.upserts import upsert


class Leases:
    """Queries on leases. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, name: str, holder: str, span: timedelta) -> bool:
        """Take a free lease, or renew one's own, for ``span`` from now. Returns False if another gate holds it."""
        async with self._database.writing() as connection:
            now = seconds_now(connection)
            until = now + span.total_seconds()
            statement = upsert(connection, leases).values(name=name, holder=holder, until=until)
            mine_or_over = or_(leases.c.holder == holder, leases.c.until < now)
            statement = statement.on_conflict_do_update(
                index_elements=["name"], set_={"holder": holder, "until": until}, where=mine_or_over
            )
            taken = await connection.execute(statement.returning(leases.c.holder))
            return taken.first() is not None

    async def release(self, name: str, holder: str) -> None:
        """Give back one's own lease before it expires."""
        mine = (leases.c.name == name, leases.c.holder == holder)
        async with self._database.writing() as connection:
            await connection.execute(delete(leases).where(*mine))
