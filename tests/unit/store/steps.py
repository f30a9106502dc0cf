"""How SQLite goes about a question: by which indexes, and where it has to go through a whole table."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event

from mailgate.store import Store

LARGE = (
    "audit",
    "clients",
    "device_names",
    "device_rows",
    "devices",
    "enrolled_keys",
    "plan_movers",
    "reports",
    "sightings",
)
"""Tables that grow with the company."""


async def steps_of(store: Store, find: Callable[[Store], Awaitable[object]]) -> str:
    """How SQLite goes about what is asked of it, in its own words: with values apart from the query, as always."""
    asked = list[tuple[str, Any]]()

    def note(_connection: Any, _cursor: Any, query: str, values: Any, *_: Any) -> None:
        asked.append((query, values))

    engine = store._database._engine.sync_engine
    if engine.dialect.name != "sqlite":
        pytest.skip(
            "how PostgreSQL goes about it hangs on its statistics, which so small a store has none of"
        )
    connection = await store._database._line._open()
    await connection.set_trace_callback(lambda query: asked.append((query, ())))
    event.listen(engine, "before_cursor_execute", note)
    await find(store)
    event.remove(engine, "before_cursor_execute", note)
    steps = []
    async with store._database.reading() as connection:
        for query, values in asked:
            steps += (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)).all()
    return str(steps)


def scanned(steps: str) -> list[str]:
    """The large tables that are gone through without an index."""
    found = re.findall(r"SCAN (\w+)(?! USING)\b", steps)
    return [table for table in found if table in LARGE]
