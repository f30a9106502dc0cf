"""How many people and devices had each listed app, and how many of these were kept out, day by day. Nobody stands in it."""

from datetime import date, timedelta
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
    """One app on one day."""

    day: date
    app: str
    people: int
    devices: int
    kept_out_people: int
    kept_out_devices: int


class AppCounts:
    """Queries on counts. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, day: date, apps: list[str], out: list[str]) -> list[AppDay]:
        """Count the devices that have each of these apps, by their rows. ``out``: what the rows call those who get no mail."""
        found = list[AppDay]()
        for app in apps:
            has = and_(_ROWS.apps > "", _ROWS.apps.contains(f'"{app}"', autoescape=True))
            kept_out = _ROWS.mail.in_(out)
            person = func.nullif(_ROWS.person, "")
            query = select(
                func.count(person.distinct()),
                func.count(),
                func.count(person.distinct()).filter(kept_out),
                func.count().filter(kept_out),
            ).where(has)
            async with self._database.reading(patience=60) as connection:
                row = (await connection.execute(query)).one()
            found.append(AppDay(day, app, *(int(each) for each in row)))
        return found

    async def keep(self, days: list[AppDay]) -> None:
        """Keep these counts in the place of those of the same day and app."""
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
        async with self._database.reading(patience=10) as connection:
            return [AppDay(*row) for row in await connection.execute(query)]
