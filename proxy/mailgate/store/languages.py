"""In which language people are written to: the one that their browser asked for last. Nothing else of them is kept."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from cachetools import LRUCache
from sqlalchemy import delete, or_, select

from mailgate.devices.names import user_text
from mailgate.store.database import Database, StoreUnavailableError
from mailgate.store.schema import languages
from mailgate.store.upserts import upsert

_KNOWN = 50_000
"""People of whom a gate remembers what is written, so that it is written once a day."""
_MOST = 10_000
"""People that wait to be written down; beyond that they are heard again with their next page."""
_PAGE = 500


class Languages:
    """``hear`` never waits; ``flush`` writes what was heard. What the store does not take is heard again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: LRUCache[str, tuple[str, date]] = LRUCache(_KNOWN)
        self._heard: dict[str, tuple[str, date]] = {}
        self.listening = False
        """Whether anybody is ever written to; without that nothing is kept."""

    def hear(self, login: str, tag: str, now: datetime) -> None:
        """Somebody's browser asks for a page in this language."""
        if not self.listening:
            return
        person, said = user_text(login)[:256], (tag, now.astimezone(UTC).date())
        if self._known.get(person) == said or (len(self._heard) >= _MOST and person not in self._heard):
            return
        self._known[person] = self._heard[person] = said

    async def flush(self) -> None:
        """Write down what was heard. Never raises for a store that is down."""
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
        async with self._database.reading(patience=30) as connection:
            for start in range(0, len(persons), _PAGE):
                theirs = languages.c.person.in_(persons[start : start + _PAGE])
                query = select(languages.c.person, languages.c.tag).where(theirs)
                found |= {row.person: row.tag for row in await connection.execute(query)}
        return found

    async def prune(self, before: datetime, size: int = _PAGE) -> int:
        """Delete the languages of people who were not heard since. Raises ``StoreUnavailableError``."""
        old = select(languages.c.person).where(languages.c.day < before.date()).limit(size)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(languages).where(languages.c.person.in_(old)))).rowcount
