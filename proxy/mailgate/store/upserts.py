"""SQL statements that several files share."""

from sqlalchemy import Table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.schema import device_changes


def upsert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT to which the caller adds ``on_conflict_do_update``. SQLAlchemy has one for each database, with the same
    syntax."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table)


async def count_up(connection: AsyncConnection, counter: Table) -> int:
    """Increase a counter of changes and return it. Other transactions that increase it wait for the end of this one."""
    counted = update(counter).values(number=counter.c.number + 1).returning(counter.c.number)
    return int((await connection.execute(counted)).scalar_one())


async def count_change(connection: AsyncConnection) -> int:
    """Increase the number of changes to devices and return it."""
    return await count_up(connection, device_changes)
