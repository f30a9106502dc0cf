"""Finds people and devices by the beginning of a name or by a part of it.

A beginning is found by an index. A part of a login name is searched in an index of the names, never in a table. Each
search reads one window of the index, so that nobody waits for a million names.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, select, union

from mailgate.devices.device import Device
from mailgate.devices.names import STRONG, folded, ids, storable, text_of, user_text
from mailgate.store.bulk_rows import RowPage
from mailgate.store.database import Queries
from mailgate.store.device_loading import load
from mailgate.store.devices import called
from mailgate.store.folding import Folded, WithoutCase, begins_with
from mailgate.store.schema import HAS_PERSON, device_names, devices, reports, sightings

WINDOW = 100_000
"""The most login names that one search for a part reads."""
_SHORTEST = 3
"""The fewest characters of an id or a serial number for which a search is useful."""


class NameSearch(Queries):
    async def people(self, text: str, size: int) -> list[str]:
        """Login names that begin with this text, of people who have a device or asked for mail."""
        person = user_text(text)
        if not person:
            return []
        asked = WithoutCase(sightings.c.user)
        queries = (
            _distinct(reports.c.person, HAS_PERSON, begins_with(reports.c.person, person)),
            _distinct(asked, begins_with(asked, person)),
        )
        async with self._database.reading(timeout_seconds=10) as connection:
            found = [each for query in queries for each in await connection.scalars(query.limit(size))]
        return sorted(set(found))[:size]

    async def people_with(self, part: str, size: int, after: str = "") -> RowPage[str, str]:
        """Login names in the next window after ``after`` that contain this text, without case, accents and what stands between
        the parts, of people who have a device."""
        person, sought = reports.c.person, storable(folded(part))
        if not sought.strip("."):
            return RowPage([], None)
        behind = select(person).where(HAS_PERSON, person > after).order_by(person)
        async with self._database.reading(timeout_seconds=10) as connection:
            end = await connection.scalar(behind.offset(WINDOW - 1).limit(1))
            within = [HAS_PERSON, person > after, *([person <= end] if end else [])]
            query = _distinct(person, *within, Folded(person).contains(sought, autoescape=True))
            found = list(await connection.scalars(query.limit(size)))
        return RowPage(found, found[-1] if len(found) == size else end)

    async def called(self, text: str, size: int) -> list[Device]:
        """Devices that have exactly this id or name, in any of its forms."""
        return await self._devices(_called(text).limit(size))

    async def devices(self, text: str, size: int) -> list[Device]:
        """Devices whose id, serial number or other name begins with this text."""
        texts = [each for each in ids(text) if len(each) >= _SHORTEST]
        return await self._devices(_beginning(texts, size)) if texts else []

    async def _devices(self, query: Select[Any]) -> list[Device]:
        async with self._database.reading(timeout_seconds=10) as connection:
            found = await load(connection, await connection.scalars(query))
        return sorted(found, key=lambda device: device.number)


def _called(text: str) -> Select[Any]:
    """Devices by their own names only. A device is found by its owner's login together with the person."""
    named, people = called(*ids(text)).subquery(), set(map(user_text, ids(text)))
    owned = select(reports.c.device).where(HAS_PERSON, reports.c.person.in_(people))
    return select(named.c[0]).where(named.c[0].not_in(owned)).order_by(named.c[0])


def _beginning(texts: Sequence[str], size: int) -> Select[Any]:
    looks = [_limited(devices.c.key, devices.c.id, each, size) for each in set(map(_id_text, texts))]
    looks += [_limited(reports.c.device, reports.c.id, each, size) for each in texts]
    looks += [
        _limited(device_names.c.device, device_names.c.name, name, size, device_names.c.kind == kind)
        for kind in STRONG
        for name in dict.fromkeys(text_of(kind, each) for each in texts)
        if name
    ]
    found = union(*(select(each.c[0]) for each in looks)).subquery()
    return select(found.c[0]).order_by(found.c[0]).limit(size)


def _limited(
    key: ColumnElement[int], name: ColumnElement[str], text: str, size: int, *also: ColumnElement[bool]
) -> Any:
    query = select(key).where(*also, begins_with(name, text)).order_by(name).limit(size)
    return query.subquery()


def _id_text(text: str) -> str:
    bare = text.lower().replace("-", "")
    return "-".join(part for part in (bare[:4], bare[4:8], bare[8:]) if part)


def _distinct(column: ColumnElement[str], *where: Any) -> Select[Any]:
    return select(column).where(*where).distinct().order_by(column)
