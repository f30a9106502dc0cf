"""The steps of a database for a query: the indexes it uses, and the tables it has to scan."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import event

from mailgate.store import Store
from mailgate.store.personal_data import PERSONAL

FEW = {"reliefs", "shut_enrolments"}
"""Tables of people in which admins write every row, one at a time."""
LARGE = {"audit", *(table.name for table in PERSONAL)} - FEW
"""Tables that grow with the company."""


async def steps_of(store: Store, find: Callable[[Store], Awaitable[object]]) -> str:
    """The query plan of the database in its own words, with parameters as always.

    PostgreSQL scans small tables in any case. It is told not to, and then does so only if no index can be used.
    """
    asked = list[tuple[str, Any]]()

    def note(_connection: Any, _cursor: Any, query: str, values: Any, *_: Any) -> None:
        asked.append((query, values))

    engine = store._database._engine.sync_engine
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    if engine.dialect.name == "sqlite":
        await store._database._driver.close()  # what it asked before is not looked at
        connection = await store._database._driver._open()
        await connection.set_trace_callback(lambda query: asked.append((query, ())))
    event.listen(engine, "before_cursor_execute", note)
    await find(store)
    event.remove(engine, "before_cursor_execute", note)
    steps = []
    async with store._database.reading() as connection:
        if engine.dialect.name == "postgresql":
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for query, values in asked:
            if query.lstrip().upper().startswith(("SELECT", "WITH", "DELETE", "UPDATE")):
                steps += (await connection.exec_driver_sql(f"{explain} {query}", values)).all()
    return str(steps)


def scanned(steps: str) -> list[str]:
    """The large tables that are scanned without an index."""
    found = re.findall(r"SCAN (\w+)(?! USING)\b|Seq Scan on (\w+)", steps)
    return [table for names in found for table in names if table in LARGE]


def goes_by(index: str, steps: str) -> bool:
    """Whether this index is used. The choice of PostgreSQL among several depends on statistics, which such a small
    store does not have."""
    return index in steps or ("(cost=" in steps and "Index" in steps)
