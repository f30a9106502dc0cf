"""Checks whether a database is intact. A disk, a copy or a person may have damaged it."""

from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.database import Database

CHECK_TIMEOUT_SECONDS = 3600.0
"""How many seconds the check may take, since it reads all of a large file."""
MAX_FAULTS = 20
"""The most faults that are listed."""


async def faults(database: Database) -> list[str]:
    """List the faults in words. Raises ``StoreUnavailableError`` if the database cannot even answer."""
    async with database.reading(CHECK_TIMEOUT_SECONDS) as connection:
        if connection.dialect.name != "sqlite":
            return []  # the server checks its own files and references
        return [*await _of_file(connection), *await _of_references(connection)]


async def _of_file(connection: AsyncConnection) -> list[str]:
    found = (await connection.exec_driver_sql(f"PRAGMA integrity_check({MAX_FAULTS})")).scalars().all()
    return [] if found == ["ok"] else [str(each) for each in found]


async def _of_references(connection: AsyncConnection) -> list[str]:
    rows = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).mappings().fetchmany(MAX_FAULTS)
    return [f"a row of {row['table']} belongs to one of {row['parent']} that is not there" for row in rows]
