"""Who looked at whose data, from where and when. Looks are written soon, like sightings, so that no page waits for them; while the store
takes none they wait on disk."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from cachetools import LRUCache
from pydantic import with_config
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import user_text
from mailgate.model.fact import DESCRIBED, Instant
from mailgate.store.bulk_rows import Newest, RowPosition, upsert, upsert_rows
from mailgate.store.database import Database, Queries, made
from mailgate.store.errors import StoreUnavailableError
from mailgate.store.schema import looks
from mailgate.store.sightings import fingerprint
from mailgate.store.spool import Spool
from mailgate.store.write_queue import WriteQueue

ONE_LOOK = timedelta(minutes=10)
"""A reader, a place and a person within this time are one look, so that a page that is loaded again is none of its own."""

NOT_KEPT = "neither the store nor the disk keeps who looks at whom, so nobody may look"


@with_config(DESCRIBED)
@dataclass(frozen=True, slots=True)
class DataLook:
    """Somebody saw data of people."""

    at: Instant
    """When, at first."""
    who: str
    """The admin; for a command the user of its computer."""
    roles: str
    """Their roles then, between spaces; empty for a command."""
    origin: str
    """From where: the way, and the computer."""
    what: str
    """The name of the page or operation, or the command."""
    person: str = ""
    """Whose data it was; empty if of several, or not known."""
    device: str = ""
    """The device, by its id or the name by which it was asked for; empty if of several."""
    sought: str = ""
    """What was asked for, as in the address, if it was not one person or device."""
    number: int | None = None
    """How many rows were shown; null if they were not counted."""

    @property
    def id(self) -> str:
        same = (self.who, self.origin, self.what, self.person, self.device, self.sought)
        return fingerprint((*same, int(self.at.timestamp() // ONE_LOOK.total_seconds())))

    @property
    def place(self) -> RowPosition:
        return RowPosition(self.at, self.id)


class LookQueue(WriteQueue[str, DataLook]):
    noun = "looks"
    interval = 1.0

    def __init__(self, database: Database, spool: Spool, limit: int = 10_000) -> None:
        super().__init__(database, spool, limit)
        self._known: LRUCache[str, int] = LRUCache(limit)
        """The last looks by id, with their numbers, so that a page that is kept up to date is not written again and again."""

    def note(self, look: DataLook) -> None:
        """Keep a look before its answer is sent. Raises StoreUnavailableError if neither memory nor disk takes it: nobody reads then."""
        look = replace(look, person=user_text(look.person))
        if self._known.get(look.id, -1) >= (look.number or 0):
            return
        if self._spool_trouble or not self.put(look.id, look):
            raise StoreUnavailableError(NOT_KEPT)
        self._known[look.id] = look.number or 0

    def _merge(self, old: DataLook, new: DataLook) -> DataLook:
        return replace(old, number=max(old.number or 0, new.number or 0) or None)

    async def _write(self, connection: AsyncConnection, items: Mapping[str, DataLook]) -> None:
        statement = upsert(connection, looks)
        new, old = (func.coalesce(each, -1) for each in (statement.excluded.number, looks.c.number))
        more = case((new > old, statement.excluded.number), else_=looks.c.number)
        statement = statement.on_conflict_do_update(index_elements=["id"], set_={"number": more})
        rows = [{"id": key, **asdict(items[key])} for key in sorted(items)]
        await upsert_rows(connection, statement, looks, rows)

    def _to_line(self, _key: str, item: DataLook) -> str:
        # a reader who is forgotten as a person has still looked: ``spool.has_one_of`` compares whole texts
        return json.dumps({**asdict(item), "at": item.at.isoformat(), "who": f"by {item.who}"})

    def _from_line(self, line: str) -> tuple[str, DataLook]:
        told = json.loads(line)
        told |= {"at": datetime.fromisoformat(told["at"]), "who": told["who"].removeprefix("by ")}
        look = DataLook(**told)
        return look.id, look


_NEWEST = Newest(looks.c.at, looks.c.id)


class Looks(Queries):
    async def page(
        self,
        size: int,
        after: RowPosition | None = None,
        *,
        who: str = "",
        whom: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[DataLook]:
        """The looks by one reader, at one person or device and within a time, the newest first."""
        where = [*_NEWEST.behind(after), *([looks.c.who == who] if who else [])]
        where += [or_(looks.c.person == user_text(whom), looks.c.device == whom)] if whom else []
        where += [*([looks.c.at >= since] if since else []), *([looks.c.at < until] if until else [])]
        return await self._newest(where, size)

    async def of_person(self, person: str, devices: Sequence[str], size: int) -> list[DataLook]:
        """The looks at a person, and those at their devices under nobody's name, by any name of the devices."""
        return await self._newest([looks_at(person, devices)], size)

    async def _newest(self, where: Sequence[ColumnElement[bool]], size: int) -> list[DataLook]:
        columns = (column for column in looks.c if column.name != "id")
        query = select(*columns).where(*where).order_by(*_NEWEST.order).limit(size)
        return await self._each(query, made(DataLook))


def looks_at(person: str, devices: Sequence[str]) -> ColumnElement[bool]:
    """The condition of the looks at a person and their devices."""
    nameless = and_(looks.c.device.in_(devices), looks.c.person == "")
    return or_(looks.c.person == user_text(person), nameless) if user_text(person) else nameless
