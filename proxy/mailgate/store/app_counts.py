"""How many people and devices have each listed app: counted among the rows of devices, and kept for each day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import delete, distinct, func, select

from mailgate.store.database import Database
from mailgate.store.schema import app_counts, device_rows
from mailgate.store.upserts import upsert

_ROWS, _COUNTS = device_rows.c, app_counts.c


@dataclass(frozen=True, slots=True)
class AppCount:
    """How many had an app on one UTC day, when it was counted last."""

    day: date
    app: str
    people: int
    devices: int
    at: datetime


class AppCounts:
    """Queries on these counts. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, apps: Iterable[str], now: datetime) -> list[AppCount]:
        """How many have each of these apps now. An app at a time, since there may be a million devices."""
        return [await self._count(app, now) for app in apps]

    async def _count(self, app: str, now: datetime) -> AppCount:
        has = (
            _ROWS.apps > "",
            _ROWS.apps.contains(f'"{app}"', autoescape=True),
        )  # by the index of that column
        people = func.count(distinct(func.nullif(_ROWS.person, "")))
        async with self._database.reading(patience=60) as connection:
            found = (await connection.execute(select(people, func.count()).where(*has))).one()
        return AppCount(now.astimezone(UTC).date(), app, *found, now)

    async def keep(self, counts: Iterable[AppCount]) -> None:
        """Keep these counts, each in the place of an earlier one of its day."""
        async with self._database.writing() as connection:
            for each in counts:
                row = {name: getattr(each, name) for name in AppCount.__slots__}
                statement = upsert(connection, app_counts).values(row)
                newer = {name: row[name] for name in ("people", "devices", "at")}
                await connection.execute(
                    statement.on_conflict_do_update(index_elements=["day", "app"], set_=newer)
                )

    async def since(self, day: date) -> list[AppCount]:
        """The counts from this day on, the earliest first."""
        query = select(app_counts).where(_COUNTS.day >= day).order_by(_COUNTS.day, _COUNTS.app)
        async with self._database.reading() as connection:
            return [AppCount(**row) for row in (await connection.execute(query)).mappings()]

    async def prune(self, before: datetime, _size: int = 0) -> int:
        """Delete counts of days before this moment. There are few, so all are deleted at once."""
        old = delete(app_counts).where(_COUNTS.day < before.astimezone(UTC).date())
        async with self._database.writing() as connection:
            return (await connection.execute(old)).rowcount
