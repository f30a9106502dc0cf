"""Writes many rows by one statement. On SQLite a statement for each row costs next to nothing, but on PostgreSQL these
statements would take most of the time of an import. The other SQL statements that several files share are here too, such as pages of a
list with the newest rows first.

On PostgreSQL all rows are one JSON parameter, which the server splits. That is less work here than an array for each
column, and errors are raised as for other statements.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Dialect,
    Select,
    Table,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    cast,
    column,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.store.schema import device_changes

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def upsert(connection: AsyncConnection, table: Table) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT to which the caller adds ``on_conflict_do_update``, which SQLAlchemy has for each database."""
    if not _takes_json(connection):
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


async def count_up(connection: AsyncConnection, counter: Table) -> int:
    """Increase a counter of changes and return it. Other transactions that increase it wait for the end of this one."""
    counted = update(counter).values(number=counter.c.number + 1).returning(counter.c.number)
    return int((await connection.execute(counted)).scalar_one())


async def count_change(connection: AsyncConnection) -> int:
    return await count_up(connection, device_changes)


Rows = Sequence[Mapping[str, Any]]
"""Rows with the same columns."""


def among(
    connection: AsyncConnection, column: ColumnElement[Any], values: Sequence[Any]
) -> ColumnElement[bool]:
    """Whether a column has one of these values. For PostgreSQL they are one parameter instead of thousands."""
    if _takes_json(connection):
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(values)


async def insert_rows(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    if rows:
        await upsert_rows(connection, upsert(connection, table), table, rows)


async def put_rows(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    """Insert these rows in place of those with the same primary keys. No two of them may have the same key."""
    if not rows:
        return
    statement, key = upsert(connection, table), [column.name for column in table.primary_key]
    again = {name: statement.excluded[name] for name in rows[0] if name not in key}
    await upsert_rows(
        connection, statement.on_conflict_do_update(index_elements=key, set_=again), table, rows
    )


async def upsert_rows(
    connection: AsyncConnection, statement: "sqlite.Insert | postgresql.Insert", table: Table, rows: Rows
) -> None:
    """Insert these rows by a statement that also says what to do with rows that exist. No two rows may have the same key."""
    if not _takes_json(connection):
        await connection.execute(statement, rows)
        return
    told = _told(table, rows)
    filled = statement.from_select([each.name for each in told.c], select(*told.c))
    await connection.execute(filled, {"told": _json(connection, table, rows)})


async def delete_rows(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    """Delete the rows that have the values of these in their columns."""
    if not rows:
        return
    if not _takes_json(connection):
        alike = (table.c[name] == bindparam(name) for name in rows[0])
        await connection.execute(delete(table).where(*alike), rows)
        return
    told = _told(table, rows)
    alike = (table.c[name] == told.c[name] for name in rows[0])
    await connection.execute(delete(table).where(*alike), {"told": _json(connection, table, rows)})


def _takes_json(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "postgresql"


def _told(table: Table, rows: Rows) -> TableValuedAlias:
    """The rows as PostgreSQL reads them out of its one parameter."""
    columns = (column(name, table.c[name].type) for name in sorted(rows[0]))
    read = func.json_to_recordset(cast(bindparam("told", type_=Text), JSON))
    return read.table_valued(*columns, name="told").render_derived(with_types=True)


def _json(connection: AsyncConnection, table: Table, rows: Rows) -> str:
    encode = _encoder(table, tuple(rows[0]), connection.dialect)
    return json.dumps([encode(row) for row in rows], default=str)


@lru_cache
def _encoder(table: Table, names: tuple[str, ...], dialect: Dialect) -> Any:
    found = ((name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names)
    processors = [(name, process) for name, process in found if process is not None]

    def encode(row: Mapping[str, Any]) -> dict[str, Any]:
        return {**row, **{name: process(row[name]) for name, process in processors}}

    return encode


class Order(NamedTuple):
    """The order of a list by a column, and by the numbers of the rows, which may be that column, where it has the same value."""

    lead: ColumnElement[Any]
    number: ColumnElement[int]
    descending: bool

    def sort(self, query: Select[Any]) -> Select[Any]:
        columns = [self.lead] if self.lead is self.number else [self.lead, self.number]
        return query.order_by(*(each.desc() if self.descending else each for each in columns))

    def behind(self, value: Any, number: int) -> ColumnElement[bool]:
        """That a row comes after the one with this value and number."""
        row, place = tuple_(self.lead, self.number), (value, number)
        return row < place if self.descending else row > place


Row = TypeVar("Row")
Place = TypeVar("Place")


class RowPage(NamedTuple, Generic[Row, Place]):
    """Some rows in order, and the place after which the next page begins; None if there are no more."""

    rows: Sequence[Row]
    after: Place | None


class RowPosition(NamedTuple):
    """The place of a row: its time, and its name, which orders rows of the same time. It is no count of rows, so new and deleted
    rows do not move it, and an index finds it."""

    at: datetime
    name: str


class Newest(NamedTuple):
    """The order of a list, by the columns of its times and names."""

    at: ColumnElement[Any]
    name: ColumnElement[Any]

    @property
    def order(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.at.desc(), self.name

    def behind(self, place: RowPosition | None) -> list[ColumnElement[bool]]:
        """Conditions for the rows after a place; none without a place. The database then starts there in an index by time."""
        at, name = self
        return [at <= place.at, or_(at < place.at, name > place.name)] if place else []

    def up_to(self, place: RowPosition | None) -> list[ColumnElement[bool]]:
        """Conditions for the rows up to and including a place; none without a place."""
        at, name = self
        return [at >= place.at, or_(at > place.at, name <= place.name)] if place else []
