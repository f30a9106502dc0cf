"""Notices: who was told what of which device, so that nobody is told twice."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from mailgate.store.database import Database
from mailgate.store.schema import notices
from mailgate.store.upserts import upsert


class Notices:
    """Queries on notices. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self,
        person: str,
        device: str,
        reason: str,
        now: datetime,
        *,
        pause: timedelta,
        at_most: int,
        per_hour: int,
    ) -> bool:
        """Take it on oneself to tell a person. False where they were told the same, or ``at_most`` things, within ``pause``,
        or ``per_hour`` things were told to all within the last hour."""
        recent = notices.c.told_at > now - pause
        told = select(notices.c.device, notices.c.reason).where(notices.c.person == person, recent)
        lately = select(func.count()).select_from(notices).where(notices.c.told_at > now - timedelta(hours=1))
        row = {"person": person, "device": device, "reason": reason, "told_at": now}
        async with self._database.writing() as connection:
            found = (await connection.execute(told)).all()
            if (device, reason) in {tuple(each) for each in found} or len(found) >= at_most:
                return False
            if (await connection.execute(lately)).scalar_one() >= per_hour:
                return False
            statement = upsert(connection, notices).values(**row)
            again = statement.on_conflict_do_update(
                index_elements=["person", "device", "reason"], set_={"told_at": now}
            )
            await connection.execute(again)
        return True

    async def release(self, person: str, device: str, reason: str) -> None:
        """Take a claim back: it was not possible to tell them."""
        named = (notices.c.person == person, notices.c.device == device, notices.c.reason == reason)
        async with self._database.writing() as connection:
            await connection.execute(delete(notices).where(*named))

    async def prune(self, before: datetime, _size: int = 0) -> int:
        """Delete what was told before. There is little of it: all at once."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(notices).where(notices.c.told_at < before))).rowcount
