"""Counts by day how many people and devices had each listed app, and how many of them were kept out. No names are
stored."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import and_, delete, func, select

from mailgate.store.bulk_rows import upsert_rows
from mailgate.store.database import Database
from mailgate.store.schema import app_counts, device_rows
from mailgate.store.upserts import upsert

KEPT = timedelta(days=100)
_COLUMNS = app_counts.c
_ROWS = device_rows.c


class AppDay(NamedTuple):
    """One app on one UTC day."""

    day: date
    app: str
    people: int
    devices: int
    kept_out_people: int
    kept_out_devices: int
    at: datetime
    """When they were last counted."""


class AppCounts:
    """Queries on counts. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, apps: Iterable[str], now: datetime) -> list[AppDay]:
        """Count the devices that have each of these apps, and those that get no mail because of it, by their rows
        (``device_rows.py``).

        Apps are counted one by one, since there may be a million devices.
        """
        return [await self._count(app, now) for app in apps]

    async def _count(self, app: str, now: datetime) -> AppDay:
        # by the comparison with "" the database uses the index of that column
        has = and_(_ROWS.apps > "", _ROWS.apps.contains(f'"{app}"', autoescape=True))
        kept_out = _ROWS.blocked_by.contains(f'"{app}"', autoescape=True)
        person = func.nullif(_ROWS.person, "")
        query = select(
            func.count(person.distinct()),
            func.count(),
            func.count(person.distinct()).filter(kept_out),
            func.count().filter(kept_out),
        ).where(has)
        async with self._database.reading(timeout_seconds=60) as connection:
            people, devices, out_people, out_devices = (await connection.execute(query)).one()
        return AppDay(now.astimezone(UTC).date(), app, people, devices, out_people, out_devices, now)

    async def keep(self, days: Sequence[AppDay]) -> None:
        """Store these counts, replace earlier ones of the same day and app, and delete old ones."""
        if not days:
            return
        async with self._database.writing() as connection:
            statement = upsert(connection, app_counts)
            again = {name: statement.excluded[name] for name in AppDay._fields[2:]}
            statement = statement.on_conflict_do_update(index_elements=["day", "app"], set_=again)
            await upsert_rows(connection, statement, app_counts, [each._asdict() for each in days])
            await connection.execute(delete(app_counts).where(_COLUMNS.day < max(days).day - KEPT))

    async def since(self, day: date) -> list[AppDay]:
        """All counts from this day on, the oldest first."""
        query = select(app_counts).where(_COLUMNS.day >= day).order_by(_COLUMNS.day, _COLUMNS.app)
        async with self._database.reading(timeout_seconds=10) as connection:
            return [AppDay(*row) for row in await connection.execute(query)]
