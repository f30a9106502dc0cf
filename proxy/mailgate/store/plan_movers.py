"""The movers of a plan, one row for each, so that they can be searched and sorted however many there are; and the first
refusals under a version of the rules, by which a plan in force is compared with its prediction."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import user_text
from mailgate.model import Effect
from mailgate.model.times import LONG_AGO
from mailgate.policy.simulate.impact import Mover
from mailgate.policy.simulate.judge import UNKNOWN
from mailgate.store.bulk_rows import Order, RowPage, insert_rows, upsert, upsert_rows
from mailgate.store.database import Queries
from mailgate.store.folding import begins_with
from mailgate.store.schema import first_refusals, laptop_readers, plan_movers
from mailgate.store.sightings import Sighting, Tally

WINDOW = 20_000
"""The most movers of a list that is searched whole."""
STEP = 5_000
"""How many rows of a larger list one search or count reads."""
CHUNK = 5_000
"""How many rows are read at once to list all movers."""
SORT_COLUMNS = ("person", "kind", "label", "rule", "since")
"""The columns by which movers can be sorted. A larger list cannot be sorted by ``since``."""
_COLUMNS = plan_movers.c
_EQUAL = ("rule", "label", "kind")
"""The columns that are compared as they are."""


@dataclass(frozen=True, slots=True)
class MoverFilter:
    """A search for movers. Each field that is not empty must match."""

    name: str = ""
    """A part of a login name, or the id of a device; in a larger list the beginning of a login name, or an id."""
    label: str = ""
    kind: str = ""
    rule: str = ""
    group: str = ""
    device: str = ""
    at: int | None = None
    """The number of a moment at which they move; None for any moment."""
    before: int | None = None
    """Only those who begin to move before the moment of this number."""
    newly: bool = False
    """Only those who did not lose mail before already: none who was blocked and may now prove the device."""
    sort: str = ""
    """One of ``SORT_COLUMNS``; empty for the order of the simulation."""
    descending: bool = False


class PlanMovers(Queries):
    async def add(self, plan: str, first: int, movers: Sequence[Mover]) -> None:
        """Store movers of a plan, numbered from ``first`` on."""
        rows = [_row(plan, number, each) for number, each in enumerate(movers, first)]
        async with self._database.writing(timeout_seconds=60) as connection:
            await insert_rows(connection, plan_movers, rows)

    async def drop(self, plan: str) -> None:
        await self._change(delete(plan_movers).where(_COLUMNS.plan == plan), timeout_seconds=60)

    async def search(
        self, plan: str, wanted: MoverFilter, after: int, size: int, *, large: bool
    ) -> RowPage[Mover, int]:
        """The next movers after the one with this number. ``large``: the plan has more than ``WINDOW`` movers."""
        async with self._database.reading(timeout_seconds=10) as connection:
            wanted = await _meant(connection, plan, wanted, large=large)
            last_one = select(plan_movers).where(_COLUMNS.plan == plan, _COLUMNS.number == after)
            place = (await connection.execute(last_one)).first() if after else None
            ordered = _ordered(plan, wanted, place, large=large)
            window = ordered.limit(_most(large=large)).subquery()
            meant = select(window).where(*_filters(wanted, window.c))
            lead = window.c[_lead(wanted, large=large)]
            query = Order(lead, window.c.number, wanted.descending).sort(meant)
            rows = (await connection.execute(query.limit(size + 1))).all()
            last = None
            if large and len(rows) <= size:
                end = ordered.with_only_columns(_COLUMNS.number).offset(STEP - 1).limit(1)
                last = await connection.scalar(end)
        more = rows[size - 1].number if len(rows) > size else last
        return RowPage([*map(_mover, rows[:size])], more)

    async def count(self, plan: str, wanted: MoverFilter, *, large: bool) -> tuple[int, int, bool]:
        """The number of rows and of people that match, and whether these are complete."""
        most = _most(large=large)
        async with self._database.reading(timeout_seconds=10) as connection:
            wanted = await _meant(connection, plan, wanted, large=large)
            window = _ordered(plan, wanted, None, large=large).limit(most).subquery()
            meant = and_(*_filters(wanted, window.c), window.c.number > 0)
            people = func.count(window.c.person.distinct()).filter(meant, window.c.person != "")
            query = select(func.count().filter(meant), people, func.count()).select_from(window)
            rows, persons, looked = (await connection.execute(query)).one()
        return int(rows), int(persons), looked < most

    async def pages(self, plan: str, wanted: MoverFilter, *, large: bool) -> AsyncIterator[Sequence[Mover]]:
        """All movers that match, some at a time."""
        behind: int | None = 0
        while behind is not None:
            found = await self.search(plan, wanted, behind, CHUNK, large=large)
            yield found.rows
            behind = found.after

    async def out(self, plan: str, before: int) -> tuple[int, int]:
        """How many people lose mail, or may, before the moment of this number, and how many of them are on record with a laptop."""
        who = select(_COLUMNS.person).where(_COLUMNS.plan == plan, _lose(before), _COLUMNS.person != "")
        some = who.distinct().subquery()
        reads = select(laptop_readers.c.person).where(laptop_readers.c.person == some.c.person).exists()
        query = select(func.count(), func.count().filter(reads)).select_from(some)
        [(people, on_laptop)] = await self._rows(query, timeout_seconds=10)
        return int(people), int(on_laptop)

    async def count_of(self, plan: str) -> int:
        query = select(func.count()).select_from(plan_movers).where(_COLUMNS.plan == plan)
        return int(await self._value(query, timeout_seconds=10))


def _most(*, large: bool) -> int:
    return STEP if large else WINDOW


async def _meant(connection: AsyncConnection, plan: str, wanted: MoverFilter, *, large: bool) -> MoverFilter:
    """Replace the name in a search of a larger list by the device, if a device has this id."""
    if not (large and wanted.name):
        return wanted
    query = select(_COLUMNS.number).where(_COLUMNS.device == wanted.name, _COLUMNS.plan == plan).limit(1)
    known = (await connection.execute(query)).first()
    return replace(wanted, name="", device=wanted.name) if known else wanted


def _ordered(plan: str, wanted: MoverFilter, place: Any, *, large: bool) -> Select[Any]:
    """The rows after a place, in the order of the column whose index is used."""
    lead = _lead(wanted, large=large)
    column, where = _COLUMNS[lead], [_COLUMNS.plan == plan]
    if lead in _EQUAL and getattr(wanted, lead):
        where.append(column == getattr(wanted, lead))
    if wanted.name and large:
        person = user_text(wanted.name)
        where.append(begins_with(_COLUMNS.person, person))
    if wanted.device:
        named = select(_COLUMNS.number).where(_COLUMNS.device == wanted.device)
        where += [_COLUMNS.device == wanted.device, _COLUMNS.number.in_(named)]
    order = Order(column, _COLUMNS.number, wanted.descending)
    if place is not None:
        where.append(order.behind(getattr(place, lead), place.number))
    return order.sort(select(plan_movers).where(*where))


def _lead(wanted: MoverFilter, *, large: bool) -> str:
    """The column whose index is used: that of the order, otherwise the condition that leaves the fewest rows."""
    if wanted.name and large:
        return "person"
    if wanted.sort in SORT_COLUMNS and not (large and wanted.sort == "since"):
        return wanted.sort
    return next((name for name in _EQUAL if getattr(wanted, name)), "number")


def _filters(wanted: MoverFilter, columns: Any) -> list[ColumnElement[bool]]:
    where = [columns[name] == text for name in _EQUAL if (text := getattr(wanted, name))]
    if wanted.name:
        part = columns.person.contains(user_text(wanted.name), autoescape=True)
        where.append(or_(part, columns.device == wanted.name))
    if wanted.group:
        where.append(columns.groups.contains(json.dumps(wanted.group), autoescape=True))
    if wanted.before is not None:
        where.append(columns.since < wanted.before)
    if wanted.at is not None:
        where += [columns.since <= wanted.at, columns.until >= wanted.at]
    return [*where, _newly(columns)] if wanted.newly else where


def _newly(columns: Any) -> ColumnElement[bool]:
    return or_(columns.label != Effect.CHALLENGE.value, columns.before != Effect.BLOCK.value)


def _lose(before: int) -> ColumnElement[bool]:
    """Those who newly lose mail, or may, before the moment of this number."""
    return and_(_COLUMNS.label.in_((*_OUT, UNKNOWN)), _COLUMNS.since < before, _newly(_COLUMNS))


def _row(plan: str, number: int, mover: Mover) -> dict[str, Any]:
    lists = {"groups": json.dumps(mover.groups), "apps": json.dumps(mover.apps)}
    return {"plan": plan, "number": number, **mover._asdict(), **lists}


def _mover(row: Any) -> Mover:
    told = {name: getattr(row, name) for name in Mover._fields}
    told |= {name: tuple(json.loads(told[name])) for name in ("groups", "apps")}
    return Mover(**told)


PLANNED, BEFORE, OTHER, NEW = REFUSAL_CLASSES = ("planned", "before", "other", "")
"""Who expected the refusal: the plan, the earlier rules, or neither; empty if it is not compared yet."""

COMPARED = 500

_OUT = (Effect.BLOCK.value, Effect.CHALLENGE.value)

_FIRST = first_refusals.c


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


class HourOfRefusals(NamedTuple):
    hour: datetime
    planned: int
    before: int
    """Those that the earlier rules kept out already."""
    others: int
    """Those that neither the plan named nor the earlier rules kept out."""
    new: int
    """Those that are not yet compared with the plan."""


async def note_first(connection: AsyncConnection, seen: Mapping[Sighting, Tally]) -> None:
    """Store the first refusals among these sightings, in their transaction."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for sighting, tally in seen.items():
        person = user_text(sighting.user)
        subject = person or sighting.device
        if sighting.effect in _OUT and subject:
            hour = _hour(tally.first)
            row: dict[str, Any] = {"policy": sighting.policy, "subject": subject, "rule": sighting.rule}
            row |= {"person": person, "device": sighting.device, "hour": hour, "sort": NEW}
            rows.setdefault((sighting.policy, subject), row)
    if rows:
        statement = upsert(connection, first_refusals).on_conflict_do_nothing()
        await upsert_rows(connection, statement, first_refusals, [rows[key] for key in sorted(rows)])


class FirstRefusals(Queries):
    async def compare_refusals(
        self, policy: str, plan: str, before: str, held_back: int, size: int = COMPARED
    ) -> bool:
        """Compare some first refusals with those whom a plan says to lose mail, or may, before the moment ``held_back``, and with the policy
        before it. Returns whether there may be more."""
        query = select(first_refusals).where(_FIRST.policy == policy, _FIRST.sort == NEW).limit(size)
        rows = await self._rows(query, timeout_seconds=10)
        people = {row.person for row in rows if row.person}
        devices = {row.device for row in rows if not row.person}
        theirs = and_(_COLUMNS.plan == plan, _lose(held_back))
        named = await self._among(_COLUMNS.person, people, theirs)
        named |= await self._among(_COLUMNS.device, devices, theirs)
        known = await self._among(_FIRST.subject, {row.subject for row in rows}, _FIRST.policy == before)
        sorts: dict[str, list[str]] = {}
        for row in rows:
            sort = BEFORE if row.subject in known else PLANNED if row.subject in named else OTHER
            sorts.setdefault(sort, []).append(row.subject)
        for sort, subjects in sorts.items():
            alike = (_FIRST.policy == policy, _FIRST.subject.in_(subjects))
            await self._change(update(first_refusals).where(*alike).values(sort=sort))
        return len(rows) == size

    async def _among(self, column: ColumnElement[str], names: set[str], of: ColumnElement[bool]) -> set[str]:
        query = select(column).where(of, column.in_(names))
        return set(await self._values(query, timeout_seconds=10))

    async def refused(self, policy: str, most: int, since: datetime = LONG_AGO) -> dict[str, str]:
        """The first people and devices that were refused under ``policy`` since then, each with who expected it."""
        query = select(_FIRST.subject, _FIRST.sort).where(_FIRST.policy == policy, _FIRST.sort != BEFORE)
        query = query.where(_FIRST.hour >= _hour(since))
        rows = await self._rows(query.order_by(_FIRST.sort, _FIRST.hour).limit(most), timeout_seconds=10)
        return {row.subject: row.sort for row in rows}

    async def earlier(self, policy: str, since: datetime) -> int:
        """How many people and devices were first refused under ``policy`` before then. Whether they were again is not recorded."""
        query = select(func.count()).select_from(first_refusals)
        before = query.where(_FIRST.policy == policy, _FIRST.hour < _hour(since))
        return int(await self._value(before, timeout_seconds=10))

    async def by_hour(self, policy: str, since: datetime) -> list[HourOfRefusals]:
        """The first refusals under ``policy`` in each hour since then."""
        query = (
            select(_FIRST.hour, _FIRST.sort, func.count())
            .where(_FIRST.policy == policy, _FIRST.hour >= _hour(since))
            .group_by(_FIRST.sort, _FIRST.hour)  # in the order of the index
        )
        found: dict[datetime, dict[str, int]] = {}
        for hour, what, count in await self._rows(query, timeout_seconds=10):
            found.setdefault(hour, {})[what] = count
        return [
            HourOfRefusals(hour, *(each.get(sort, 0) for sort in REFUSAL_CLASSES))
            for hour, each in sorted(found.items())
        ]
