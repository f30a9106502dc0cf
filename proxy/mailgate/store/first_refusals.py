"""First refusals: when each person was first kept out by a version of the rules, to compare a plan in force with its
prediction.

There is one row for each version and each person, or device without a known person. Later refusals change nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mailgate.devices.names import user_text
from mailgate.model import Effect
from mailgate.store.bulk_rows import among, insert_ignoring, update_rows
from mailgate.store.database import Queries
from mailgate.store.schema import first_refusals, plan_movers
from mailgate.store.sightings import Sighting, Tally

PLANNED, BEFORE, OTHER, NEW = REFUSAL_CLASSES = ("planned", "before", "other", "")
"""Who expected the refusal: the plan, the earlier rules, or neither; empty if it is not compared yet."""
CHUNK = 500
"""How many rows are compared with a plan at once."""
_OUT = (Effect.BLOCK.value, Effect.CHALLENGE.value)
_COLUMNS = first_refusals.c


class HourOfRefusals(NamedTuple):
    """The number of first refusals within one hour."""

    hour: datetime
    planned: int
    """Those that the plan named."""
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
            hour = tally.first.replace(minute=0, second=0, microsecond=0)
            row: dict[str, Any] = {"policy": sighting.policy, "subject": subject, "rule": sighting.rule}
            row |= {"person": person, "device": sighting.device, "hour": hour, "sort": NEW}
            rows.setdefault((sighting.policy, subject), row)
    if rows:
        await insert_ignoring(connection, first_refusals, [rows[key] for key in sorted(rows)])


async def _named(
    connection: AsyncConnection, column: ColumnElement[str], names: set[str], where: ColumnElement[bool]
) -> set[str]:
    """The names of this set that a table has."""
    if not names:
        return set()
    query = select(column).where(where, among(connection, column, sorted(names)))
    return set((await connection.execute(query)).scalars())


class FirstRefusals(Queries):
    """Queries on first refusals."""

    async def compare_refusals(self, policy: str, plan: str, before: str, size: int = CHUNK) -> bool:
        """Compare up to ``size`` first refusals with a plan and with the policy before it. Returns whether there may be
        more."""
        query = select(first_refusals).where(_COLUMNS.policy == policy, _COLUMNS.sort == NEW).limit(size)
        async with self._database.reading(timeout_seconds=10) as connection:
            rows = (await connection.execute(query)).all()
            persons = {row.person for row in rows if row.person}
            devices = {row.device for row in rows if not row.person}
            named = await _named(connection, plan_movers.c.person, persons, plan_movers.c.plan == plan)
            named |= await _named(connection, plan_movers.c.device, devices, plan_movers.c.plan == plan)
            known = await _named(
                connection, _COLUMNS.subject, {row.subject for row in rows}, _COLUMNS.policy == before
            )
        sorts = {
            row.subject: BEFORE if row.subject in known else PLANNED if row.subject in named else OTHER
            for row in rows
        }
        told = [
            {"policy": policy, "subject": subject, "sort": sort} for subject, sort in sorted(sorts.items())
        ]
        if told:
            async with self._database.writing(timeout_seconds=10) as connection:
                await update_rows(connection, first_refusals, told, "policy", "subject")
        return len(rows) == size

    async def by_hour(self, policy: str, since: datetime) -> list[HourOfRefusals]:
        """The first refusals under ``policy`` in each hour since then."""
        start = since.replace(minute=0, second=0, microsecond=0)
        query = (
            select(_COLUMNS.hour, _COLUMNS.sort, func.count())
            .where(_COLUMNS.policy == policy, _COLUMNS.hour >= start)
            .group_by(_COLUMNS.sort, _COLUMNS.hour)  # in the order of the index
        )
        found: dict[datetime, dict[str, int]] = {}
        for hour, what, count in await self._rows(query, timeout_seconds=10):
            found.setdefault(hour, {})[what] = count
        return [
            HourOfRefusals(hour, *(each.get(sort, 0) for sort in REFUSAL_CLASSES))
            for hour, each in sorted(found.items())
        ]

    async def prune(self, before: datetime, size: int) -> int:
        """Delete up to ``size`` first refusals from before this moment. Returns how many."""
        old = select(_COLUMNS.policy, _COLUMNS.subject).where(_COLUMNS.hour < before).limit(size)
        async with self._database.writing() as connection:
            rows = (await connection.execute(old)).all()
            for policy, subject in rows:
                gone = delete(first_refusals).where(_COLUMNS.policy == policy, _COLUMNS.subject == subject)
                await connection.execute(gone)
            return len(rows)
