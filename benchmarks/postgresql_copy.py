"""A filled store on SQLite, copied into an empty PostgreSQL database: by COPY, table after table."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg

from mailgate.store import Store
from mailgate.store.schema import metadata

_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
"""The indexes that are made once all rows are copied, which takes a fraction of the time."""

Watch = Callable[[str, int, int], None]


async def copy_to(path: Path, url: str, watch: Watch = lambda *_: None) -> None:
    """Copy all rows. Truth values and times on SQLite are valid in PostgreSQL too, as text."""
    store = await Store.open(url)  # this makes the tables
    await store.close()
    with sqlite3.connect(path) as source, psycopg.connect(url, autocommit=True) as target:
        target.execute("SET session_replication_role = replica; SET TimeZone = 'UTC'")
        indexes = target.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            target.execute(f'DROP INDEX "{name}"')
        tables = [*metadata.tables.values()]
        for number, table in enumerate(tables, 1):
            # the log cannot be emptied, even on a replica
            target.execute(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
            target.execute(f"DELETE FROM {table.name}")
            names = ", ".join(f'"{column.name}"' for column in table.c)
            with target.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in source.execute(f"SELECT {names} FROM {table.name}"):
                    copy.write_row(row)
            target.execute(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")
            watch("copying into PostgreSQL", number, len(tables))
        for _, made in indexes:
            target.execute(made)
        target.execute("VACUUM ANALYZE")
    source.close()
