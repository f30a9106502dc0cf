"""Whether a database is whole: what a disk, a copy of a file or a hand may have broken."""

from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.database import Database

PATIENCE = 3600.0
"""Seconds: all of a large file is read."""
MOST = 20
"""Faults that are told; where there are more, so many say enough."""


async def faults(database: Database) -> list[str]:
    """What is broken, in words. Raises ``StoreUnavailableError`` where the database cannot even say."""
    async with database.reading(PATIENCE) as connection:
        if connection.dialect.name != "sqlite":
            return []  # the server sees to its files and to what points where
        return [*await _of_file(connection), *await _of_references(connection)]


async def _of_file(connection: AsyncConnection) -> list[str]:
    found = (await connection.exec_driver_sql(f"PRAGMA integrity_check({MOST})")).scalars().all()
    return [] if found == ["ok"] else [str(each) for each in found]


async def _of_references(connection: AsyncConnection) -> list[str]:
    rows = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).mappings().fetchmany(MOST)
    return [f"a row of {row['table']} belongs to one of {row['parent']} that is not there" for row in rows]
