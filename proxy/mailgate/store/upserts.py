"""Statements that several nouns share."""

from sqlalchemy import Table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.schema import device_changes


def upsert(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT, which SQLAlchemy keeps in two places although both databases spell it alike, to which the caller adds ``on_conflict_do_update``."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table)


async def count_up(connection: AsyncConnection, counter: Table) -> int:
    """The number of the change that this transaction makes; whoever else makes one waits for its end."""
    counted = update(counter).values(number=counter.c.number + 1).returning(counter.c.number)
    return int((await connection.execute(counted)).scalar_one())


async def count_change(connection: AsyncConnection) -> int:
    """The number of the change that this transaction makes to devices."""
    return await count_up(connection, device_changes)
