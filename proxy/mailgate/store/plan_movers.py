"""Everybody whom a plan moves, a row each, to be looked for and sorted however many there are.

A list that fits into one window is found, sorted and counted whole. In a larger one a look goes by the index of one column, and a step
of it at a time.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import user_text
from mailgate.simulate import Mover
from mailgate.store.bulk_rows import insert_rows
from mailgate.store.database import Database
from mailgate.store.schema import plan_movers

WINDOW = 20_000
"""Rows of a list that is looked through whole."""
STEP = 5_000
"""Rows of a larger one that one look or count goes through."""
CHUNK = 5_000
"""Rows that are read at once where all are wanted."""
SORTS = ("person", "kind", "label", "rule", "since")
"""What they can be sorted by; a larger list not by ``since``."""
_COLUMNS = plan_movers.c
_EQUAL = ("rule", "label", "kind")
"""What is compared as it stands."""
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class MoversWanted:
    """Who is looked for, all of it; an empty text asks for nothing."""

    name: str = ""
    """A part of a login name, or the id of a device. In a list of more than a window: how the login name begins."""
    label: str = ""
    kind: str = ""
    rule: str = ""
    group: str = ""
    device: str = ""
    """The id of a device, exactly."""
    at: int | None = None
    """Whoever moves at this moment; at any where None."""
    sort: str = ""
    """One of ``SORTS``; in the order of the simulation where empty."""
    descending: bool = False


@dataclass(frozen=True, slots=True)
class MoversFound:
    """Some of them in their order, and the number behind which to go on; None at the end."""

    movers: tuple[Mover, ...]
    after: int | None


class PlanMovers:
    """Queries on movers. Every method may raise ``StoreUnavailableError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, plan: str, first: int, movers: Sequence[Mover]) -> None:
        """Write movers of a plan, numbered from ``first`` on."""
        rows = [_row(plan, number, each) for number, each in enumerate(movers, first)]
        async with self._database.writing(patience=60) as connection:
            await insert_rows(connection, plan_movers, rows)

    async def drop(self, plan: str) -> None:
        """Delete all of a plan."""
        async with self._database.writing(patience=60) as connection:
            await connection.execute(delete(plan_movers).where(_COLUMNS.plan == plan))

    async def look(
        self, plan: str, wanted: MoversWanted, after: int, size: int, *, large: bool
    ) -> MoversFound:
        """The next movers behind the one with this number. ``large``: the plan has more than a window of them."""
        async with self._database.reading(patience=10) as connection:
            wanted = await _meant(connection, plan, wanted, large=large)
            place = (await connection.execute(_one(plan, after))).first() if after else None
            window = _ordered(plan, wanted, place, large=large).limit(_most(large=large)).subquery()
            meant = select(window).where(*_filters(wanted, window.c))
            query = _sorted(wanted, meant, window.c, _lead(wanted, large=large))
            rows = (await connection.execute(query.limit(size + 1))).all()
            last = None
            if large and len(rows) <= size:
                end = _ordered(plan, wanted, place, large=large).with_only_columns(_COLUMNS.number)
                last = await connection.scalar(end.offset(STEP - 1).limit(1))
        more = rows[size - 1].number if len(rows) > size else last
        return MoversFound(tuple(_mover(row) for row in rows[:size]), more)

    async def count(self, plan: str, wanted: MoversWanted, *, large: bool) -> tuple[int, int, bool]:
        """How many rows and people are meant, and whether that is all of them."""
        async with self._database.reading(patience=10) as connection:
            wanted = await _meant(connection, plan, wanted, large=large)
            return await self._count(connection, plan, wanted, large=large)

    async def _count(
        self, connection: AsyncConnection, plan: str, wanted: MoversWanted, *, large: bool
    ) -> tuple[int, int, bool]:
        most = _most(large=large)
        window = _ordered(plan, wanted, None, large=large).limit(most).subquery()
        meant = and_(*_filters(wanted, window.c), window.c.number > 0)
        people = func.count(window.c.person.distinct()).filter(meant, window.c.person != "")
        query = select(func.count().filter(meant), people, func.count()).select_from(window)
        rows, persons, looked = (await connection.execute(query)).one()
        return int(rows), int(persons), looked < most

    async def all(self, plan: str, wanted: MoversWanted, *, large: bool) -> AsyncIterator[Mover]:
        """Everybody who is meant, a window after the other."""
        behind: int | None = 0
        while behind is not None:
            found = await self.look(plan, wanted, behind, CHUNK, large=large)
            for each in found.movers:
                yield each
            behind = found.after

    async def count_of(self, plan: str) -> int:
        """How many rows there are."""
        query = select(func.count()).select_from(plan_movers).where(_COLUMNS.plan == plan)
        async with self._database.reading(patience=10) as connection:
            return int((await connection.execute(query)).scalar_one())


def _most(*, large: bool) -> int:
    return STEP if large else WINDOW


async def _meant(
    connection: AsyncConnection, plan: str, wanted: MoversWanted, *, large: bool
) -> MoversWanted:
    """In a larger list, a name that is one of a device means that device, and any other how a login name begins."""
    if not (large and wanted.name):
        return wanted
    query = select(_COLUMNS.number).where(_COLUMNS.device == wanted.name, _COLUMNS.plan == plan).limit(1)
    known = (await connection.execute(query)).first()
    return replace(wanted, name="", device=wanted.name) if known else wanted


def _one(plan: str, number: int) -> Select[Any]:
    return select(plan_movers).where(_COLUMNS.plan == plan, _COLUMNS.number == number)


def _ordered(plan: str, wanted: MoversWanted, place: Any, *, large: bool) -> Select[Any]:
    """The rows behind a place in the order of the column that leads."""
    lead = _lead(wanted, large=large)
    column, where = _COLUMNS[lead], [_COLUMNS.plan == plan]
    if lead in _EQUAL and getattr(wanted, lead):
        where.append(column == getattr(wanted, lead))
    if wanted.name and large:
        person = user_text(wanted.name)
        where += [_COLUMNS.person >= person, _COLUMNS.person < person + _LAST]
    if wanted.device:
        named = select(_COLUMNS.number).where(_COLUMNS.device == wanted.device)
        where += [_COLUMNS.device == wanted.device, _COLUMNS.number.in_(named)]
    if place is not None:
        where += _behind(wanted, column, getattr(place, lead), place.number)
    return _sorted(wanted, select(plan_movers).where(*where), _COLUMNS, lead)


def _lead(wanted: MoversWanted, *, large: bool) -> str:
    """The column whose index is gone along: that of the order, else of what leaves the fewest."""
    if wanted.name and large:
        return "person"
    if wanted.sort in SORTS and not (large and wanted.sort == "since"):
        return wanted.sort
    return next((name for name in _EQUAL if getattr(wanted, name)), "number")


def _behind(
    wanted: MoversWanted, column: ColumnElement[Any], value: Any, number: int
) -> list[ColumnElement[bool]]:
    key = _COLUMNS.number
    if column is key:
        return [key < number if wanted.descending else key > number]
    row, place = tuple_(column, key), tuple_(literal(value), literal(number))
    return [row < place if wanted.descending else row > place]


def _sorted(wanted: MoversWanted, query: Select[Any], columns: Any, lead: str) -> Select[Any]:
    order = [columns.number] if lead == "number" else [columns[lead], columns.number]
    return query.order_by(*(each.desc() if wanted.descending else each for each in order))


def _filters(wanted: MoversWanted, columns: Any) -> list[ColumnElement[bool]]:
    where = [columns[name] == text for name in _EQUAL if (text := getattr(wanted, name))]
    if wanted.name:
        part = columns.person.contains(user_text(wanted.name), autoescape=True)
        where.append(or_(part, columns.device == wanted.name))
    if wanted.group:
        where.append(columns.groups.contains(json.dumps(wanted.group), autoescape=True))
    if wanted.at is not None:
        where += [columns.since <= wanted.at, columns.until >= wanted.at]
    return where


def _row(plan: str, number: int, mover: Mover) -> dict[str, Any]:
    lists = {"groups": json.dumps(mover.groups), "apps": json.dumps(mover.apps)}
    return {"plan": plan, "number": number, **mover._asdict(), **lists}


def _mover(row: Any) -> Mover:
    told = {name: getattr(row, name) for name in Mover._fields}
    told |= {name: tuple(json.loads(told[name])) for name in ("groups", "apps")}
    return Mover(**told)
