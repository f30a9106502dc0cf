"""A store with a row in every table, with values that two database systems might keep differently."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    create_engine,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.pool import NullPool

from mailgate.store.database import connecting, prepare, writes
from mailgate.store.migrate import migrate, store_url
from mailgate.store.schema import Instant, audit, audit_head, metadata

_VALUES: tuple[tuple[type, Any], ...] = (
    (Instant, datetime(2026, 12, 1, 12, 0, 0, 123456, UTC)),
    (Boolean, True),
    (BigInteger, 2**40),
    (Integer, 1),
    (Float, 1764590400.25),
    (LargeBinary, b"\x00\xff"),
    (Date, date(2026, 12, 1)),
)


def fill(url: str) -> None:
    """Make the store and put a row into each of its tables."""
    address = store_url(url)
    migrate(address)
    engine = create_engine(address, poolclass=NullPool, connect_args=connecting(address))
    prepare(engine)
    with writes(engine).begin() as connection:
        for table in metadata.sorted_tables:
            row = {column.name: _value(column) for column in table.columns}
            if table is audit_head:
                connection.execute(update(table).values(number=1, digest=row["digest"]))
                continue
            if table is not audit:
                connection.execute(delete(table))
            connection.execute(insert(table), [row])
    engine.dispose()


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a store, by table."""
    address = store_url(url)
    engine = create_engine(address, poolclass=NullPool, connect_args=connecting(address))
    with engine.connect() as connection:
        found = {table.name: _all(connection, table) for table in metadata.sorted_tables}
    engine.dispose()
    return found


def _all(connection: Connection, table: Any) -> list[tuple[Any, ...]]:
    query = select(table).order_by(*table.primary_key.columns)
    return [tuple(row) for row in connection.execute(query)]


def _value(column: Column[Any]) -> Any:
    return next((value for kind, value in _VALUES if isinstance(column.type, kind)), "naïve 日本 \\x00 '")
