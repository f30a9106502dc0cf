"""One narrow row for each device, so that devices can be searched and sorted by every column, however many there are.

A row depends on the reports of a device, the lists and the rules, so it is computed elsewhere
(``console/devices/rows.py``). Rows of changed devices are stored at once. Rows that change with time or with new rules are
stored in rounds. A search reads the index of one column, and at most ``WINDOW`` rows of it.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, or_, select, update
from sqlalchemy.types import NullType

from mailgate.devices.device import Device
from mailgate.devices.names import ids, logins, user_text
from mailgate.model.times import LONG_AGO
from mailgate.store.bulk_rows import Order, RowPage, among, put_rows
from mailgate.store.database import Queries, made
from mailgate.store.device_loading import load
from mailgate.store.devices import called
from mailgate.store.folding import begins_with, function
from mailgate.store.schema import device_row_changes, device_rows, devices, laptop_readers

WINDOW = 5_000
"""How many rows one search reads."""
COUNTED = 10_000
"""How many rows a count reads."""
DIFFERENT = 100
"""How many distinct texts of a column are returned."""
LOST = "lost"
"""The mail status of a device that is marked as lost."""
_COLUMNS = device_rows.c
_OWNED = _COLUMNS.person > ""
SORT_COLUMNS = ("person", "kind", "os", "source", "state", "mail", "apps", "reported_at")
"""The columns by which devices can be sorted."""


_AnyOf = function(NullType(), sqlite="{0} IN {1}", postgresql="{0} = ANY(ARRAY{1})")
"""Whether a column has one of the values of a query, by its index also beside OR."""


class DeviceRow(NamedTuple):
    """The state of one device, as it is searched and sorted."""

    device: int
    person: str = ""
    kind: str = "unknown"
    os: str = ""
    os_version: str = ""
    source: str = ""
    state: str = ""
    """The state of its posture, as people are told it."""
    mail: str = ""
    """The mail status (``console/devices/mail_status.py``) if it asks with its proof."""
    apps: str = ""
    blocked_by: str = ""
    """The apps because of which it gets no mail."""
    findings: str = ""
    """On what its sources disagree."""
    groups: str = ""
    reported_at: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """A search for devices. Each field that is not empty must match."""

    name: str = ""
    """Any name of the device, or the beginning of its owner's login name."""
    state: str = ""
    kind: str = ""
    os: str = ""
    source: str = ""
    group: str = ""
    mail: str = ""
    app: str = ""
    """The key of a listed app."""
    blocked_by: str = ""
    """The key of a listed app because of which it gets no mail."""
    disagree: bool = False
    """Its sources contradict each other about it."""
    before: datetime | None = None
    """The apps were last looked at before this time, or never."""
    sort: str = ""
    """One of ``SORT_COLUMNS``; empty for the order in which devices became known."""
    descending: bool = False

    def listed(self) -> list[tuple[str, str]]:
        """What has to be among the words of which column."""
        named = (("apps", self.app), ("blocked_by", self.blocked_by), ("groups", self.group))
        return [(name, text) for name, text in named if text]

    def fits(self, row: DeviceRow) -> bool:
        """Whether a row matches, apart from the name."""
        return (
            all(not (text := getattr(self, name)) or getattr(row, name) == text for name in _EQUAL)
            and all(f'"{text}"' in getattr(row, name) for name, text in self.listed())
            and (not self.disagree or bool(row.findings))
            and (self.before is None or row.reported_at < self.before)
        )


_EQUAL = ("state", "mail", "source", "os", "kind")
"""The columns that are compared as they are, beginning with those that leave the fewest rows in most companies."""


class OutageCause(NamedTuple):
    """Why some people have a device without mail. Who has several such devices is counted once, for an app before all else."""

    blocked_by: str
    mail: str
    state: str
    people: int
    at_laptops: int
    """How many of them asked for mail on a laptop."""

    @property
    def first_app(self) -> str:
        """The first of the apps that are the cause; empty if none is."""
        return str(json.loads(self.blocked_by)[0]) if self.blocked_by else ""


class DeviceRows(Queries):
    async def seen(self) -> int:
        """The number of the last change to devices that the rows include."""
        return int(await self._value(select(device_row_changes.c.number)))

    async def by_mail(self) -> Counter[str]:
        """How many devices get what of mail. It is read out of one index."""
        return await self._counted(_COLUMNS.mail)

    async def by_state(self) -> Counter[str]:
        """How many devices are in which state. Those that are marked as lost count as that alone."""
        return await self._counted(case((_COLUMNS.mail == LOST, LOST), else_=_COLUMNS.state))

    async def _counted(self, word: ColumnElement[str]) -> Counter[str]:
        rows = await self._rows(select(word, func.count()).group_by(word), timeout_seconds=60)
        return Counter({text: int(number) for text, number in rows})

    async def people(self) -> int:
        """How many people have a device."""
        return int(await self._value(select(func.count(_COLUMNS.person.distinct())).where(_OWNED), 60))

    async def causes(self, mails: Sequence[str], since: datetime) -> tuple[list[OutageCause], int]:
        """Why people have a device with such a mail status, most people first, with those at a laptop ``since`` then; and how many
        such devices are nobody's who is known."""
        parts = (_COLUMNS.blocked_by, _COLUMNS.mail, _COLUMNS.state)
        app = case((_COLUMNS.blocked_by > "", 0), else_=1)
        first = func.row_number().over(partition_by=_COLUMNS.person, order_by=[app, *parts])
        such = select(_COLUMNS.person, *parts, first.label("first")).where(_COLUMNS.mail.in_(mails), _OWNED)
        theirs = such.subquery()
        readers = select(laptop_readers.c.person).where(laptop_readers.c.seen_at >= since).distinct()
        seen = readers.subquery()
        why = (theirs.c.blocked_by, theirs.c.mail, theirs.c.state)
        counted = select(*why, func.count(), func.count(seen.c.person))
        counted = counted.select_from(theirs.outerjoin(seen, seen.c.person == theirs.c.person))
        counted = counted.where(theirs.c.first == 1).group_by(*why).order_by(func.count().desc(), *why)
        nobody = select(func.count()).where(_COLUMNS.mail.in_(mails), _COLUMNS.person == "")
        rows = await self._rows(counted, timeout_seconds=60)
        return [OutageCause(*row) for row in rows], int(await self._value(nobody, timeout_seconds=60))

    async def ending(
        self, source: str, mails: Sequence[str], since: datetime, until: datetime
    ) -> tuple[list[datetime], bool]:
        """When the apps were last looked at of the devices of a source with such a mail status, after ``since`` and until
        ``until``, the earliest first; and whether these are all: no more than ``COUNTED`` rows are read."""
        looked = _COLUMNS.reported_at
        rows = select(device_rows).where(looked > since, looked <= until).order_by(looked, _COLUMNS.device)
        window = rows.limit(COUNTED).subquery()
        theirs = (window.c.source == source, window.c.mail.in_(mails))
        found = select(window.c.reported_at).where(*theirs).order_by(window.c.reported_at)
        ends = await self._values(found, timeout_seconds=10)
        [(read,)] = await self._rows(select(func.count()).select_from(window), timeout_seconds=10)
        return ends, read < COUNTED

    async def distinct(self, name: str) -> list[str]:
        """The distinct texts of an indexed column, in order, at one step in the index each."""
        column, found, last = _COLUMNS[name], list[str](), ""
        async with self._database.reading(timeout_seconds=10) as connection:
            while len(found) < DIFFERENT:
                least = select(func.min(column)).where(column > last)
                last = (await connection.execute(least)).scalar_one()
                if last is None:
                    break
                found.append(last)
        return found

    async def differing(self, rows: Sequence[DeviceRow]) -> list[DeviceRow]:
        query = select(device_rows).where(_COLUMNS.device.in_([each.device for each in rows]))
        stored = {each.device: each for each in await self._each(query, made(DeviceRow), timeout_seconds=60)}
        return [each for each in rows if stored.get(each.device) != each]

    async def keep(self, rows: Sequence[DeviceRow], seen: int | None = None) -> None:
        """Store these rows, except for devices that no longer exist. ``seen`` is the last change that they include."""
        async with self._database.writing(timeout_seconds=60) as connection:
            told = among(connection, devices.c.key, [row.device for row in rows])
            there = set(await connection.scalars(select(devices.c.key).where(told)))
            values = [row._asdict() for row in sorted(rows) if row.device in there]
            await put_rows(connection, device_rows, values)
            if seen is not None:
                newer = update(device_row_changes).where(device_row_changes.c.number < seen)
                await connection.execute(newer.values(number=seen))

    async def with_app(self, app: str, most: int) -> list[DeviceRow]:
        """The rows of at most ``most`` devices that have this app, those of one person together."""
        has = (_COLUMNS.apps > "", _COLUMNS.apps.contains(f'"{app}"', autoescape=True))
        some = select(device_rows).where(*has).limit(most)
        found = await self._each(some, made(DeviceRow), timeout_seconds=10)
        return sorted(found, key=lambda row: (row.person, row.device))

    async def of_people(self, people: Sequence[str]) -> list[DeviceRow]:
        query = select(device_rows).where(_COLUMNS.person.in_(people))
        return await self._each(query, made(DeviceRow), timeout_seconds=10)

    async def search(self, wanted: DeviceFilter, after: int, size: int) -> RowPage[Device, int]:
        """The next devices after the one with this key whose rows match."""
        async with self._database.reading(timeout_seconds=10) as connection:
            last_one = select(device_rows).where(_COLUMNS.device == after)
            place = (await connection.execute(last_one)).first() if after else None
            query, end = _look(wanted, place)
            keys = list(await connection.scalars(query.limit(size + 1)))
            last = await connection.scalar(end) if end is not None and len(keys) <= size else None
            found = {each.number: each for each in await load(connection, keys[:size])}
        more, keys = (keys[size - 1] if len(keys) > size else last), keys[:size]
        return RowPage([found[key] for key in keys if key in found], more)

    async def count(self, wanted: DeviceFilter) -> tuple[int, bool]:
        """The number of devices that match, and whether it is complete: no more than ``COUNTED`` rows are read."""
        rows = _ordered(wanted, None)
        window = (rows.order_by(None) if wanted.name else rows.limit(COUNTED)).subquery()
        filters = _filters(wanted, window.c)
        meant = func.count().filter(*filters) if filters else func.count()
        query = select(meant, func.count()).select_from(window)
        [(number, looked)] = await self._rows(query, timeout_seconds=10)
        return int(number), bool(wanted.name) or looked < COUNTED


def _look(wanted: DeviceFilter, place: Any) -> tuple[Select[Any], Select[Any] | None]:
    """The queries for the keys that match, and for the last key of the window; None if there is no window."""
    rows = _ordered(wanted, place)
    # without an offset PostgreSQL might look for the name among all rows in their order
    window = (rows.offset(0) if wanted.name else rows.limit(WINDOW)).subquery()
    query = _order(wanted, window.c).sort(select(window.c.device).where(*_filters(wanted, window.c)))
    end = rows.with_only_columns(_COLUMNS.device).offset(WINDOW - 1).limit(1)
    return query, None if wanted.name else end


def _ordered(wanted: DeviceFilter, place: Any) -> Select[Any]:
    """The rows after a place, in the order of the column whose index is used."""
    lead, where = _lead(wanted), list[ColumnElement[bool]]()
    column = _COLUMNS[lead]
    if wanted.name:
        where.append(_called(wanted.name))
    elif lead == "reported_at" and wanted.before is not None:
        where.append(column < wanted.before)
    elif lead == "findings" or lead in dict(wanted.listed()):
        where.append(column > "")
    elif lead in _EQUAL and getattr(wanted, lead):
        where.append(column == getattr(wanted, lead))
    order = _order(wanted, _COLUMNS)
    if place is not None:
        where.append(order.behind(getattr(place, lead), place.device))
    return order.sort(select(device_rows).where(*where))


def _order(wanted: DeviceFilter, columns: Any) -> Order:
    return Order(columns[_lead(wanted)], columns.device, wanted.descending)


def _lead(wanted: DeviceFilter) -> str:
    """The column whose index is used: that of the order, otherwise the condition that leaves the fewest rows."""
    if wanted.sort in SORT_COLUMNS:
        return wanted.sort
    if wanted.name:
        return "device"
    if wanted.blocked_by:
        return "blocked_by"
    if wanted.disagree:
        return "findings"
    if wanted.app:
        return "apps"
    if wanted.before is not None:
        return "reported_at"
    return next((name for name in _EQUAL if getattr(wanted, name)), "device")


def _filters(wanted: DeviceFilter, columns: Any) -> list[ColumnElement[bool]]:
    where = [columns[name] == text for name in _EQUAL if (text := getattr(wanted, name))]
    where += [columns[name].contains(f'"{text}"', autoescape=True) for name, text in wanted.listed()]
    if wanted.disagree:
        where.append(columns.findings > "")
    if wanted.before is not None:
        where.append(columns.reported_at < wanted.before)
    return where


def _called(name: str) -> ColumnElement[bool]:
    """That a row has a name, or begins with that of its person, by one look in the index of each."""
    people = dict.fromkeys(map(user_text, logins(name)))
    own = _AnyOf(_COLUMNS.device, called(*ids(name)).scalar_subquery())
    return or_(own, *(begins_with(_COLUMNS.person, each) for each in people))
