"""Remembers which quarantine mails were written to whom, so that nobody gets the same mail twice."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Database
from mailgate.store.schema import quarantine_mails


class QuarantineMails:
    """Queries on quarantine mails. Every method may raise ``StoreUnavailableError``."""

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
        """Claim one mail to a person. Returns whether it may be written.

        It may not if the person got the same mail or ``at_most`` mails within ``pause``, or if ``per_hour`` mails were
        written to all people within the last hour.
        """
        recent = quarantine_mails.c.written_at > now - pause
        told = select(quarantine_mails.c.device, quarantine_mails.c.reason).where(
            quarantine_mails.c.person == person, recent
        )
        lately = (
            select(func.count())
            .select_from(quarantine_mails)
            .where(quarantine_mails.c.written_at > now - timedelta(hours=1))
        )
        row = {"person": person, "device": device, "reason": reason, "written_at": now}
        async with self._database.writing() as connection:
            found = (await connection.execute(told)).all()
            if (device, reason) in {tuple(each) for each in found} or len(found) >= at_most:
                return False
            if (await connection.execute(lately)).scalar_one() >= per_hour:
                return False
            statement = upsert(connection, quarantine_mails).values(**row)
            again = statement.on_conflict_do_update(
                index_elements=["person", "device", "reason"], set_={"written_at": now}
            )
            await connection.execute(again)
        return True

    async def release(self, person: str, device: str, reason: str) -> None:
        """Take a claim back because the mail could not be sent."""
        named = (
            quarantine_mails.c.person == person,
            quarantine_mails.c.device == device,
            quarantine_mails.c.reason == reason,
        )
        async with self._database.writing() as connection:
            await connection.execute(delete(quarantine_mails).where(*named))

    async def prune(self, before: datetime, _size: int = 0) -> int:
        """Delete the claims from before this moment. There are few, so all are deleted at once."""
        async with self._database.writing() as connection:
            return (
                await connection.execute(
                    delete(quarantine_mails).where(quarantine_mails.c.written_at < before)
                )
            ).rowcount
