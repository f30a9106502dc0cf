"""The one statement that SQLite and PostgreSQL spell alike but SQLAlchemy keeps in two places."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def upsert(
    connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]
) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of ``rows`` to which the caller adds ``on_conflict_do_update``."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert(table).values(list(rows))
