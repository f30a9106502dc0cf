"""The languages of mails to people: the language that their browser last asked for. Nothing else is kept."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from cachetools import LRUCache
from sqlalchemy import delete, or_, select

from mailgate.devices.names import user_text
from mailgate.store.bulk_rows import upsert
from mailgate.store.database import Database, Queries
from mailgate.store.errors import StoreUnavailableError
from mailgate.store.schema import languages

_KNOWN = 50_000
"""How many people's stored languages a gate remembers, so that it writes each once a day."""
_MOST = 10_000
"""The most people whose languages wait to be written. Those of others are noted again with their next page."""
_PAGE = 500


class Languages(Queries):
    """Notes languages with ``note``, which never waits, and writes them with ``flush``. If that fails, they are noted
    again later."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._known: LRUCache[str, tuple[str, date]] = LRUCache(_KNOWN)
        self._heard: dict[str, tuple[str, date]] = {}
        self.listening = False
        """Whether mails are sent at all. If not, no language is kept."""

    def note(self, login: str, tag: str, now: datetime) -> None:
        """Note that a person's browser asks for a page in this language."""
        if not self.listening:
            return
        person, said = user_text(login)[:256], (tag, now.astimezone(UTC).date())
        if self._known.get(person) == said or (len(self._heard) >= _MOST and person not in self._heard):
            return
        self._known[person] = self._heard[person] = said

    async def flush(self) -> None:
        """Write the noted languages to the store. Does not raise if the store cannot be reached."""
        heard, self._heard = self._heard, {}
        rows = [{"person": p, "tag": tag, "day": day} for p, (tag, day) in sorted(heard.items())]
        try:
            for start in range(0, len(rows), _PAGE):
                await self._write(rows[start : start + _PAGE])
        except StoreUnavailableError:
            for person in heard:
                self._known.pop(person, None)

    async def _write(self, rows: list[dict[str, object]]) -> None:
        async with self._database.writing() as connection:
            statement = upsert(connection, languages).values(rows)
            new, old = statement.excluded, languages.c
            newer = or_(new.day > old.day, new.tag != old.tag)
            values = {"tag": new.tag, "day": new.day}
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["person"], set_=values, where=newer)
            )

    async def of(self, logins: Iterable[str]) -> dict[str, str]:
        """The languages of these people by login name as ``user_text`` writes it. Raises ``StoreUnavailableError``."""
        persons = sorted({user_text(login) for login in logins})
        found: dict[str, str] = {}
        for start in range(0, len(persons), _PAGE):
            theirs = languages.c.person.in_(persons[start : start + _PAGE])
            query = select(languages.c.person, languages.c.tag).where(theirs)
            found |= {row.person: row.tag for row in await self._rows(query, timeout_seconds=30)}
        return found

    async def prune(self, before: datetime, size: int = _PAGE) -> int:
        """Delete the languages of people who asked for no page since then. Raises ``StoreUnavailableError``."""
        old = select(languages.c.person).where(languages.c.day < before.date()).limit(size)
        return await self._change(delete(languages).where(languages.c.person.in_(old)))
